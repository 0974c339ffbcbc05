package helm

import (
	"slices"
	"strconv"
	"strings"

	chart "helm.sh/helm/v4/pkg/chart/v2"

	"github.com/argofix/argofix/engine/internal/protocol"
)

// setting is something that a person may edit: a value, or the name of an entry of a map.
type setting struct {
	value     protocol.Value
	text      string // what it says
	container bool   // a map or list, whose text is "" unless key
	key       bool   // it is about the name
	empty     bool   // without it nothing would be other: false, 0
	lines     *lined // of the file or text
	counted   bool   // lines are those of the value itself
	edit      func(kind edit, text string) change
}

type edit int

const (
	replacing edit = iota // text in its place
	emptying
	renaming
)

// other is the entry with another text, and that text.
func (e setting) other(now string) (change, string) {
	switch {
	case e.key:
		text := otherText(e.text)
		return e.edit(renaming, text), text
	case len(e.text) > len(now) && strings.Contains(e.text, now):
		return e.edit(replacing, strings.Replace(e.text, now, otherText(now), 1)), ""
	case strings.Contains(e.text, "{{"):
		return e.edit(replacing, e.text+"x"), ""
	}
	return e.edit(replacing, otherValue(e.text)), ""
}

func (e setting) emptied() change { return e.edit(emptying, "") }

// told is the entry with its line, that of `now` within a text of several lines.
func (e setting) told(now string) protocol.Value {
	told := e.value
	further := -1
	if at := strings.Index(e.text, now); now != "" && at >= 0 && len(e.text) > len(now) {
		further = strings.Count(e.text[:at], "\n")
	}
	switch {
	case e.lines != nil:
		told.Line = e.lines.line(e.value.Key, further)
	case e.counted && strings.Contains(e.text, "\n"):
		told.Line = further + 1
	}
	return told
}

// distance is how many of the names that lead to an entry a template does not speak of.
func (e setting) distance(words map[string]bool) int {
	unspoken := 0
	for _, name := range strings.FieldsFunc(e.value.Key, func(r rune) bool { return strings.ContainsRune("/.[]", r) }) {
		if _, err := strconv.Atoi(name); err != nil && !words[unescape(name)] {
			unspoken++
		}
	}
	return unspoken
}

// entries lists those of all layers, the Application's own first.
func (w *work) entries() []setting {
	all := w.parameters()
	for i, given := range w.given.texts {
		value := protocol.Value{Source: "fileParameters", Key: given.name}
		all = append(all, setting{value: value, text: given.content, edit: func(kind edit, text string) change {
			changed := *w.given
			changed.texts = slices.Clone(w.given.texts)
			changed.texts[i].content = text
			if kind == emptying {
				changed.texts = slices.Delete(changed.texts, i, i+1)
			}
			return change{given: &changed}
		}})
	}
	inline := setting{value: protocol.Value{Source: "values"}, lines: &lined{text: []byte(w.asked.Values)}}
	if hasObject(w.asked) {
		inline = setting{value: protocol.Value{Source: "valuesObject"}, counted: true}
	}
	all = append(all, within(w.given.inline, inline, func(values map[string]any) change {
		changed := *w.given
		changed.inline = values
		return change{given: &changed}
	})...)
	release := protocol.Value{Source: "releaseName"}
	all = append(all, setting{value: release, text: w.asked.ReleaseName, edit: func(_ edit, text string) change {
		return change{release: text}
	}})
	for i, file := range slices.Backward(w.given.files) {
		like := setting{value: protocol.Value{Source: "valueFiles", Path: file.path}, lines: &lined{text: file.data}}
		all = append(all, within(file.values, like, func(values map[string]any) change {
			changed := *w.given
			changed.files = slices.Clone(w.given.files)
			changed.files[i].values = values
			return change{given: &changed}
		})...)
	}
	return append(all, w.defaults(w.loaded.root, nil)...)
}

// parameters are those of the Application: their values, and the names that are parts of their names.
func (w *work) parameters() []setting {
	var values, names []setting
	for i, parameter := range w.given.parameters {
		put := func(kind edit, text string) change {
			changed := *w.given
			changed.parameters = slices.Clone(w.given.parameters)
			switch kind {
			case replacing:
				changed.parameters[i].Value = text
			case renaming:
				changed.parameters[i].Name = text
			case emptying:
				changed.parameters = slices.Delete(changed.parameters, i, i+1)
			}
			return change{given: &changed}
		}
		told := protocol.Value{Source: "parameters", Key: parameter.Name}
		values = append(values, setting{value: told, text: parameter.Value, edit: put})
		for part := range strings.SplitSeq(parameter.Name, ".") {
			names = append(names, setting{value: told, text: part, key: true, edit: func(kind edit, text string) change {
				return put(kind, strings.Replace(parameter.Name, part, text, 1))
			}})
		}
	}
	return append(values, names...)
}

// defaults lists those of the values.yaml of the chart and of those below it.
func (w *work) defaults(c *chart.Chart, way []int) []setting {
	where := w.loaded.defaults[c]
	like := setting{value: protocol.Value{Source: "chart", Path: where.place.path}}
	if where.place.inside == "" {
		like.lines = &lined{text: where.data}
	}
	all := within(c.Values, like, func(values map[string]any) change {
		return change{chart: func(root *chart.Chart) {
			for _, index := range way {
				root = root.Dependencies()[index]
			}
			root.Values = values
		}}
	})
	for index, child := range c.Dependencies() {
		all = append(all, w.defaults(child, append(slices.Clone(way), index))...)
	}
	return all
}

// within lists what a map of values holds; `like` is what all of them have, and `put` makes a change of other values.
func within(values map[string]any, like setting, put func(map[string]any) change) []setting {
	var all []setting
	each(values, "", func(pointer string, value any) {
		made := like
		made.value.Key = pointer
		made.edit = func(kind edit, text string) change {
			return put(edited(values, pointer, func(old any) (any, string) {
				switch kind {
				case renaming:
					return old, text
				case emptying:
					return emptied(old), ""
				}
				return retyped(old, text), ""
			}))
		}
		var scalars bool
		made.text, scalars = scalar(value)
		made.container = !scalars
		made.empty = made.text == "false" || made.text == "0"
		all = append(all, made)
		name := pointer[strings.LastIndexByte(pointer, '/')+1:]
		if _, err := strconv.Atoi(name); err != nil {
			made.text, made.key = unescape(name), true
			all = append(all, made)
		}
	})
	return all
}

// each visits what values hold, but not what says nothing: null, an empty map or list.
func each(value any, at string, visit func(pointer string, value any)) {
	if at != "" {
		switch value := value.(type) {
		case nil:
			return
		case map[string]any:
			if len(value) == 0 {
				return
			}
		case []any:
			if len(value) == 0 {
				return
			}
		}
		visit(at, value)
	}
	switch value := value.(type) {
	case map[string]any:
		for _, name := range sortedUnion(value, nil) {
			each(value[name], at+"/"+escape(name), visit)
		}
	case []any:
		for i, item := range value {
			each(item, at+"/"+strconv.Itoa(i), visit)
		}
	}
}

// removed stands for a value that is no longer there.
type removed struct{}

// edited returns a copy of values with something else at a pointer, below another name unless that is "".
func edited(values map[string]any, pointer string, other func(any) (any, string)) map[string]any {
	made := copied(values).(map[string]any)
	cut := strings.LastIndexByte(pointer, '/')
	parent, _ := pointed(made, pointer[:cut])
	name := unescape(pointer[cut+1:])
	switch parent := parent.(type) {
	case map[string]any:
		value, renamed := other(parent[name])
		if _, gone := value.(removed); gone || renamed != "" {
			delete(parent, name)
			if gone {
				return made
			}
			name = renamed
		}
		parent[name] = value
	case []any:
		if index, err := strconv.Atoi(name); err == nil {
			value, _ := other(parent[index])
			if _, gone := value.(removed); gone {
				value = nil
				if len(pointer[:cut]) > 0 { // a list without the item
					return edited(made, pointer[:cut], func(any) (any, string) { return slices.Delete(parent, index, index+1), "" })
				}
			}
			parent[index] = value
		}
	}
	return made
}

// emptied is what a person writes to have nothing of a value.
func emptied(value any) any {
	switch value.(type) {
	case string:
		return ""
	case bool:
		return false
	case float64:
		return 0.0
	case int64:
		return int64(0)
	}
	return removed{}
}

// retyped is a text as the kind of value that is there.
func retyped(old any, text string) any {
	switch old.(type) {
	case float64:
		if number, err := strconv.ParseFloat(text, 64); err == nil {
			return number
		}
	case int64:
		if number, err := strconv.ParseInt(text, 10, 64); err == nil {
			return number
		}
	case bool:
		return text == "true"
	}
	return text
}

// otherValue is another text of the same kind.
func otherValue(text string) string {
	switch text {
	case "true":
		return "false"
	case "false":
		return "true"
	}
	return otherText(text)
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
