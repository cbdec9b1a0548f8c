package postest

var statusCases []proof
