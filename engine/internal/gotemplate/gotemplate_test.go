package gotemplate

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"text/template"

	"github.com/Masterminds/sprig/v3"
	"sigs.k8s.io/yaml"
)

// example is one template. Failed tells that Go refuses it; its words are its own. Varies tells that one data renders
// it in several ways, which is so where its answer hangs on the order of a Go map: yaml.v3 sorts keys by an order that
// is none for a few ("a18446744073709551617" is before "a2", "a2" before "a10", and "a10" before the first).
type example struct {
	Source  string `json:"source"`
	Missing string `json:"missing"`
	Text    string `json:"text,omitempty"`
	Failed  bool   `json:"failed,omitempty"`
	Error   string `json:"error,omitempty"`
	Varies  bool   `json:"varies,omitempty"`
}

// again is how often a template is rendered to see whether it varies.
const again = 20

const (
	kept   = "testdata/templates.jsonl"
	values = "testdata/data.json"
)

// functions are those of ApplicationSets (argo-cd, applicationset/utils).
func functions() template.FuncMap {
	made := template.FuncMap(sprig.GenericFuncMap())
	delete(made, "env")
	delete(made, "expandenv")
	delete(made, "getHostByName")
	// Whatever walks a map that holds itself overflows the stack of the process, which nothing can catch.
	made["set"] = func(into map[string]any, key string, value any) (map[string]any, error) {
		into[key] = value
		if reaches(value, reflect.ValueOf(into).Pointer()) {
			return nil, errors.New("a map holds itself")
		}
		return into, nil
	}
	// Where Go takes gigabytes, argofix says that it is too much.
	for _, name := range []string{"repeat", "until", "untilStep", "seq", "indent", "nindent"} {
		original := reflect.ValueOf(made[name])
		made[name] = reflect.MakeFunc(original.Type(), func(arguments []reflect.Value) []reflect.Value {
			for _, one := range arguments {
				for _, number := range numbers(one) {
					if number > 100_000 || number < -100_000 {
						panic("too large")
					}
				}
			}
			if original.Type().IsVariadic() {
				return original.CallSlice(arguments)
			}
			return original.Call(arguments)
		}).Interface()
	}
	made["normalize"] = func(name string) string {
		name = regexp.MustCompile("[^-a-z0-9.]").ReplaceAllString(strings.ToLower(name), "-")
		return strings.Trim(name[:min(len(name), 253)], "-.")
	}
	made["toYaml"] = func(value any) (string, error) {
		data, err := yaml.Marshal(value)
		return strings.TrimSuffix(string(data), "\n"), err
	}
	made["fromYaml"] = func(text string) (map[string]any, error) {
		read := map[string]any{}
		err := yaml.Unmarshal([]byte(text), &read)
		return read, err
	}
	made["fromYamlArray"] = func(text string) ([]any, error) {
		read := []any{}
		err := yaml.Unmarshal([]byte(text), &read)
		return read, err
	}
	return made
}

func numbers(value reflect.Value) []int {
	switch made := value.Interface().(type) {
	case int:
		return []int{made}
	case []int:
		return made
	}
	return nil
}

func reaches(value any, address uintptr) bool {
	switch value := value.(type) {
	case map[string]any:
		if reflect.ValueOf(value).Pointer() == address {
			return true
		}
		for _, item := range value {
			if reaches(item, address) {
				return true
			}
		}
	case []any:
		for _, item := range value {
			if reaches(item, address) {
				return true
			}
		}
	}
	return false
}

func (e *example) render(library template.FuncMap, data []byte) {
	var dot any // for each its own, as templates may change it
	if err := json.Unmarshal(data, &dot); err != nil {
		panic(err)
	}
	e.Text, e.Failed, e.Error = "", false, ""
	parsed, err := template.New("").Funcs(library).Option("missingkey=" + e.Missing).Parse(e.Source)
	var written strings.Builder
	if err == nil {
		err = parsed.Execute(&written, dot)
	}
	if err != nil {
		e.Failed, e.Error = true, err.Error()
		return
	}
	e.Text = written.String()
}

func read(t *testing.T, name string) []example {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var found []example
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var one example
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			t.Fatal(err)
		}
		found = append(found, one)
	}
	return found
}

func dot(t *testing.T) []byte {
	t.Helper()
	data, err := os.ReadFile(values)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestTheTemplatesThatAreKeptRenderAsIsWritten(t *testing.T) {
	library, data := functions(), dot(t)
	for _, want := range read(t, kept) {
		got := want
		got.render(library, data)
		if got.Text != want.Text || got.Failed != want.Failed {
			t.Errorf("%s\n renders %q (%s)\n and not %q", want.Source, got.Text, got.Error, want.Text)
		}
	}
}

// TestTemplatesThatAreAskedFor answers for `benchmarks.templates`: lines of TEMPLATES, with what came of them, to
// TEMPLATES_RENDERED.
func TestTemplatesThatAreAskedFor(t *testing.T) {
	asked := os.Getenv("TEMPLATES")
	if asked == "" {
		t.Skip("nothing is asked for")
	}
	library, data := functions(), dot(t)
	var written strings.Builder
	for _, one := range read(t, asked) {
		one.render(library, data)
		for range again {
			other := one
			other.render(library, data)
			one.Varies = one.Varies || other.Text != one.Text || other.Failed != one.Failed
		}
		line, err := json.Marshal(one)
		if err != nil {
			t.Fatal(err)
		}
		written.Write(append(line, '\n'))
	}
	if err := os.WriteFile(os.Getenv("TEMPLATES_RENDERED"), []byte(written.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}
