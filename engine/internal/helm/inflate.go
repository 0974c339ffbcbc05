package helm

import (
	"bytes"
	"context"
	"fmt"
	"text/template"

	"github.com/argofix/argofix/engine/internal/kustomize"
	"github.com/argofix/argofix/engine/internal/protocol"
	"github.com/argofix/argofix/engine/internal/store"
)

// Inflate renders a chart for kustomize, as `helm template` prints it: CRDs, manifests by kind, hooks.
func (r *Renderer) Inflate(ctx context.Context, files *store.Files, c kustomize.Chart) ([]byte, error) {
	r.lock.Lock()
	defer r.lock.Unlock()
	asked := &protocol.Helm{
		Chart: c.Directory, ReleaseName: c.ReleaseName, Namespace: c.Namespace, ValuesData: c.Values,
		KubeVersion: c.KubeVersion, APIVersions: c.APIVersions,
		SkipCRDs: !c.IncludeCRDs, SkipTests: c.SkipTests, SkipHooks: c.SkipHooks,
	}
	if asked.Namespace == "" {
		asked.Namespace = "default"
	}
	chances, told := newChance(0), &inflation{}
	if asked, ok := ctx.Value(inflationKey{}).(*inflation); ok {
		chances, told = newChance(asked.seed), asked
	}
	if c.NameTemplate != "" {
		name, err := r.name(ctx, c.NameTemplate, chances)
		told.used, told.vague = told.used || chances.used, told.vague || chances.used
		if err != nil {
			return nil, err
		}
		asked.ReleaseName = name
	}
	if asked.ReleaseName == "" {
		asked.ReleaseName = "release-name"
	}
	work, err := r.prepare(ctx, files, asked)
	if err != nil {
		return nil, err
	}
	documents, err := work.render(chances)
	told.used = told.used || chances.used
	if err != nil {
		return nil, err
	}
	for _, made := range calls(documents) {
		told.calls = append(told.calls, made...)
	}
	var printed bytes.Buffer
	for _, one := range documents {
		fmt.Fprintf(&printed, "---\n# Source: %s\n%s\n", one.source, one.text)
	}
	return printed.Bytes(), nil
}

// name executes a --name-template (action.TemplateName), which has sprig's functions and no values.
func (r *Renderer) name(ctx context.Context, text string, random *chance) (string, error) {
	s := &set{root: template.New("name-template"), points: map[*byte]point{}}
	s.functions = s.library()
	s.run = &run{ctx: ctx, random: random, included: map[string]int{}}
	s.root.Funcs(s.functions)
	parsed, err := parseTemplate("name-template", text, s.functions)
	if err != nil {
		return "", failed("%w", err)
	}
	if err := s.add(s.root, parsed); err != nil {
		return "", failed("%w", err)
	}
	out := writer{run: s.run}
	if err := s.root.Execute(&out, nil); err != nil {
		if s.run.limit != nil {
			return "", s.run.limit
		}
		return "", failed("%w", err)
	}
	return out.text.String(), nil
}
