package kustomize

import (
	"net/url"
	"path"
	"slices"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/api/types"

	"github.com/argofix/argofix/engine/internal/store"
)

// maxVisits bounds the walk; what lies behind is asked for by the next attempt.
const maxVisits = 10_000

// remotes returns what the kustomizations below root load from elsewhere, in kustomize's order, each once: all of it
// can be fetched before the next attempt. It is asked only where a build has failed for the lack of it.
func remotes(files *store.Files, root string) []string {
	walk := remoteWalk{files: files, visited: map[string]bool{}}
	walk.directory(root)
	return walk.found
}

type remoteWalk struct {
	files   *store.Files
	visited map[string]bool
	found   []string
}

func (w *remoteWalk) directory(name string) {
	resolved, err := w.files.Resolve(name)
	if err != nil || w.visited[resolved] || len(w.visited) > maxVisits {
		return
	}
	w.visited[resolved] = true
	for _, base := range konfig.RecognizedKustomizationFileNames() {
		data, err := w.files.Read(path.Join(resolved, base))
		var fields types.Kustomization
		if err != nil || fields.Unmarshal(data) != nil {
			continue
		}
		fields.FixKustomization()
		w.kustomization(resolved, &fields)
	}
}

func (w *remoteWalk) kustomization(directory string, fields *types.Kustomization) {
	// May be a directory or a repository as well; the rest are files.
	for _, entries := range [][]string{fields.Resources, fields.Components, fields.Generators, fields.Transformers, fields.Validators} {
		for _, entry := range entries {
			if isURL(entry) || isRepository(entry) {
				w.add(entry)
			} else {
				w.directory(below(directory, entry))
			}
		}
	}
	for _, entry := range filesOf(fields) {
		if isURL(entry) {
			w.add(entry)
		}
	}
}

// filesOf are the entries that kustomize loads as one file, in the order in which it comes by them.
func filesOf(fields *types.Kustomization) []string {
	entries := append(slices.Clone(fields.Configurations), fields.Crds...)
	if schema, ok := fields.OpenAPI["path"]; ok {
		entries = append(entries, schema)
	}
	for _, one := range fields.ConfigMapGenerator {
		entries = append(append(entries, one.EnvSources...), one.FileSources...)
	}
	for _, one := range fields.SecretGenerator {
		entries = append(append(entries, one.EnvSources...), one.FileSources...)
	}
	for _, chart := range fields.HelmCharts {
		entries = append(append(entries, chart.ValuesFile), chart.AdditionalValuesFiles...)
	}
	//lint:ignore SA1019 repositories go on using the old fields
	for _, patch := range fields.PatchesStrategicMerge {
		entries = append(entries, string(patch))
	}
	//lint:ignore SA1019 repositories go on using the old fields
	for _, patch := range append(slices.Clone(fields.Patches), fields.PatchesJson6902...) {
		entries = append(entries, patch.Path)
	}
	for _, replacement := range fields.Replacements {
		entries = append(entries, replacement.Path)
	}
	return entries
}

func (w *remoteWalk) add(entry string) {
	if !slices.Contains(w.found, entry) {
		w.found = append(w.found, entry)
	}
}

// isURL is kustomize's `IsRemoteFile` (api/internal/loader).
func isURL(entry string) bool {
	parsed, err := url.Parse(entry)
	return err == nil && (parsed.Scheme == "http" || parsed.Scheme == "https")
}

// isRepository tells whether kustomize would clone an entry. Its parser of such URLs is not for others to call, but an
// origin that an entry is appended to says what came of it.
func isRepository(entry string) bool {
	return (&resource.Origin{}).Append(entry).Repo != ""
}

func isKustomization(name string) bool {
	return slices.Contains(konfig.RecognizedKustomizationFileNames(), path.Base(name))
}
