package helm

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	chart "helm.sh/helm/v4/pkg/chart/v2"

	"github.com/argofix/argofix/engine/internal/protocol"
)

// mostTrials bounds how often a chart is rendered again for one question, longest values first.
const mostTrials = 24

// candidate is an entry of values that may decide about a field.
type candidate struct {
	value protocol.Value
	text  string // what it says
	// try renders with another value in its place.
	try func() ([]document, error)
}

// explain answers which entries decide about a field: those whose text is a part of the field's and with which, when
// another value stands there, the field changes while the resource stays. That is tried, so no rule about precedence
// can be wrong; what is derived from a value in another form (its length, its hash, a choice made by it) is not found.
func (w *work) explain(questions []protocol.Question, made []protocol.Resource) error {
	if len(questions) == 0 {
		return nil
	}
	all := w.candidates()
	slices.SortStableFunc(all, func(a, b candidate) int { return cmp.Compare(len(b.text), len(a.text)) })
	at := slots(made)
	tried := map[int][]protocol.Resource{}
	for _, question := range questions {
		if question.Resource < 0 || question.Resource >= len(made) {
			return &protocol.Error{Code: protocol.MalformedRequest, Message: fmt.Sprintf(
				"there is no resource %d to explain", question.Resource)}
		}
		now, ok := scalarAt(made[question.Resource].Object, question.Field)
		if !ok {
			continue
		}
		trials := 0
		for index, one := range all {
			if trials >= mostTrials || w.ctx.Err() != nil {
				break
			}
			if one.text == "" || !strings.Contains(now, one.text) {
				continue
			}
			trials++
			again, known := tried[index]
			if !known {
				if documents, err := one.try(); err == nil {
					again, _ = resources(documents)
				}
				tried[index] = again
			}
			if other, ok := fieldOf(again, at[question.Resource], question.Field); ok && other != now {
				value := one.value
				value.Field = question.Field
				origin := made[question.Resource].Origin
				origin.Values = append(origin.Values, value)
			}
		}
	}
	return nil
}

func fieldOf(made []protocol.Resource, wanted slot, field string) (string, bool) {
	for i, at := range slots(made) {
		if at == wanted {
			return scalarAt(made[i].Object, field)
		}
	}
	return "", false
}

func scalarAt(object json.RawMessage, pointer string) (string, bool) {
	var value any
	if json.Unmarshal(object, &value) != nil {
		return "", false
	}
	found, ok := pointed(value, pointer)
	if !ok {
		return "", false
	}
	return scalar(found)
}

func scalar(value any) (string, bool) {
	switch value := value.(type) {
	case string:
		return value, true
	case float64:
		return strconv.FormatFloat(value, 'f', -1, 64), true
	case int64:
		return strconv.FormatInt(value, 10), true
	case bool:
		return strconv.FormatBool(value), true
	}
	return "", false
}

// candidates lists the scalars of all layers, the Application's own first.
func (w *work) candidates() []candidate {
	var all []candidate
	for i, parameter := range w.given.parameters {
		all = append(all, candidate{protocol.Value{Source: "parameters", Key: parameter.Name}, parameter.Value,
			func() ([]document, error) {
				changed := *w.given
				changed.parameters = slices.Clone(w.given.parameters)
				changed.parameters[i].Value = otherText(parameter.Value)
				return w.with(&changed, nil)
			}})
	}
	for i, given := range w.given.texts {
		all = append(all, candidate{protocol.Value{Source: "fileParameters", Key: given.name}, given.content,
			func() ([]document, error) {
				changed := *w.given
				changed.texts = slices.Clone(w.given.texts)
				changed.texts[i].content = otherText(given.content)
				return w.with(&changed, nil)
			}})
	}
	source, data := "values", []byte(w.asked.Values)
	if hasObject(w.asked) {
		source, data = "valuesObject", nil
	}
	each(w.given.inline, "", func(pointer, text string, _ any) {
		all = append(all, candidate{
			protocol.Value{Source: source, Key: pointer, Line: lineIn(data, pointer)}, text,
			func() ([]document, error) {
				changed := *w.given
				changed.inline = replaced(w.given.inline, pointer)
				return w.with(&changed, nil)
			}})
	})
	for i, file := range w.given.files {
		each(file.values, "", func(pointer, text string, _ any) {
			all = append(all, candidate{
				protocol.Value{Source: "valueFiles", Path: file.path, Key: pointer, Line: lineIn(file.data, pointer)}, text,
				func() ([]document, error) {
					changed := *w.given
					changed.files = slices.Clone(w.given.files)
					changed.files[i].values = replaced(file.values, pointer)
					return w.with(&changed, nil)
				}})
		})
	}
	return append(all, w.defaults(w.loaded.root, nil)...)
}

// defaults lists the scalars of the values.yaml of the chart and of those below it.
func (w *work) defaults(c *chart.Chart, way []int) []candidate {
	var all []candidate
	where := w.loaded.defaults[c]
	each(c.Values, "", func(pointer, text string, _ any) {
		value := protocol.Value{Source: "chart", Path: where.place.path, Key: pointer}
		if where.place.inside == "" {
			value.Line = lineIn(where.data, pointer)
		}
		all = append(all, candidate{value, text, func() ([]document, error) {
			return w.with(w.given, func(root *chart.Chart) {
				for _, index := range way {
					root = root.Dependencies()[index]
				}
				root.Values = replaced(root.Values, pointer)
			})
		}})
	})
	for index, child := range c.Dependencies() {
		all = append(all, w.defaults(child, append(slices.Clone(way), index))...)
	}
	return all
}

func (w *work) with(given *layers, change func(*chart.Chart)) ([]document, error) {
	values, err := given.merge()
	if err != nil {
		return nil, err
	}
	c := instance(w.loaded.root)
	if change != nil {
		change(c)
	}
	return w.renderWith(newChance(0), c, values)
}

// each visits the scalars of values.
func each(value any, at string, visit func(pointer, text string, value any)) {
	switch value := value.(type) {
	case map[string]any:
		for _, name := range sortedUnion(value, nil) {
			each(value[name], at+"/"+escape(name), visit)
		}
	case []any:
		for i, item := range value {
			each(item, at+"/"+strconv.Itoa(i), visit)
		}
	default:
		if text, ok := scalar(value); ok {
			visit(at, text, value)
		}
	}
}

// replaced returns a copy of values with another scalar at a pointer.
func replaced(values map[string]any, pointer string) map[string]any {
	made := copied(values).(map[string]any)
	cut := strings.LastIndexByte(pointer, '/')
	parent, _ := pointed(made, pointer[:cut])
	name := unescape(pointer[cut+1:])
	switch parent := parent.(type) {
	case map[string]any:
		parent[name] = other(parent[name])
	case []any:
		if index, err := strconv.Atoi(name); err == nil {
			parent[index] = other(parent[index])
		}
	}
	return made
}

func other(value any) any {
	switch value := value.(type) {
	case string:
		return otherText(value)
	case float64:
		return value + 1
	case int64:
		return value + 1
	case bool:
		return !value
	}
	return value
}

// otherText changes the first letter or digit, so that the text stays as long and as valid as it was.
func otherText(text string) string {
	changed := []rune(text)
	for i, letter := range changed {
		switch {
		case letter >= '0' && letter <= '8', letter >= 'a' && letter <= 'y', letter >= 'A' && letter <= 'Y':
			changed[i]++
		case letter == '9', letter == 'z', letter == 'Z':
			changed[i]--
		default:
			continue
		}
		return string(changed)
	}
	return text + "x"
}
