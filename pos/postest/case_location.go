package postest

var locationCases []proof
