package kustomize

import (
	"bytes"
	"encoding/json"
	"path"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/yaml"

	"github.com/argofix/argofix/engine/internal/protocol"
	"github.com/argofix/argofix/engine/internal/store"
)

// traced returns the files with origin annotations asked for in the root's kustomization file, and whether that file
// asks for them itself. The files are as they were where that file cannot be read: kustomize says why.
func traced(files *store.Files, root string) (changed *store.Files, wanted bool) {
	for _, name := range konfig.RecognizedKustomizationFileNames() {
		file := path.Join(root, name)
		data, err := files.Read(file)
		if err != nil {
			continue
		}
		var fields types.Kustomization
		if fields.Unmarshal(data) != nil {
			return files, false
		}
		if empty := fields; isEmpty(&empty) {
			return files, false // kustomize refuses it, and with origins in it, it would be no longer empty
		}
		if slices.Contains(fields.BuildMetadata, types.OriginAnnotations) {
			return files, true
		}
		text, err := withMetadata(data, append(fields.BuildMetadata, types.OriginAnnotations))
		if err != nil {
			return files, false
		}
		changed, err := files.With(map[string][]byte{file: text})
		if err != nil {
			return files, false
		}
		return changed, false
	}
	return files, false
}

func isEmpty(fields *types.Kustomization) bool {
	fields.FixKustomization()
	return fields.CheckEmpty() != nil
}

// withMetadata sets `buildMetadata` of a kustomization file, which is read the way kustomize does.
func withMetadata(data []byte, options []string) ([]byte, error) {
	document, err := yaml.YAMLToJSON(data)
	if err != nil {
		return nil, err
	}
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(document, &fields); err != nil {
		return nil, err
	}
	for name := range fields {
		if strings.EqualFold(name, "buildMetadata") {
			delete(fields, name)
		}
	}
	if fields["buildMetadata"], err = json.Marshal(options); err != nil {
		return nil, err
	}
	return json.Marshal(fields)
}

// mayNotice tells whether something in the files could see that there are origin annotations: a JSON patch below
// `/metadata/annotations` applies only where there are any, and a replacement may copy all of them.
func mayNotice(files *store.Files, opaque map[string]bool) bool {
	for _, name := range files.Paths() {
		if !opaque[name] && factsOf(files, name).annotations {
			return true
		}
	}
	return false
}

func readsAnnotations(data []byte) bool {
	if bytes.Contains(data, []byte("metadata/annotations")) || bytes.Contains(data, []byte("kubernetes.io/origin")) {
		return true
	}
	// All of `metadata` or of `metadata.annotations` as a path: nothing of the path follows, and no prose precedes.
	word := []byte("metadata")
	for at := bytes.Index(data, word); at >= 0; {
		line := data[bytes.LastIndexByte(data[:at], '\n')+1 : at]
		rest, annotations := bytes.CutPrefix(data[at+len(word):], []byte(".annotations"))
		if (len(rest) == 0 || bytes.IndexByte([]byte(" \t\r\n\"',]}"), rest[0]) >= 0) &&
			(wholePath.Match(line) || annotations && listed.Match(line)) {
			return true
		}
		next := bytes.Index(data[at+1:], word)
		if next < 0 {
			break
		}
		at += 1 + next
	}
	return false
}

// What stands on a line before a path: the name of a field or the slash of a JSON pointer, and the dash of a list.
var (
	wholePath = regexp.MustCompile(`(?i)(fieldpaths?["']?:\s*[\["',\s]*|(path|from)["']?:\s*["']?/)$`)
	listed    = regexp.MustCompile(`^\s*-\s*["']?$`)
)

// originOf reads a resource's origin annotation; its paths are relative to the root.
func originOf(one *resource.Resource, files *store.Files, root string) *protocol.Origin {
	written, err := one.GetOrigin()
	if err != nil || written == nil {
		return nil
	}
	local := func(name string) string {
		if name == "" || written.Repo != "" {
			return name
		}
		resolved, err := files.Resolve(below(root, name))
		if err != nil {
			return ""
		}
		return resolved
	}
	return &protocol.Origin{
		Path:         local(written.Path),
		Repo:         written.Repo,
		Ref:          written.Ref,
		ConfiguredIn: local(written.ConfiguredIn),
		ConfiguredBy: written.ConfiguredBy.Kind,
	}
}

// below is a path that counts from a directory. Nothing of it is taken out: what `..` leads to depends on links.
func below(directory, name string) string {
	if directory == "" {
		return name
	}
	return directory + "/" + name
}
