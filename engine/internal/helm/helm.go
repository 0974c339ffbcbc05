// Package helm renders charts.
package helm

import (
	"context"

	"github.com/argofix/argofix/engine/internal/protocol"
	"github.com/argofix/argofix/engine/internal/store"
)

// Render answers a request of kind helm.
func Render(_ context.Context, _ *store.Files, _ *protocol.Request) (*protocol.Answer, error) {
	return nil, &protocol.Error{Code: protocol.NotBuilt, Message: "this engine was built without Helm"}
}
