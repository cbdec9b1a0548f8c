package postest

var stockCases []proof
