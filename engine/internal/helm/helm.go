// Package helm renders charts as Argo CD does with `helm template`: Helm's own loader, values and dependencies on
// files in memory, and its templates within bounds of time, memory and output. Nothing is read from the machine and
// nothing is fetched.
package helm

import (
	"context"
	"fmt"
	"path"
	"slices"
	"sync"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"

	"github.com/argofix/argofix/engine/internal/protocol"
	"github.com/argofix/argofix/engine/internal/store"
)

// helmVersion is what `.Capabilities.HelmVersion` says: that of the module, which leaves its patch to the linker.
const helmVersion = "v4.2.4"

// mostKept is about how many bytes charts take that are kept between requests.
const mostKept = 64 << 20

// Renderer renders charts and keeps what it parsed. What it answers does not depend on what it was asked before.
type Renderer struct {
	lock   sync.Mutex
	charts cache
	parsed map[string]map[string]any // values files, by their ids
	read   int                       // bytes of the files in parsed
}

// New returns a renderer that keeps nothing yet.
func New() *Renderer {
	return &Renderer{
		charts: cache{most: mostKept, entries: map[string]*entry{}},
		parsed: map[string]map[string]any{},
	}
}

// Render answers a request of kind helm.
func (r *Renderer) Render(ctx context.Context, files *store.Files, request *protocol.Request) (*protocol.Answer, error) {
	if request.Helm == nil {
		return nil, &protocol.Error{Code: protocol.MalformedRequest, Message: "the request has no `helm`"}
	}
	r.lock.Lock()
	defer r.lock.Unlock()
	work, err := r.prepare(ctx, files, request.Helm)
	if err != nil {
		return nil, err
	}
	first := newChance(0)
	documents, err := work.render(first)
	if err != nil {
		return nil, err
	}
	made, err := resources(documents)
	if err != nil {
		return nil, err
	}
	answer := &protocol.Answer{Resources: made, Notes: work.notes}
	if first.used {
		if answer.Unstable, err = work.unstable(made, calls(documents)); err != nil {
			return nil, err
		}
	}
	if err := work.explain(request.Helm.Explain, made); err != nil {
		return nil, err
	}
	return answer, nil
}

// work is one request: the chart, the values, and what else the templates see.
type work struct {
	ctx          context.Context
	files        *store.Files
	asked        *protocol.Helm
	loaded       *loaded
	given        *layers
	capabilities *common.Capabilities
	notes        []string
	only         string // the full name of the one template that is executed, "" for all
}

func (r *Renderer) prepare(ctx context.Context, files *store.Files, asked *protocol.Helm) (*work, error) {
	switch asked.Version {
	case "", "v3", "v4":
	default:
		return nil, failed("helm version '%s' is not supported", asked.Version)
	}
	given, err := r.gather(files, asked)
	if err != nil {
		return nil, err
	}
	made, err := r.work(ctx, files, asked, given)
	if err != nil {
		// Helm puts the values together before it looks at the chart.
		if _, before := given.merge(); before != nil {
			return nil, before
		}
		return nil, err
	}
	return made, nil
}

func (r *Renderer) work(
	ctx context.Context, files *store.Files, asked *protocol.Helm, given *layers,
) (*work, error) {
	loaded, err := r.charts.get(files, asked.Chart)
	if err != nil {
		return nil, err
	}
	if kind := loaded.root.Metadata.Type; kind != "" && kind != "application" {
		return nil, at(path.Join(asked.Chart, "Chart.yaml"), failed("%s charts are not installable", kind))
	}
	capabilities, err := capabilities(asked)
	if err != nil {
		return nil, err
	}
	if err := chartutil.ValidateReleaseName(asked.ReleaseName); err != nil {
		told := failed("release name check failed: release name %q: %w", asked.ReleaseName, err)
		told.Entry = "releaseName"
		return nil, told
	}
	return &work{ctx, files, asked, loaded, given, capabilities, overlapping(given), ""}, nil
}

func capabilities(asked *protocol.Helm) (*common.Capabilities, error) {
	made := common.DefaultCapabilities.Copy()
	made.HelmVersion.Version = helmVersion
	if asked.KubeVersion != "" {
		version, err := common.ParseKubeVersion(asked.KubeVersion)
		if err != nil {
			return nil, failed("could not parse kubernetes version %s: %w", asked.KubeVersion, err)
		}
		made.KubeVersion = *version
	}
	made.APIVersions = append(append(common.VersionSet{}, made.APIVersions...), asked.APIVersions...)
	return made, nil
}

// render makes the documents of one rendering, in the order in which Helm prints them.
func (w *work) render(random *chance) ([]document, error) {
	values, err := w.given.merge()
	if err != nil {
		return nil, err
	}
	return w.renderWith(random, instance(w.loaded.root), values)
}

func (w *work) renderWith(random *chance, c *chart.Chart, values map[string]any) ([]document, error) {
	if err := chartutil.ProcessDependencies(c, values); err != nil {
		return nil, failed("chart dependencies processing failed: %w", err)
	}
	options := common.ReleaseOptions{
		Name: w.asked.ReleaseName, Namespace: w.asked.Namespace, Revision: 1, IsInstall: true,
	}
	top, err := util.ToRenderValuesWithSchemaValidation(c, values, options, w.capabilities, true)
	if err != nil {
		return nil, typed(err)
	}
	if !w.asked.SkipSchemaValidation {
		table, _ := top["Values"].(common.Values)
		if err := w.loaded.validate(w.files, w.asked, c, table); err != nil {
			return nil, err
		}
	}
	if wants := c.Metadata.KubeVersion; wants != "" &&
		!chartutil.IsCompatibleRange(wants, w.capabilities.KubeVersion.String()) {
		told := failed("chart requires kubeVersion: %s which is incompatible with Kubernetes %s", wants,
			w.capabilities.KubeVersion.Version)
		told.File = path.Join(w.asked.Chart, "Chart.yaml")
		return nil, told
	}
	listed := sources(c, top)
	templates, err := w.loaded.set(listed)
	if err != nil {
		return nil, err
	}
	if w.only != "" {
		listed = slices.DeleteFunc(listed, func(one source) bool { return one.name != w.only })
	}
	written, err := templates.execute(w.ctx, listed, random, w.loaded)
	if err != nil {
		return nil, err
	}
	documents, err := w.loaded.documents(written)
	if err != nil {
		return nil, err
	}
	if !w.asked.SkipCRDs {
		documents = append(w.loaded.crds(c), documents...)
	}
	kept := documents[:0]
	for _, one := range documents {
		if one.test && w.asked.SkipTests || one.hook && w.asked.SkipHooks || w.only != "" && one.source != w.only {
			continue
		}
		kept = append(kept, one)
	}
	return kept, nil
}

func timedOut() error {
	return &protocol.Error{Code: protocol.TimedOut, Message: "the templates take more time than is granted"}
}

// overlapping notes parameters of which one is a part of another one: Argo CD passes them in a random order, so which
// of them counts is another one each time.
func overlapping(given *layers) []string {
	var notes []string
	for i, one := range given.parameters {
		for _, other := range given.parameters[i+1:] {
			if one.ForceString == other.ForceString && (covers(one.Name, other.Name) || covers(other.Name, one.Name)) {
				notes = append(notes, fmt.Sprintf("the parameters `%s` and `%s` overlap, and Argo CD passes parameters "+
					"in no fixed order", one.Name, other.Name))
			}
		}
	}
	return notes
}

func covers(outer, inner string) bool {
	return len(inner) > len(outer) && inner[:len(outer)] == outer && (inner[len(outer)] == '.' || inner[len(outer)] == '[')
}
