package helm

import (
	"context"
	"encoding/json"

	"github.com/argofix/argofix/engine/internal/protocol"
	"github.com/argofix/argofix/engine/internal/store"
)

// render answers requests of one kind.
type render = func(context.Context, *store.Files, *protocol.Request) (*protocol.Answer, error)

// inflation says which chances the charts of one build get, and whether any template called for them.
type inflation struct {
	seed uint64
	used bool
}

type inflationKey struct{}

// Twice builds a second time, with other chances, where a chart that was inflated called for some, and tells which
// fields of the result differ. What kustomize makes of a chart has no template any more, so resources are held against
// each other by their place.
func Twice(build render) render {
	return func(ctx context.Context, files *store.Files, request *protocol.Request) (*protocol.Answer, error) {
		first := &inflation{}
		answer, err := build(context.WithValue(ctx, inflationKey{}, first), files, request)
		if err != nil || answer.Error != nil || !first.used {
			return answer, err
		}
		again, err := build(context.WithValue(ctx, inflationKey{}, &inflation{seed: 1}), files, request)
		if err != nil || again.Error != nil || len(again.Resources) != len(answer.Resources) {
			answer.Unstable = []protocol.Unstable{{Resource: -1}}
			return answer, nil
		}
		for i, resource := range answer.Resources {
			other := again.Resources[i].Object
			if kindOf(resource.Object) != kindOf(other) {
				answer.Unstable = append(answer.Unstable, protocol.Unstable{Resource: i})
				continue
			}
			for _, path := range differences(resource.Object, other) {
				answer.Unstable = append(answer.Unstable, protocol.Unstable{Resource: i, Path: path})
			}
		}
		return answer, nil
	}
}

func kindOf(object json.RawMessage) string {
	var read struct {
		Version string `json:"apiVersion"`
		Kind    string `json:"kind"`
	}
	if json.Unmarshal(object, &read) != nil {
		return ""
	}
	return read.Version + "/" + read.Kind
}
