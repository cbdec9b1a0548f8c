package postest

var webhookCases []proof
