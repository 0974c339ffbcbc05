// Package jsonnet evaluates Jsonnet files.
package jsonnet

import (
	"context"

	"github.com/argofix/argofix/engine/internal/protocol"
	"github.com/argofix/argofix/engine/internal/store"
)

// Render answers a request of kind jsonnet.
func Render(_ context.Context, _ *store.Files, _ *protocol.Request) (*protocol.Answer, error) {
	return nil, &protocol.Error{Code: protocol.NotBuilt, Message: "this engine was built without Jsonnet"}
}
