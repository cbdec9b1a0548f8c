// Package soapkit lets SOAP 1.1 clients that gowsdl generated speak through a
// [kit.Client]: paced, observed, bounded, repeated where that does no harm.
//
//	stub := ts1.NewSimphonyPosAPIWebSoap(soapkit.New(soapkit.Config{
//		Client: client, URL: address, Namespace: ts1Namespace,
//		Describe: func(op string) kit.Request { return kit.Request{Repeatable: true} },
//	}))
//	answer, err := stub.GetChecksContext(ctx, request)
//	if err != nil {
//		return soapkit.Error(err, pos.Error{Op: "GetChecks"})
//	}
//
// It makes up for what gowsdl's runtime lacks: connections are kept, SOAPAction
// is quoted, a fault with status 500 is decoded, answers may come without
// content type and in other encodings than UTF-8, in another namespace than
// that of the WSDL, and cannot exceed [Limits]. Document type declarations are
// refused, so that there are no entities to expand.
//
// Prepare a WSDL for gowsdl: decimals and times as strings, since it makes
// floats of the one and hides errors in the other; required numbers and
// booleans nillable, since it leaves out a plain zero.
package soapkit
