package helm

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/strvals"
	"sigs.k8s.io/yaml"

	"github.com/argofix/argofix/engine/internal/argocd"
	"github.com/argofix/argofix/engine/internal/protocol"
	"github.com/argofix/argofix/engine/internal/store"
)

// layers are the values that a person gives, lowest first: Helm's precedence goes by kind of flag, not by place
// (pkg/cli/values). Each is as it was parsed and is copied before anything is merged into it.
type layers struct {
	files      []valuesFile
	inline     map[string]any // values or valuesObject
	parameters []protocol.Parameter
	texts      []text // fileParameters
}

type valuesFile struct {
	path   string
	data   []byte
	values map[string]any
}

type text struct {
	name    string
	content string
}

// mostParsed is how many values files are kept parsed between requests, mostRead how many bytes these have.
const (
	mostParsed = 2_000
	mostRead   = 2 << 20
)

// gather reads everything that the Application names.
func (r *Renderer) gather(files *store.Files, asked *protocol.Helm) (*layers, error) {
	resolve := resolver{files, asked}
	names, err := resolve.valueFiles()
	if err != nil {
		return nil, err
	}
	given := &layers{}
	for _, name := range names {
		data, err := files.Read(name)
		if err != nil {
			return nil, at(name, err)
		}
		parsed, err := r.parse(files.ID(name), data)
		if err != nil {
			told := at(name, fmt.Errorf("failed to parse %s: %w", name, err))
			told.Code = protocol.MalformedYAML
			return nil, told
		}
		given.files = append(given.files, valuesFile{name, data, parsed})
	}
	for _, data := range asked.ValuesData {
		parsed, err := loader.LoadValues(bytes.NewReader(data))
		if err != nil {
			return nil, &protocol.Error{Code: protocol.MalformedYAML, Message: "failed to parse values: " + err.Error()}
		}
		given.files = append(given.files, valuesFile{"", data, parsed})
	}
	if given.inline, err = inline(asked); err != nil {
		return nil, err
	}
	given.parameters = parameters(asked)
	for index, parameter := range asked.FileParameters {
		name, err := resolve.file(parameter.Path)
		if err != nil {
			return nil, entryOf(err, "fileParameters", index)
		}
		data, err := files.Read(name)
		if err != nil {
			return nil, entryOf(at(name, err), "fileParameters", index)
		}
		given.texts = append(given.texts, text{parameter.Name, string(data)})
	}
	return given, nil
}

func (r *Renderer) parse(id string, data []byte) (map[string]any, error) {
	if known, ok := r.parsed[id]; ok && id != "" {
		return known, nil
	}
	parsed, err := loader.LoadValues(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if id == "" {
		return parsed, nil
	}
	if len(r.parsed) >= mostParsed || r.read+len(data) > mostRead {
		clear(r.parsed)
		r.read = 0
	}
	r.parsed[id], r.read = parsed, r.read+len(data)
	return parsed, nil
}

// inline returns valuesObject, which takes the place of values (ValuesYAML, pkg/apis/application/v1alpha1/values.go).
func inline(asked *protocol.Helm) (map[string]any, error) {
	data := []byte(asked.Values)
	if hasObject(asked) {
		var object map[string]any
		if err := json.Unmarshal(asked.ValuesObject, &object); err == nil {
			return object, nil // what it is after it was written as YAML and read back
		}
		var err error
		if data, err = yaml.JSONToYAML(asked.ValuesObject); err != nil {
			data = nil
		}
	}
	values, err := loader.LoadValues(bytes.NewReader(data))
	if err != nil {
		return nil, &protocol.Error{Code: protocol.MalformedYAML, Entry: "values",
			Message: "failed to parse values: " + err.Error()}
	}
	return values, nil
}

// parameters returns one parameter for each name and kind, the last one, at the place of the first. Argo CD passes
// them in the random order of a Go map; here it is that of the Application.
func parameters(asked *protocol.Helm) []protocol.Parameter {
	type slot struct {
		name  string
		force bool
	}
	places := map[slot]int{}
	var kept []protocol.Parameter
	for _, parameter := range asked.Parameters {
		parameter.Value = argocd.Substitute(parameter.Value, asked.Environment)
		name := slot{parameter.Name, parameter.ForceString}
		if place, ok := places[name]; ok {
			kept[place] = parameter
			continue
		}
		places[name] = len(kept)
		kept = append(kept, parameter)
	}
	return kept
}

// merge makes one map of all layers. The result is the caller's own.
func (l *layers) merge() (map[string]any, error) {
	merged := map[string]any{}
	for _, file := range l.files {
		merged = loader.MergeMaps(merged, file.values)
	}
	merged = loader.MergeMaps(merged, l.inline)
	merged = copied(merged).(map[string]any)
	for _, parameter := range l.parameters {
		if !parameter.ForceString {
			if err := strvals.ParseInto(parameter.Name+"="+cleaned(parameter.Value), merged); err != nil {
				return nil, parameterError(parameter, "failed parsing --set data", err)
			}
		}
	}
	for _, parameter := range l.parameters {
		if parameter.ForceString {
			if err := strvals.ParseIntoString(parameter.Name+"="+cleaned(parameter.Value), merged); err != nil {
				return nil, parameterError(parameter, "failed parsing --set-string data", err)
			}
		}
	}
	for _, given := range l.texts {
		reader := func([]rune) (any, error) { return given.content, nil }
		if err := strvals.ParseIntoFile(given.name+"=file", merged, reader); err != nil {
			return nil, parameterError(protocol.Parameter{Name: given.name}, "failed parsing --set-file data", err)
		}
	}
	return merged, nil
}

func parameterError(parameter protocol.Parameter, words string, err error) error {
	return &protocol.Error{Code: protocol.Failed, Message: words + ": " + err.Error(),
		Entry: "parameters." + parameter.Name}
}

// cleaned escapes the commas of a parameter unless it is a list, `{...}` (cleanSetParameters, util/helm/cmd.go).
func cleaned(value string) string {
	if strings.HasPrefix(value, "{") && strings.HasSuffix(value, "}") {
		return value
	}
	var escaped strings.Builder
	before := rune(0)
	for _, letter := range value {
		if letter == ',' && before != '\\' {
			escaped.WriteByte('\\')
		}
		escaped.WriteRune(letter)
		before = letter
	}
	return escaped.String()
}

// copied returns a deep copy of values.
func copied(value any) any {
	switch value := value.(type) {
	case map[string]any:
		if value == nil {
			return value
		}
		made := make(map[string]any, len(value))
		for name, item := range value {
			made[name] = copied(item)
		}
		return made
	case []any:
		if value == nil {
			return value
		}
		made := make([]any, len(value))
		for i, item := range value {
			made[i] = copied(item)
		}
		return made
	}
	return value
}

// hasObject tells whether `valuesObject` is there, which is put in the place of `values` then.
func hasObject(asked *protocol.Helm) bool {
	return len(asked.ValuesObject) > 0 && !bytes.Equal(asked.ValuesObject, []byte("null"))
}
