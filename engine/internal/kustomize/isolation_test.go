package kustomize_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/argofix/argofix/engine/internal/protocol"
)

const deployment = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: d}
spec: {template: {spec: {containers: [{name: a, image: a}, {name: b, image: b}]}}}
`

const patched = `
patches: [{patch: '{apiVersion: apps/v1, kind: Deployment, metadata: {name: d}, spec: {template: {spec: {containers: [{name: b, image: c}]}}}}'}]
`

// With a schema of its own a custom resource's list is merged by key; without one it is replaced.
const rollout = `
-- ROOT/kustomization.yaml --
resources: [r.yaml, d.yaml]
SCHEMA
patches:
- patch: '{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: r}, spec: {steps: [{name: b, x: 3}]}}'
- patch: '{apiVersion: apps/v1, kind: Deployment, metadata: {name: d}, spec: {template: {spec: {containers: [{name: b, image: c}]}}}}'
-- ROOT/r.yaml --
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: r}
spec: {steps: [{name: a, x: 1}, {name: b, x: 2}]}
-- ROOT/d.yaml --` + deployment + `
-- ROOT/schema.json --
{"definitions": {"io.argoproj.v1alpha1.Rollout": {
  "x-kubernetes-group-version-kind": [{"group": "argoproj.io", "kind": "Rollout", "version": "v1alpha1"}],
  "properties": {"spec": {"properties": {"steps": {"type": "array", "items": {"type": "object"},
    "x-kubernetes-patch-merge-key": "name", "x-kubernetes-patch-strategy": "merge"}}}}}}}
`

// builds are requests that would change what later ones render if anything of them stayed behind.
var builds = map[string]string{
	"builtin": "-- kustomization.yaml --\nresources: [d.yaml]\n" + patched + "-- d.yaml --" + deployment,
	"schema":  replace(rollout, "ROOT/", "", "SCHEMA", "openapi: {path: schema.json}"),
	"none":    replace(rollout, "ROOT/", "", "SCHEMA", ""),
	"version": replace(rollout, "ROOT/", "", "SCHEMA", "openapi: {version: v1.21.2}"),
	"unknown": replace(rollout, "ROOT/", "", "SCHEMA", "openapi: {version: v9}"),
	"below":   replace(rollout, "ROOT/", "b/", "SCHEMA", "openapi: {path: schema.json}") + "-- kustomization.yaml --\nresources: [b]\n",
	"quoted":  replace(rollout, "ROOT/", "", "SCHEMA", `"open\x61pi": {path: schema.json}`),
	"folded":  replace(rollout, "ROOT/", "", "SCHEMA", "openAPI: {path: schema.json}"),
	"broken":  replace(rollout, "ROOT/", "", "SCHEMA", "openapi: {path: r.yaml}"),
	"failing": "-- kustomization.yaml --\nresources: [https://example.com/a.yaml]\n",
	"scopes": `
-- kustomization.yaml --
resources: [a.yaml]
namespace: ns
configurations: [c.yaml]
-- c.yaml --
namespace: [{path: metadata/namespace, kind: Namespaced, create: true}]
-- a.yaml --
apiVersion: example.com/v1
kind: Namespaced
metadata: {name: a}
`,
	"scopeless": "-- kustomization.yaml --\nresources: [a.yaml]\nnamespace: ns\nnamePrefix: p-\n-- a.yaml --\napiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n",
	"chart":     chartFiles + "-- kustomization.yaml --\nhelmCharts: [{name: x}]\n",
}

func replace(text string, pairs ...string) string {
	for i := 0; i < len(pairs); i += 2 {
		text = strings.ReplaceAll(text, pairs[i], pairs[i+1])
	}
	return text
}

func TestNothingStaysBehind(t *testing.T) {
	var names []string
	alone := map[string]string{}
	for name, files := range builds {
		names = append(names, name)
		alone[name] = told(render(t, files, protocol.Kustomize{}))
	}
	mustContain(t, alone["schema"], `"steps":[{"name":"b","x":3},{"name":"a","x":1}]`)
	mustContain(t, alone["none"], `"steps":[{"name":"b","x":3}]`)
	if alone["schema"] == alone["none"] {
		t.Fatal("the schema makes no difference")
	}
	source := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		name := names[source.IntN(len(names))]
		if got := told(render(t, builds[name], protocol.Kustomize{})); got != alone[name] {
			t.Fatalf("%s is\n%s\nand was\n%s", name, got, alone[name])
		}
	}
}
