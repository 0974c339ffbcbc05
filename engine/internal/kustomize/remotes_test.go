package kustomize_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/argofix/argofix/engine/internal/protocol"
)

// Every field through which kustomize fetches, and each shape that a URL has there.
func TestWhatHasToBeFetchedIsNamed(t *testing.T) {
	const file, base = "https://example.com/x.yaml", "https://github.com/org/repo//path?ref=v1"
	for fields, want := range map[string]string{
		"resources: [URL]":                                     file,
		"resources: ['" + base + "']":                          base,
		"resources: ['github.com/org/repo?ref=v1']":            "github.com/org/repo?ref=v1",
		"resources: ['git@github.com:org/repo.git']":           "git@github.com:org/repo.git",
		"resources: ['ssh://git@example.com/org/repo.git//x']": "ssh://git@example.com/org/repo.git//x",
		"resources: ['git::https://example.com/org/repo.git']": "git::https://example.com/org/repo.git",
		"resources: ['file:///srv/repo']":                      "file:///srv/repo",
		"bases: ['" + base + "']":                              base,
		"components: ['" + base + "']":                         base,
		"components: ['git@example.com:org/repo']":             "git@example.com:org/repo",
		"generators: [URL]":                                    file,
		"transformers: ['" + base + "']":                       base,
		"validators: [URL]":                                    file,
		"configurations: [URL]":                                file,
		"crds: [URL]":                                          file,
		"openapi: {path: 'URL'}":                               file,
		"patches: [{path: URL}]":                               file,
		"patchesStrategicMerge: [URL]":                         file,
		"patchesJson6902: [{path: 'URL', target: {version: v1, kind: ConfigMap, name: a}}]": file,
		"replacements: [{path: URL}]":                                                                         file,
		"configMapGenerator: [{name: x, files: [URL]}]":                                                       file,
		"configMapGenerator: [{name: x, files: ['key=URL']}]":                                                 file,
		"secretGenerator: [{name: x, envs: [URL]}]":                                                           file,
		"secretGenerator: [{name: x, env: URL}]":                                                              file,
		"helmCharts: [{name: x, valuesFile: 'URL', valuesInline: {a: 1}}]":                                    file,
		"helmCharts: [{name: x, additionalValuesFiles: ['URL']}]":                                             file,
		"transformers: ['{apiVersion: builtin, kind: PatchTransformer, metadata: {name: x}, path: \"URL\"}']": file,
	} {
		fields := strings.ReplaceAll(fields, "URL", file)
		got := render(t, `
-- a/kustomization.yaml --
resources: [../b]
-- b/kustomization.yaml --
`+fields+`
-- b/charts/x/Chart.yaml --
name: x
-- b/charts/x/values.yaml --
a: 2
`, protocol.Kustomize{Root: "a", EnableHelm: true}).Error
		if got == nil || got.Code != protocol.NeedsURL || got.URL != want || !slices.Equal(got.URLs, []string{want}) {
			t.Errorf("%s: %+v", fields, got)
		}
	}
}

func TestAllThatHasToBeFetchedIsNamedAtOnce(t *testing.T) {
	got := render(t, `
-- kustomization.yaml --
resources: [b, 'https://example.com/1.yaml']
components: ['https://github.com/org/repo//c?ref=v1']
-- b/kustomization.yaml --
resources: ['https://example.com/2.yaml', 'https://example.com/1.yaml']
`, protocol.Kustomize{}).Error
	want := []string{"https://example.com/2.yaml", "https://example.com/1.yaml", "https://github.com/org/repo//c?ref=v1"}
	if got == nil || got.Code != protocol.NeedsURL || !slices.Equal(got.URLs, want) {
		t.Errorf("%+v", got)
	}
}

func TestADirectoryThatLooksLikeAURLIsNone(t *testing.T) {
	got := render(t, `
-- kustomization.yaml --
resources: [example.com/b, git.d/a.yaml]
-- example.com/b/kustomization.yaml --
configMapGenerator: [{name: x, literals: [a=b]}]
-- git.d/a.yaml --`+configMap, protocol.Kustomize{})
	if got.Error != nil || len(got.Resources) != 2 {
		t.Error(told(got))
	}
}
