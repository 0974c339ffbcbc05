package kustomize

import (
	"bytes"
	"sync"

	"sigs.k8s.io/kustomize/api/types"

	"github.com/argofix/argofix/engine/internal/store"
)

// facts are what has to be known of a file before a build. They follow from its bytes alone, so they are remembered by
// its blob id; nothing else that a build finds out is.
type facts struct {
	expands     bool // its aliases make too much of it
	annotations bool // something in it may notice origin annotations
	schema      bool // as a kustomization, it has a schema of its own
	schemaField bool // it has, or seems to have, the schema of a CustomResourceDefinition
}

const maxRemembered = 50_000

var remembered = struct {
	sync.Mutex
	byID map[string]facts
}{byID: map[string]facts{}}

func factsOf(files *store.Files, name string) facts {
	id := files.ID(name)
	remembered.Lock()
	defer remembered.Unlock()
	if known, ok := remembered.byID[id]; ok && id != "" {
		return known
	}
	data, err := files.Read(name)
	if err != nil {
		return facts{}
	}
	found := facts{
		expands:     mayExpand(data) && expands(data),
		annotations: readsAnnotations(data),
		schema:      bringsSchema(data),
		schemaField: bytes.Contains(data, []byte(schemaField)) || bytes.Contains(data, []byte(mark)),
	}
	if len(remembered.byID) >= maxRemembered {
		clear(remembered.byID)
	}
	remembered.byID[id] = found
	return found
}

// bringsSchema tells whether a kustomization has `openapi`. Only what may spell it is read.
func bringsSchema(data []byte) bool {
	if !bytes.Contains(bytes.ToLower(data), []byte("openapi")) && bytes.IndexByte(data, '\\') < 0 {
		return false
	}
	var fields types.Kustomization
	return fields.Unmarshal(data) == nil && len(fields.OpenAPI) > 0
}
