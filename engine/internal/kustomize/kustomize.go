// Package kustomize renders kustomizations with kustomize's own code, on files in memory.
package kustomize

import (
	"context"
	"path"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/argofix/argofix/engine/internal/protocol"
	"github.com/argofix/argofix/engine/internal/store"
)

// Renderer answers requests of kind kustomize.
type Renderer struct {
	Inflate Inflate // renders the charts that kustomizations inflate
}

// Render answers a request of kind kustomize.
func (r Renderer) Render(_ context.Context, files *store.Files, request *protocol.Request) (*protocol.Answer, error) {
	asked := request.Kustomize
	if asked == nil {
		return nil, &protocol.Error{Code: protocol.MalformedRequest, Message: "the request has no `kustomize`"}
	}
	disk := filesys.MakeFsInMemory()
	for _, name := range files.Paths() {
		data, err := files.Read(name)
		if err != nil {
			return nil, err
		}
		if err := disk.WriteFile("/"+name, data); err != nil {
			return nil, err
		}
	}
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(disk, path.Join("/", asked.Root))
	if err != nil {
		return nil, &protocol.Error{Code: protocol.Failed, Message: err.Error()}
	}
	answer := &protocol.Answer{}
	for _, resource := range built.Resources() {
		object, err := resource.MarshalJSON()
		if err != nil {
			return nil, err
		}
		answer.Resources = append(answer.Resources, protocol.Resource{Object: object})
	}
	return answer, nil
}
