package helm

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"path"
	"strings"
	"text/template"

	"github.com/BurntSushi/toml"
	"github.com/Masterminds/sprig/v3"
	"github.com/gobwas/glob"
	"helm.sh/helm/v4/pkg/chart/common"
	"sigs.k8s.io/yaml"
	goyaml "sigs.k8s.io/yaml/goyaml.v3"
)

// library is the functions that Helm's templates have (pkg/engine/funcs.go), each within the bounds of the rendering.
// Helm's engine package cannot be used for it: it writes without bound and cannot be stopped. What it would say is
// held against this in a test.
func (s *set) library() template.FuncMap {
	made := sprig.TxtFuncMap()
	maps.Copy(made, template.FuncMap{
		"toToml":        toTOML,
		"mustToToml":    mustToTOML,
		"fromToml":      fromTOML,
		"toYaml":        toYAML,
		"mustToYaml":    mustToYAML,
		"toYamlPretty":  toYAMLPretty,
		"fromYaml":      fromYAML,
		"fromYamlArray": fromYAMLArray,
		"toJson":        toJSON,
		"mustToJson":    mustToJSON,
		"fromJson":      fromJSON,
		"fromJsonArray": fromJSONArray,
		"required":      required,
		"fail":          func(message string) (string, error) { return "", errors.New(warned(message)) },
		// Argo CD lets Helm ask no cluster.
		"lookup":        func(string, string, string, string) (map[string]any, error) { return map[string]any{}, nil },
		"getHostByName": func(string) string { return "" },
	})
	random := s.chance()
	maps.Copy(made, random)
	s.bound(made)
	for name := range random {
		made[name] = s.noted(name, made[name])
	}
	delete(made, "env")
	delete(made, "expandenv")
	made["include"] = s.include(s.root)
	made["tpl"] = s.tpl(s.root)
	made[shownName] = s.shown
	made[enterName] = func() string { s.run.enter(); return "" }
	made[leaveName] = func() string { s.run.depth--; return "" }
	return made
}

const (
	warningStart = "HELM_ERR_START"
	warningEnd   = "HELM_ERR_END"
)

func warned(message string) string { return warningStart + message + warningEnd }

func required(message string, value any) (any, error) {
	if text, isText := value.(string); value == nil || isText && text == "" {
		return value, errors.New(warned(message))
	}
	return value, nil
}

func toYAML(value any) string {
	data, err := yaml.Marshal(value)
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(string(data), "\n")
}

func mustToYAML(value any) string {
	data, err := yaml.Marshal(value)
	if err != nil {
		panic(err)
	}
	return strings.TrimSuffix(string(data), "\n")
}

func toYAMLPretty(value any) string {
	var data bytes.Buffer
	encoder := goyaml.NewEncoder(&data)
	encoder.SetIndent(2)
	if err := encoder.Encode(value); err != nil {
		return ""
	}
	return strings.TrimSuffix(data.String(), "\n")
}

func fromYAML(text string) map[string]any {
	made := map[string]any{}
	if err := yaml.Unmarshal([]byte(text), &made); err != nil {
		made["Error"] = err.Error()
	}
	return made
}

func fromYAMLArray(text string) []any {
	made := []any{}
	if err := yaml.Unmarshal([]byte(text), &made); err != nil {
		made = []any{err.Error()}
	}
	return made
}

func toTOML(value any) string {
	var data bytes.Buffer
	if err := toml.NewEncoder(&data).Encode(value); err != nil {
		return err.Error()
	}
	return data.String()
}

func mustToTOML(value any) string {
	var data bytes.Buffer
	if err := toml.NewEncoder(&data).Encode(value); err != nil {
		panic(err)
	}
	return data.String()
}

func fromTOML(text string) map[string]any {
	made := map[string]any{}
	if err := toml.Unmarshal([]byte(text), &made); err != nil {
		made["Error"] = err.Error()
	}
	return made
}

func toJSON(value any) string {
	data, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	return string(data)
}

func mustToJSON(value any) string {
	data, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(data)
}

func fromJSON(text string) map[string]any {
	made := map[string]any{}
	if err := json.Unmarshal([]byte(text), &made); err != nil {
		made["Error"] = err.Error()
	}
	return made
}

func fromJSONArray(text string) []any {
	made := []any{}
	if err := json.Unmarshal([]byte(text), &made); err != nil {
		made = []any{err.Error()}
	}
	return made
}

// chartFiles is `.Files` (pkg/engine/files.go).
type chartFiles map[string][]byte

func newFiles(listed []*common.File) chartFiles {
	made := make(chartFiles, len(listed))
	for _, file := range listed {
		made[file.Name] = file.Data
	}
	return made
}

// GetBytes returns the bytes of a file, none where there is no such file.
func (f chartFiles) GetBytes(name string) []byte {
	if data, ok := f[name]; ok {
		return data
	}
	return []byte{}
}

// Get returns a file as text.
func (f chartFiles) Get(name string) string { return string(f.GetBytes(name)) }

// Glob returns the files that match; all of them where the pattern is none.
func (f chartFiles) Glob(pattern string) chartFiles {
	compiled, err := glob.Compile(pattern, '/')
	if err != nil {
		compiled, _ = glob.Compile("**")
	}
	made := chartFiles{}
	for name, data := range f {
		if compiled.Match(name) {
			made[name] = data
		}
	}
	return made
}

// AsConfig returns the data of a ConfigMap.
func (f chartFiles) AsConfig() string {
	return f.data(func(data []byte) string { return string(data) })
}

// AsSecrets returns the data of a Secret.
func (f chartFiles) AsSecrets() string { return f.data(base64.StdEncoding.EncodeToString) }

func (f chartFiles) data(text func([]byte) string) string {
	if f == nil {
		return ""
	}
	made := map[string]string{}
	for name, data := range f {
		made[path.Base(name)] = text(data)
	}
	return toYAML(made)
}

// Lines returns the lines of a file.
func (f chartFiles) Lines(name string) []string {
	if len(f[name]) == 0 {
		if f[name] != nil {
			// Helm itself ends with a panic here, which is told as the error of the template.
			panic("index out of range [-1]")
		}
		return []string{}
	}
	return strings.Split(strings.TrimSuffix(string(f[name]), "\n"), "\n")
}
