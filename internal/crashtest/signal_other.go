//go:build !unix

package main

import "syscall"

// Systems without these signals refuse them, and the test says so.
const (
	pauseSignal  = syscall.SIGTERM
	resumeSignal = syscall.SIGTERM
)
