package kustomize

import (
	"bytes"
	"sync"

	"github.com/argofix/argofix/engine/internal/store"
)

// maxAside is how many bytes of schemas are kept between requests.
const maxAside = 48 << 20

// asideByID remembers what was taken out of files, by their blob ids.
var asideByID = struct {
	sync.Mutex
	files map[string]schemaAside
	used  int
}{files: map[string]schemaAside{}}

func asideOf(id string, data []byte) schemaAside {
	asideByID.Lock()
	defer asideByID.Unlock()
	if known, ok := asideByID.files[id]; ok {
		return known
	}
	found := setAside(data)
	size := 200 + len(found.text)
	for _, schema := range found.schemas {
		size += len(schema)
	}
	if asideByID.used+size > maxAside {
		clear(asideByID.files)
		asideByID.used = 0
	}
	asideByID.files[id] = found
	asideByID.used += size
	return found
}

// schemas are those that one build reads without.
type schemas struct {
	byToken map[string][]byte
	reads   map[string]int // how often each token was read
}

// withoutSchemas returns what keeps account of a build without schemas; nil where a build has to have them.
func withoutSchemas(files *store.Files, opaque map[string]bool) *schemas {
	any := false
	for _, name := range files.Paths() {
		if opaque[name] || !factsOf(files, name).schemaField {
			continue
		}
		data, err := files.Read(name)
		if id := files.ID(name); err == nil && id != "" {
			file := asideOf(id, data)
			if file.elsewhere {
				return nil
			}
			any = any || file.text != nil
		}
	}
	if !any {
		return nil
	}
	return &schemas{map[string][]byte{}, map[string]int{}}
}

// another keeps account of one more build of the same files.
func (s *schemas) another() *schemas {
	if s == nil {
		return nil
	}
	return &schemas{map[string][]byte{}, map[string]int{}}
}

// read returns what a build sees of a file.
func (s *schemas) read(id string, data []byte) []byte {
	if s == nil || id == "" || !bytes.Contains(data, []byte(schemaField)) {
		return data
	}
	file := asideOf(id, data)
	if file.text == nil {
		return data
	}
	for _, token := range file.tokens {
		s.byToken[token] = file.schemas[token]
		s.reads[token]++
	}
	return file.text
}

var (
	markBefore = []byte(`"` + schemaField + `":{"` + mark + `":"`)
	markAfter  = []byte(`"}`)
)

const tokenLength = 64

// restore puts the schemas back into an object. It tells false where something has happened to a mark.
func (s *schemas) restore(object []byte) ([]byte, bool) {
	if s == nil {
		return object, true
	}
	marks := bytes.Count(object, []byte(mark))
	if marks == 0 {
		return object, true
	}
	var result bytes.Buffer
	for ; marks > 0; marks-- {
		before, rest, found := bytes.Cut(object, markBefore)
		if !found || len(rest) < tokenLength || !bytes.HasPrefix(rest[tokenLength:], markAfter) {
			return nil, false
		}
		token := string(rest[:tokenLength])
		schema, known := s.byToken[token]
		if !known {
			return nil, false
		}
		s.reads[token]--
		result.Write(before)
		result.WriteString(`"` + schemaField + `":`)
		result.Write(schema)
		object = rest[tokenLength+len(markAfter):]
	}
	result.Write(object)
	return result.Bytes(), true
}

// complete tells whether each mark that was read has been put back as often.
func (s *schemas) complete() bool {
	if s != nil {
		for _, left := range s.reads {
			if left != 0 {
				return false
			}
		}
	}
	return true
}
