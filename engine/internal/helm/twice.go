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
	seed  uint64
	used  bool
	calls []protocol.Call
	vague bool // something random has no call
}

// only is the one call that there is, which everything random must come from; none where there are several.
func (i *inflation) only() []protocol.Call {
	for _, each := range i.calls {
		if i.vague || each != i.calls[0] {
			return nil
		}
	}
	return i.calls[:min(len(i.calls), 1)]
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
				answer.Unstable = append(answer.Unstable, protocol.Unstable{Resource: i, Calls: first.only()})
				continue
			}
			for _, path := range differences(resource.Object, other) {
				answer.Unstable = append(answer.Unstable, protocol.Unstable{Resource: i, Path: path, Calls: first.only()})
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
