// Package oldserver holds no code: its module names a NATS server without
// atomic batches, which tests of package interop build and run. It cannot
// share a module with the server that package jetstream embeds.
package oldserver
