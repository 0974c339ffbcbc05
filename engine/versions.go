package main

import (
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/argofix/argofix/engine/internal/kustomize"
)

// modules are those that decide what is rendered, in the order in which they are told.
var modules = []struct{ name, path string }{
	{"kustomize", "sigs.k8s.io/kustomize/api"},
	{"helm", "helm.sh/helm/v4"},
	{"jsonnet", "github.com/google/go-jsonnet"},
}

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
	found["kustomize"] = kustomize.Release // the module's own version is another one
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
