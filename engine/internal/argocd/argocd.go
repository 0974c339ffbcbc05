// Package argocd holds what Argo CD does alike with a chart and with Jsonnet.
package argocd

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"strings"
)

// ErrNoObject tells that a manifest is something else than an object.
var ErrNoObject = errors.New("it is no object")

// Items returns the items of a list, and any other object as it is (kube.SplitYAML, gitops-engine; GenerateManifests,
// reposerver/repository/repository.go). What has no kind is refused.
func Items(manifest json.RawMessage) ([]json.RawMessage, error) {
	var read struct {
		Kind   any             `json:"kind"`
		Items  json.RawMessage `json:"items"`
		Spec   json.RawMessage `json:"spec"`
		Status json.RawMessage `json:"status"`
	}
	if err := json.Unmarshal(manifest, &read); err != nil {
		return nil, ErrNoObject
	}
	if kind, ok := read.Kind.(string); !ok || kind == "" {
		//lint:ignore ST1005 these are Kubernetes' own words
		return nil, errors.New("Object 'Kind' is missing")
	}
	switch {
	case bytes.HasPrefix(read.Items, []byte("[")):
		var items []json.RawMessage
		if err := json.Unmarshal(read.Items, &items); err != nil {
			return nil, err
		}
		return items, nil
	case bytes.Equal(read.Items, []byte("null")) && read.Spec == nil && read.Status == nil:
		return nil, nil
	}
	return []json.RawMessage{manifest}, nil
}

// Within tells whether a path is a directory or lies below it; the directory "" holds everything.
func Within(name, directory string) bool {
	return directory == "" || name == directory || strings.HasPrefix(name, directory+"/")
}

// Substitute puts the build environment into a text as Env.Envsubst does: what is not known is empty, `$$` is `$`.
func Substitute(text string, environment map[string]string) string {
	return os.Expand(text, func(name string) string {
		if name == "$" {
			return "$"
		}
		return environment[name]
	})
}
