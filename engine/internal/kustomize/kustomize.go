// Package kustomize renders kustomizations with kustomize's own code, on the files of a request.
//
// kustomize keeps state of its own in the process (kyaml's OpenAPI schema, its table of generators), so there is one
// build at a time.
package kustomize

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"sync"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/types"

	"github.com/argofix/argofix/engine/internal/protocol"
	"github.com/argofix/argofix/engine/internal/refused"
	"github.com/argofix/argofix/engine/internal/store"
)

// Renderer answers requests of kind kustomize.
type Renderer struct {
	Inflate Inflate // renders the charts that kustomizations inflate
}

var oneAtATime sync.Mutex

// restricted is kustomize's word for a file that its load restriction forbids (api/internal/loader).
var restricted = regexp.MustCompile(`security; file '`)

// Render answers a request of kind kustomize: as Argo CD would build it, and where only the load restriction stands in
// the way, once more without it.
func (r Renderer) Render(
	ctx context.Context, files *store.Files, request *protocol.Request,
) (*protocol.Answer, error) {
	if request.Kustomize == nil {
		return nil, &protocol.Error{Code: protocol.MalformedRequest, Message: "the request has no `kustomize`"}
	}
	oneAtATime.Lock()
	defer oneAtATime.Unlock()
	defer restoreSchema()
	opaque := map[string]bool{}
	for _, name := range request.Opaque {
		opaque[name] = true
	}
	if err := refuseBombs(files, opaque); err != nil {
		return nil, err
	}
	forgetSchema(files)
	one := rendering{ctx: ctx, inflate: r.Inflate, files: files, opaque: opaque, asked: *request.Kustomize}
	one.apart = mayNotice(files, opaque)
	answer, failed := one.render()
	if failed == nil || failed.Code != protocol.Restricted || one.asked.KeepRestriction {
		return answerOf(answer, failed), nil
	}
	freer := one
	freer.asked.LoadRestrictorNone = true
	second, again := freer.render()
	if again != nil && again.Code == protocol.Restricted {
		return answerOf(nil, failed), nil
	}
	result := answerOf(second, again)
	result.Lifted = failed.Message
	return result, nil
}

func answerOf(answer *protocol.Answer, failed *protocol.Error) *protocol.Answer {
	if failed != nil {
		return &protocol.Answer{Error: failed}
	}
	return answer
}

// rendering is one request with the load restriction on or off.
type rendering struct {
	ctx     context.Context
	inflate Inflate
	files   *store.Files
	opaque  map[string]bool
	asked   protocol.Kustomize
	apart   bool // whether origins have to come from a run of their own
}

func (r *rendering) render() (*protocol.Answer, *protocol.Error) {
	if aside := withoutSchemas(r.files, r.opaque); aside != nil {
		if answer, failed := r.attempt(aside); failed == nil {
			return answer, nil
		}
		// Most of what fails without schemas fails with them too, and is told as it is then.
		if _, failed := r.run(r.files, nil); failed != nil {
			return nil, failed
		}
	}
	return r.attempt(nil)
}

func (r *rendering) attempt(aside *schemas) (*protocol.Answer, *protocol.Error) {
	annotated, wanted := traced(r.files, r.asked.Root)
	if !r.apart || wanted {
		if built, failed := r.run(annotated, aside); failed == nil {
			return r.answer(built, built, wanted, aside)
		}
		// What it says may be about the origins; the plain files decide.
	}
	aside = aside.another()
	built, failed := r.run(r.files, aside)
	if failed != nil {
		return nil, failed
	}
	// Only its origins are looked at, and where it fails there are none.
	marked, _ := r.run(annotated, aside.another())
	return r.answer(built, marked, wanted, aside)
}

func (r *rendering) options() *krusty.Options {
	options := krusty.MakeDefaultOptions()
	options.Reorder = krusty.ReorderOptionUnspecified // `kustomize build` without --reorder
	if r.asked.LoadRestrictorNone {
		options.LoadRestrictions = types.LoadRestrictionsNone
	}
	options.PluginConfig.HelmConfig = types.HelmConfig{
		Enabled:     r.asked.EnableHelm,
		Command:     "helm", // never run; kustomize insists on a name
		KubeVersion: r.asked.KubeVersion,
		ApiVersions: r.asked.APIVersions,
	}
	return options
}

func (r *rendering) run(files *store.Files, aside *schemas) (resmap.ResMap, *protocol.Error) {
	refused.Asked()
	inflating = &build{ctx: r.ctx, files: files, inflate: r.inflate}
	defer func() { inflating = nil }()
	built, err := krusty.MakeKustomizer(r.options()).Run(disk{files, aside}, path.Join(mount, r.asked.Root))
	if err != nil {
		return nil, explain(err, inflating, r.asked.Root)
	}
	return built, nil
}

// answer takes the objects of one run and the origins of another (or the same), resource by resource.
func (r *rendering) answer(
	built, marked resmap.ResMap, wanted bool, aside *schemas,
) (*protocol.Answer, *protocol.Error) {
	var origins []*protocol.Origin
	if marked != nil && slices.Equal(ids(built), ids(marked)) {
		for _, one := range marked.Resources() {
			origins = append(origins, originOf(one, r.files, r.asked.Root))
			if !wanted {
				if err := one.SetOrigin(nil); err != nil {
					return nil, &protocol.Error{Code: protocol.Failed, Message: err.Error()}
				}
			}
		}
	}
	answer := &protocol.Answer{Resources: make([]protocol.Resource, 0, built.Size())}
	for i, one := range built.Resources() {
		object, err := one.MarshalJSON()
		if err != nil {
			fields, _ := one.Map()
			return nil, &protocol.Error{
				Code: protocol.Failed, Message: fmt.Sprintf("%#v: %v", fields, err), Resource: one.CurId().String(),
			}
		}
		object, untouched := aside.restore(object)
		if !untouched {
			return nil, changed()
		}
		answer.Resources = append(answer.Resources, protocol.Resource{Object: json.RawMessage(object)})
		if origins != nil {
			answer.Resources[i].Origin = origins[i]
		}
	}
	if !aside.complete() {
		return nil, changed()
	}
	return answer, nil
}

func changed() *protocol.Error {
	return &protocol.Error{Code: protocol.Failed, Message: "a schema that was set aside has changed"}
}

func ids(built resmap.ResMap) []string {
	var found []string
	for _, id := range built.AllIds() {
		found = append(found, id.String())
	}
	return found
}
