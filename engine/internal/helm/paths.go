package helm

import (
	"fmt"
	"maps"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/argofix/argofix/engine/internal/argocd"
	"github.com/argofix/argofix/engine/internal/protocol"
	"github.com/argofix/argofix/engine/internal/store"
)

// resolver finds the files that an Application names. The rules are those of argo-cd's getResolvedValueFiles
// (reposerver/repository/repository.go) and ResolveValueFilePathOrUrl (util/io/path/resolved.go).
type resolver struct {
	files *store.Files
	asked *protocol.Helm
}

// target is where one name leads: a file, a pattern for files, or a URL.
type target struct {
	path    string // of the repository, or the URL
	root    string // directory that it may not leave, "" for all of Files
	remote  bool
	pattern bool
}

// valueFiles returns the files in the order in which they count. A pattern stands for its matches in lexical order,
// less those that are listed by themselves; what is listed twice counts at its first place.
func (r resolver) valueFiles() ([]string, error) {
	plain := map[string]bool{}
	for _, raw := range r.asked.ValueFiles {
		if found, err := r.resolve(raw); err == nil && !found.pattern {
			plain[found.path] = true
		}
	}
	var resolved []string
	add := func(name string) {
		if !slices.Contains(resolved, name) {
			resolved = append(resolved, name)
		}
	}
	for index, raw := range r.asked.ValueFiles {
		found, err := r.resolve(raw)
		if err != nil {
			return nil, entryOf(err, "valueFiles", index)
		}
		switch {
		case found.remote:
			local, ok := r.asked.Remote[found.path]
			if !ok {
				return nil, entryOf(needsURL(found.path), "valueFiles", index)
			}
			add(local)
		case found.pattern:
			matches, err := r.glob(found)
			if err != nil {
				return nil, entryOf(err, "valueFiles", index)
			}
			if len(matches) == 0 && !r.asked.IgnoreMissingValueFiles {
				return nil, entryOf(&protocol.Error{Code: protocol.NotFound, File: found.path, Message: fmt.Sprintf(
					"values file glob %q matched no files", raw)}, "valueFiles", index)
			}
			for _, match := range matches {
				if !plain[match] {
					add(match)
				}
			}
		case r.files.IsFile(found.path):
			add(found.path)
		case r.files.IsDir(found.path):
			return nil, entryOf(&protocol.Error{Code: protocol.Failed, File: found.path, Message: fmt.Sprintf(
				"read %s: is a directory", found.path)}, "valueFiles", index)
		case !r.asked.IgnoreMissingValueFiles:
			return nil, entryOf(absent(found.path), "valueFiles", index)
		}
	}
	return resolved, nil
}

// file returns the file of one fileParameter.
func (r resolver) file(raw string) (string, error) {
	found, err := r.resolve(raw)
	switch {
	case err != nil:
		return "", err
	case found.remote:
		if local, ok := r.asked.Remote[found.path]; ok {
			return local, nil
		}
		return "", needsURL(found.path)
	case !r.files.IsFile(found.path):
		return "", absent(found.path)
	}
	return found.path, nil
}

// resolve follows one entry: `$ref/...` from the root of that source, `/...` from the root of this one, a URL of a
// permitted scheme, or else relative to the chart. The build environment is put in after a ref was found.
func (r resolver) resolve(raw string) (target, error) {
	base, root, name := r.asked.Chart, r.asked.Root, ""
	first, rest, _ := strings.Cut(raw, "/")
	if lent, ok := r.asked.Refs[first]; ok && strings.HasPrefix(raw, "$") {
		base, root, name = lent, lent, "/"+argocd.Substitute(rest, r.asked.Environment)
	} else if strings.HasPrefix(raw, "$") && r.asked.SeveralSources {
		return target{}, r.unknown(first)
	} else {
		name = argocd.Substitute(raw, r.asked.Environment)
		if parsed, err := url.Parse(name); err == nil && parsed.Scheme != "" {
			schemes := r.asked.ValueFileSchemes
			if schemes == nil {
				schemes = []string{"https", "http"}
			}
			if !slices.ContainsFunc(schemes, func(s string) bool { return strings.EqualFold(s, parsed.Scheme) }) {
				return target{}, failed("the URL scheme '%s' is not allowed", parsed.Scheme)
			}
			return target{path: name, remote: true}, nil
		}
	}
	resolved := path.Join(base, name)
	if strings.HasPrefix(name, "/") {
		resolved = path.Join(root, strings.TrimLeft(name, "/"))
	}
	if resolved == "." || resolved == root && root != "" {
		return target{}, failed("%s is the root of the repository, not a file", name)
	}
	if resolved == ".." || strings.HasPrefix(resolved, "../") || !argocd.Within(resolved, root) {
		return target{}, r.outside(name)
	}
	if strings.ContainsAny(resolved, "*?[") {
		return target{path: resolved, root: root, pattern: true}, nil
	}
	// A link counts as where it leads.
	real, err := r.files.Resolve(resolved)
	if err != nil || !argocd.Within(real, root) {
		return target{}, r.outside(name)
	}
	return target{path: real, root: root}, nil
}

func (r resolver) unknown(reference string) error {
	if len(r.asked.Refs) == 0 {
		return failed("source referenced %q, but no source has a 'ref' field defined", reference)
	}
	known := slices.Sorted(maps.Keys(r.asked.Refs))
	return failed("source referenced %q, which is not one of the available sources (%s)", reference,
		strings.Join(known, ", "))
}

func (r resolver) outside(name string) error {
	return &protocol.Error{Code: protocol.Escapes, Message: fmt.Sprintf(
		"file '%s' resolved to outside repository root", name)}
}

// glob expands a pattern over the files of the request, links included as long as they stay in the repository.
func (r resolver) glob(found target) ([]string, error) {
	if !doublestar.ValidatePattern(found.path) {
		return nil, failed("error expanding glob pattern %q: syntax error in pattern", found.path)
	}
	var matches []string
	for _, name := range r.files.Paths() {
		if ok, _ := doublestar.Match(found.path, name); !ok {
			continue
		}
		real, err := r.files.Resolve(name)
		if err != nil || !argocd.Within(real, found.root) {
			return nil, &protocol.Error{Code: protocol.Escapes, File: name, Message: fmt.Sprintf(
				"glob match %q resolved to outside repository root", name)}
		}
		matches = append(matches, name)
	}
	return matches, nil
}

func absent(name string) error {
	return &protocol.Error{Code: protocol.NotFound, File: name, Message: fmt.Sprintf(
		"open %s: no such file or directory", name)}
}

func needsURL(address string) error {
	return &protocol.Error{Code: protocol.NeedsURL, URL: address, Message: address + " has to be fetched"}
}
