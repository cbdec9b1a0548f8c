package soapkit

import "github.com/farmacyfoods/pointofsale/pos"

// Decode reads the SOAP 1.1 envelope of a request into out, a struct for the
// Envelope element, in a service that speaks document/literal. Elements of the
// body get the namespace, whatever the caller used; encodings, limits and
// refused declarations are those of answers. Errors are of kind protocol.
func (l Limits) Decode(envelope []byte, contentType, namespace string, out any) error {
	l = l.resolve()
	var n *normalizer
	err := errSize
	if int64(len(envelope)) <= l.Size {
		n, err = l.normalize(envelope, contentType, namespace)
	}
	if err == nil {
		err = decode(n, out)
	}
	if err != nil {
		return &pos.Error{Op: "Decode", Kind: pos.KindProtocol, Err: err}
	}
	return nil
}
