package helm

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/argofix/argofix/engine/internal/protocol"
)

// mostDifferences is how many fields of one resource are told; more of them are the resource as a whole.
const mostDifferences = 20

// slot is where a resource comes from: two renderings are held against each other by it.
type slot struct {
	chart, template string
	document, item  int
}

// whole is the document that a resource is an item of.
func (s slot) whole() slot {
	s.item = 0
	return s
}

func slots(made []protocol.Resource) []slot {
	seen := map[slot]int{}
	found := make([]slot, len(made))
	for i, resource := range made {
		at := slot{chart: resource.Origin.Chart, template: resource.Origin.Template, document: resource.Origin.Document}
		seen[at]++
		at.item = seen[at]
		found[i] = at
	}
	return found
}

// unstable renders once more with other chances and tells which fields differ. `calls` are those of the first rendering.
func (w *work) unstable(made []protocol.Resource, calls map[slot][]protocol.Call) ([]protocol.Unstable, error) {
	documents, err := w.render(newChance(1))
	var again []protocol.Resource
	if err == nil {
		again, err = resources(documents)
	}
	if err != nil {
		if w.ctx.Err() != nil {
			return nil, err
		}
		// It went through before, so whether it fails is chance too.
		return []protocol.Unstable{{Resource: -1, Template: typed(err).File}}, nil
	}
	second := map[slot]json.RawMessage{}
	for i, at := range slots(again) {
		second[at] = again[i].Object
	}
	var found []protocol.Unstable
	for i, at := range slots(made) {
		other, ok := second[at]
		delete(second, at)
		if !ok {
			found = append(found, protocol.Unstable{Resource: i, Template: at.template, Calls: calls[at.whole()]})
			continue
		}
		for _, path := range differences(made[i].Object, other) {
			found = append(found, protocol.Unstable{
				Resource: i, Path: path, Template: at.template, Calls: calls[at.whole()],
			})
		}
	}
	for _, at := range slots(again) {
		if _, left := second[at]; left {
			found = append(found, protocol.Unstable{Resource: -1, Template: at.template})
		}
	}
	return found, nil
}

// differences are the JSON pointers of what differs between two objects.
func differences(a, b json.RawMessage) []string {
	if string(a) == string(b) {
		return nil
	}
	var first, second any
	if json.Unmarshal(a, &first) != nil || json.Unmarshal(b, &second) != nil {
		return []string{""}
	}
	var found []string
	compare("", first, second, &found)
	if len(found) > mostDifferences {
		return []string{""}
	}
	return found
}

func compare(at string, a, b any, found *[]string) {
	if len(*found) > mostDifferences {
		return
	}
	switch a := a.(type) {
	case map[string]any:
		other, ok := b.(map[string]any)
		if !ok {
			break
		}
		for _, name := range sortedUnion(a, other) {
			compare(at+"/"+escape(name), a[name], other[name], found)
		}
		return
	case []any:
		other, ok := b.([]any)
		if !ok || len(a) != len(other) {
			break
		}
		for i := range a {
			compare(at+"/"+strconv.Itoa(i), a[i], other[i], found)
		}
		return
	}
	if !reflect.DeepEqual(a, b) {
		*found = append(*found, at)
	}
}

var (
	escaping   = strings.NewReplacer("~", "~0", "/", "~1")
	unescaping = strings.NewReplacer("~1", "/", "~0", "~")
)

// escape writes a name as a part of a JSON pointer (RFC 6901).
func escape(name string) string { return escaping.Replace(name) }

// unescape is the name that a part of a JSON pointer means.
func unescape(part string) string { return unescaping.Replace(part) }

// pointed returns what a JSON pointer leads to.
func pointed(value any, pointer string) (any, bool) {
	if pointer == "" {
		return value, true
	}
	for _, part := range strings.Split(strings.TrimPrefix(pointer, "/"), "/") {
		part = unescape(part)
		switch container := value.(type) {
		case map[string]any:
			next, ok := container[part]
			if !ok {
				return nil, false
			}
			value = next
		case []any:
			index, err := strconv.Atoi(part)
			if err != nil || index < 0 || index >= len(container) {
				return nil, false
			}
			value = container[index]
		default:
			return nil, false
		}
	}
	return value, true
}

func sortedUnion(a, b map[string]any) []string {
	names := slices.Collect(maps.Keys(a))
	for name := range b {
		if _, both := a[name]; !both {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
