// Package faultmatrix puts every vendor through every kind of trouble, with an
// integrator in front of it, and compares what was delivered with what was
// sold. Trouble that nobody felt fails, too. The test prints the table:
//
//	go test -v -run TestFaultMatrix ./internal/faultmatrix
package faultmatrix
