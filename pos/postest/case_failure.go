package postest

var failureCases []proof
