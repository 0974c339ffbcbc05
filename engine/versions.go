package main

import (
	"fmt"
	"runtime/debug"
	"strings"
)

// modules are those that decide what is rendered, in the order in which they are told.
var modules = []struct{ name, path string }{
	{"kustomize", "sigs.k8s.io/kustomize/api"},
	{"helm", "helm.sh/helm/v4"},
	{"jsonnet", "github.com/google/go-jsonnet"},
}

// kustomizeReleases names kustomize's own versions: the module has others (its go.mod in each release).
var kustomizeReleases = map[string]string{"v0.21.1": "v5.8.1"}

// versions tells what this was built from; a module that is not in it is left out.
func versions() map[string]string {
	found := map[string]string{}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return found
	}
	for _, module := range modules {
		for _, built := range info.Deps {
			if built.Path == module.path {
				found[module.name] = built.Version
			}
		}
	}
	if release, ok := kustomizeReleases[found["kustomize"]]; ok {
		found["kustomize"] = release
	}
	return found
}

// versionLine is `argofix-engine kustomize v5.8.1 ...`.
func versionLine() string {
	line := []string{"argofix-engine"}
	found := versions()
	for _, module := range modules {
		if version, ok := found[module.name]; ok {
			line = append(line, fmt.Sprintf("%s %s", module.name, version))
		}
	}
	return strings.Join(line, " ")
}
