package postest

var menuCases []proof
