// Package rest has the name of what Helm's template engine would be given to ask a cluster. The tests that hold our
// engine against Helm's compile it, and never give it one.
package rest

// Config leads nowhere.
type Config struct{}
