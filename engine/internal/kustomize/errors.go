package kustomize

import (
	"errors"
	"path"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/types"

	"github.com/argofix/argofix/engine/internal/protocol"
	"github.com/argofix/argofix/engine/internal/refused"
)

// kustomize wraps its errors as text (api/internal/target, api/internal/loader, api/internal/kusterr), so what kind
// one is has to be read from its words.
var (
	noGit      = regexp.MustCompile(`no 'git' program on path`)
	malformed  = regexp.MustCompile(`MalformedYAMLError: .*? in File: (\S+)`)
	unreadable = regexp.MustCompile(`invalid Kustomization: (?:yaml|json|error converting YAML)|MalformedYAMLError`)
	missing    = regexp.MustCompile(
		`no such file or directory|unable to find one of 'kustomization\.yaml'|must build at directory: not a valid directory`)
	missingFile = regexp.MustCompile(`(?:lstat|open) (\S+): no such file or directory`)
	security    = regexp.MustCompile(`security; file '([^']+)'`)
	registered  = regexp.MustCompile(`already registered id: ([^\s'"]+)`)
	within      = regexp.MustCompile(`(?:recursed accumulation of path|couldn't make target for path) '([^']*)'`)
)

// explain makes a typed error of one of kustomize's. Its message is kustomize's own, with paths of the repository.
func explain(err error, building *build, root string) *protocol.Error {
	text := err.Error()
	told := &protocol.Error{Code: protocol.Failed, Message: repositoryPaths(text)}
	if id := registered.FindStringSubmatch(text); id != nil {
		told.Resource = strings.TrimSuffix(id[1], ":")
	}
	if at := within.FindAllStringSubmatch(text, -1); at != nil {
		told.File = local(at[len(at)-1][1])
	}
	asked := refused.Asked()
	var typed *protocol.Error
	switch {
	case building.failed != nil:
		typed = building.failed
	case errors.As(err, &typed):
	case noGit.MatchString(text) || len(asked) > 0:
		told.Code = protocol.NeedsURL
		told.URLs = remotes(building.files, root)
		for _, url := range asked { // those that no kustomization names itself
			if !slices.Contains(told.URLs, url) {
				told.URLs = append(told.URLs, url)
			}
		}
		if len(told.URLs) > 0 {
			told.URL = told.URLs[0]
		}
	case types.IsErrOnlyBuiltinPluginsAllowed(err) || strings.Contains(text, "external plugins disabled"):
		told.Code = protocol.RefusedPlugin
	case restricted.MatchString(text):
		told.Code = protocol.Restricted
		told.File = local(security.FindStringSubmatch(text)[1])
	case unreadable.MatchString(text):
		told.Code = protocol.MalformedYAML
		if file := malformed.FindStringSubmatch(text); file != nil {
			told.File = local(file[1])
		}
	case missing.MatchString(text):
		told.Code = protocol.NotFound
		if file := missingFile.FindStringSubmatch(text); file != nil {
			told.File = local(file[1])
		}
	}
	if typed != nil {
		told.Code, told.URL, told.Chart, told.Missing = typed.Code, typed.URL, typed.Chart, typed.Missing
		if typed.File != "" {
			told.File, told.Line = typed.File, typed.Line
		}
	}
	return told
}

// repositoryPaths takes the place where kustomize sees the repository out of a message.
func repositoryPaths(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, mount+"/", ""), "'"+mount+"'", "'.'")
}

func local(name string) string {
	if name, ok := inside(name); ok {
		return name
	}
	return path.Clean(name)
}
