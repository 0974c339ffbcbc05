// Package jsonnet evaluates Jsonnet files as a directory source of Argo CD does: arguments and variables with the
// build environment in them, libraries of the repository, imports from the files of the request alone.
package jsonnet

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/google/go-jsonnet"

	"github.com/argofix/argofix/engine/internal/argocd"
	"github.com/argofix/argofix/engine/internal/protocol"
	"github.com/argofix/argofix/engine/internal/store"
)

// mostImports bounds how often one evaluation may look for a file.
const mostImports = 10_000

// Render answers a request of kind jsonnet. The virtual machine cannot be stopped from outside, so who calls ends the
// process where it takes too long.
func Render(ctx context.Context, files *store.Files, request *protocol.Request) (*protocol.Answer, error) {
	asked := request.Jsonnet
	if asked == nil {
		return nil, &protocol.Error{Code: protocol.MalformedRequest, Message: "the request has no `jsonnet`"}
	}
	reads, err := newImporter(ctx, files, asked)
	if err != nil {
		return nil, err
	}
	text, err := evaluate(asked, reads)
	if err != nil {
		return nil, reads.failed(asked.File, err)
	}
	objects, err := flatten([]byte(text))
	if err != nil {
		return nil, &protocol.Error{Code: protocol.Failed, File: asked.File, Message: fmt.Sprintf(
			"Failed to unmarshal generated json %q: %v", path.Base(asked.File), err)}
	}
	answer := &protocol.Answer{}
	for index, object := range objects {
		answer.Resources = append(answer.Resources, protocol.Resource{
			Object: object, Origin: &protocol.Origin{Path: asked.File, Document: index},
		})
	}
	return answer, nil
}

func evaluate(asked *protocol.Jsonnet, reads *importer) (string, error) {
	vm := jsonnet.MakeVM()
	vm.Importer(reads)
	// std.trace writes to standard error, which is not for charts to write to.
	vm.SetTraceOut(bytes.NewBuffer(nil))
	for _, variable := range asked.TLAs {
		value := argocd.Substitute(variable.Value, asked.Environment)
		if variable.Code {
			vm.TLACode(variable.Name, value)
		} else {
			vm.TLAVar(variable.Name, value)
		}
	}
	for _, variable := range asked.ExtVars {
		value := argocd.Substitute(variable.Value, asked.Environment)
		if variable.Code {
			vm.ExtCode(variable.Name, value)
		} else {
			vm.ExtVar(variable.Name, value)
		}
	}
	return vm.EvaluateFile(asked.File)
}

// flatten takes an array of objects or one object, and the items of lists for the lists (findManifests,
// reposerver/repository/repository.go). Argo CD takes an array of arrays for a fault.
func flatten(text []byte) ([]json.RawMessage, error) {
	text = bytes.TrimSpace(text)
	var listed []json.RawMessage
	if !bytes.HasPrefix(text, []byte("[")) {
		listed = []json.RawMessage{text}
	} else if err := json.Unmarshal(text, &listed); err != nil {
		return nil, err
	}
	var objects []json.RawMessage
	for _, one := range listed {
		if bytes.Equal(one, []byte("null")) {
			continue
		}
		items, err := argocd.Items(one)
		if errors.Is(err, argocd.ErrNoObject) {
			return nil, errors.New("it is neither an object nor an array of objects")
		}
		if err != nil {
			return nil, err
		}
		objects = append(objects, items...)
	}
	return objects, nil
}

// importer finds imports: beside the importing file, then in the libraries, the last one first, then in the
// Application's own directory (jsonnet.FileImporter with JPaths).
type importer struct {
	ctx    context.Context
	files  *store.Files
	root   string
	places []string
	known  map[string]jsonnet.Contents
	looked int
}

func newImporter(ctx context.Context, files *store.Files, asked *protocol.Jsonnet) (*importer, error) {
	made := &importer{ctx: ctx, files: files, root: asked.Root, known: map[string]jsonnet.Contents{}}
	for index, library := range asked.Libs {
		directory := path.Join(asked.Root, strings.TrimLeft(library, "/"))
		resolved, err := files.Resolve(directory)
		if err != nil || !argocd.Within(directory, asked.Root) || !argocd.Within(resolved, asked.Root) {
			return nil, &protocol.Error{Code: protocol.Escapes, Entry: fmt.Sprintf("libs[%d]", index),
				Message: fmt.Sprintf("file '%s' resolved to outside repository root", library)}
		}
		made.places = append([]string{directory}, made.places...)
	}
	made.places = append(made.places, asked.Directory)
	return made, nil
}

// Import returns a file for an import. An absolute path, and one that leaves the repository, does not exist here.
func (i *importer) Import(from, imported string) (jsonnet.Contents, string, error) {
	if i.looked++; i.looked > mostImports {
		return jsonnet.Contents{}, "", fmt.Errorf("more than %d imports", mostImports)
	}
	if err := i.ctx.Err(); err != nil {
		return jsonnet.Contents{}, "", err
	}
	if path.IsAbs(imported) {
		return jsonnet.Contents{}, "", notFound(imported)
	}
	directory := path.Dir(from)
	if from == "" {
		directory = ""
	}
	for _, place := range append([]string{directory}, i.places...) {
		name := path.Join(place, imported)
		if name == ".." || strings.HasPrefix(name, "../") || !argocd.Within(name, i.root) {
			continue
		}
		real, err := i.files.Resolve(name)
		if err != nil || !argocd.Within(real, i.root) || !i.files.IsFile(name) {
			continue
		}
		if known, ok := i.known[name]; ok {
			return known, name, nil
		}
		data, err := i.files.Read(name)
		if err != nil {
			return jsonnet.Contents{}, "", err
		}
		i.known[name] = jsonnet.MakeContentsRaw(data)
		return i.known[name], name, nil
	}
	return jsonnet.Contents{}, "", notFound(imported)
}

func notFound(imported string) error {
	return fmt.Errorf("couldn't open import %q: no match locally or in the Jsonnet library paths", imported)
}

// located is a place in what Jsonnet says.
var located = regexp.MustCompile(`(?m)(?:^\s*|ERROR: )(\S+?):\(?(\d+)`)

// failed tells where an evaluation failed: the first file of the request that the message names.
func (i *importer) failed(file string, err error) *protocol.Error {
	told := &protocol.Error{Code: protocol.Failed, File: file, Message: fmt.Sprintf(
		"Failed to evaluate jsonnet %q: %v", path.Base(file), err)}
	if i.ctx.Err() != nil {
		told.Code = protocol.TimedOut
	}
	for _, found := range located.FindAllStringSubmatch(err.Error(), -1) {
		name := strings.TrimSpace(found[1])
		if i.files.IsFile(name) {
			told.File = name
			told.Line, _ = strconv.Atoi(found[2])
			break
		}
	}
	return told
}
