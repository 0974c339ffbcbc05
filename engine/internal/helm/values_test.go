package helm

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/argofix/argofix/engine/internal/protocol"
)

const layered = `-- chart/Chart.yaml --
apiVersion: v2
name: web
version: 1.0.0
-- chart/values.yaml --
one: chart
two: chart
three: chart
four: chart
items: [{name: first}, {name: second}]
-- chart/templates/cm.yaml --
{{- range $key := list "one" "two" "three" "four" }}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ $key }}-{{ index $.Values $key | toString | lower }}
{{- end }}
-- chart/a.yaml --
one: a
two: a
three: a
-- chart/b.yaml --
one: b
-- envs/prod.yaml --
one: prod
-- envs/deep/more.yaml --
one: more
-- lent/values/x.yaml --
one: lent
`

func TestLaterKindsOfFlagsWinOverEarlierOnes(t *testing.T) {
	files := open(t, layered)
	asked := protocol.Helm{
		ValueFiles:     []string{"a.yaml"},
		Values:         "two: inline\nthree: inline\nfour: inline\n",
		Parameters:     []protocol.Parameter{{Name: "four", Value: "string", ForceString: true}, {Name: "three", Value: "set"}, {Name: "four", Value: "set"}},
		FileParameters: []protocol.FileParameter{{Name: "one", Path: "/envs/name.txt"}},
	}
	more := with(t, layered+"-- envs/name.txt --\nTEXT", nil)
	expect(t, names(t, more, asked), configMaps("one-text", "two-inline", "three-set", "four-string"))
	asked.FileParameters = nil
	asked.ValuesObject = json.RawMessage(`{"two": "object"}`)
	// valuesObject takes the place of values: what only those say is gone.
	expect(t, names(t, files, asked), configMaps("one-a", "two-object", "three-set", "four-string"))
}

func TestValueFilesCountInTheirOrder(t *testing.T) {
	for _, one := range []struct {
		why    string
		files  []string
		ignore bool
		first  string
	}{
		{"the last file wins", []string{"a.yaml", "b.yaml"}, false, "b"},
		{"listed twice counts at the first place", []string{"b.yaml", "a.yaml", "b.yaml"}, false, "a"},
		{"a pattern is its matches in lexical order", []string{"*.yaml"}, false, "values"},
		{"one that is listed by itself leaves the pattern", []string{"[ab].yaml", "a.yaml"}, false, "a"},
		{"two stars take directories in", []string{"../envs/**/*.yaml"}, false, "prod"},
		{"from the root of the repository", []string{"/envs/prod.yaml"}, false, "prod"},
		{"above the chart", []string{"../envs/prod.yaml"}, false, "prod"},
		{"of another source", []string{"$lent/values/x.yaml"}, false, "lent"},
		{"with the build environment", []string{"$NAME.yaml"}, false, "b"},
		{"one that is missing is passed over", []string{"b.yaml", "gone.yaml"}, true, "b"},
		{"a pattern without a match too", []string{"b.yaml", "gone-*.yaml"}, true, "b"},
	} {
		asked := protocol.Helm{
			ValueFiles: one.files, IgnoreMissingValueFiles: one.ignore, Refs: map[string]string{"$lent": "lent"},
			Environment: map[string]string{"NAME": "b"},
		}
		if one.first == "values" {
			one.first = "chart"
			asked.ValueFiles = []string{"*.yaml"}
		}
		answer, err := ask(t, open(t, layered), asked)
		if err != nil {
			t.Errorf("%s: %s", one.why, err.Message)
		} else if got := named(t, answer)[0]; got != "ConfigMap/one-"+one.first {
			t.Errorf("%s: got %s", one.why, got)
		}
	}
}

func TestAValuesFileThatCannotBeReadIsTold(t *testing.T) {
	for _, one := range []struct {
		file    string
		several bool
		code    protocol.Code
		says    string
	}{
		{"gone.yaml", false, protocol.NotFound, "gone.yaml"},
		{"gone-*.yaml", false, protocol.NotFound, "matched no files"},
		{"../../outside.yaml", false, protocol.Escapes, "outside repository root"},
		{"/../outside.yaml", false, protocol.Escapes, "outside repository root"},
		{"link.yaml", false, protocol.Escapes, "outside repository root"},
		{"$nope/values.yaml", true, protocol.Failed, `source referenced "$nope", which is not one of`},
		{"https://example.com/values.yaml", false, protocol.NeedsURL, "example.com"},
		{"file:///etc/passwd", false, protocol.Failed, "URL scheme 'file' is not allowed"},
		{"broken.yaml", false, protocol.MalformedYAML, "failed to parse chart/broken.yaml"},
		{"../envs", false, protocol.Failed, "is a directory"},
	} {
		files := open(t, layered+"-- chart/broken.yaml --\na: [\n-- chart/link.yaml --\n-> ../../etc/passwd\n")
		_, err := ask(t, files, protocol.Helm{
			ValueFiles: []string{one.file}, Refs: map[string]string{"$lent": "lent"}, SeveralSources: one.several,
		})
		switch {
		case err == nil:
			t.Errorf("%s: rendered", one.file)
		case err.Code != one.code || !strings.Contains(err.Message, one.says):
			t.Errorf("%s: %s: %s", one.file, err.Code, err.Message)
		case one.code != protocol.MalformedYAML && err.Entry != "valueFiles[0]":
			t.Errorf("%s: entry %q", one.file, err.Entry)
		}
	}
	// Outside of the repository is refused whatever else is said.
	_, err := ask(t, open(t, layered), protocol.Helm{
		ValueFiles: []string{"../../x.yaml"}, IgnoreMissingValueFiles: true,
	})
	if err == nil || err.Code != protocol.Escapes {
		t.Errorf("got %v", err)
	}
}

func TestARemoteValuesFileMayComeWithTheRequest(t *testing.T) {
	files := open(t, layered+"-- fetched/1 --\none: fetched\n")
	got := names(t, files, protocol.Helm{
		ValueFiles: []string{"https://example.com/v.yaml"},
		Remote:     map[string]string{"https://example.com/v.yaml": "fetched/1"},
	})
	expect(t, got[:1], configMaps("one-fetched"))
}

func TestParametersAreSetAsHelmSetsThem(t *testing.T) {
	const chart = `-- chart/Chart.yaml --
apiVersion: v2
name: web
version: 1.0.0
-- chart/values.yaml --
items: [{name: chart-first}, {name: chart-second}]
labels: {}
-- chart/templates/cm.yaml --
apiVersion: v1
kind: ConfigMap
metadata:
  name: x
data:
  text: {{ .Values.text | toString | quote }}
  kind: {{ kindOf .Values.text }}
  list: {{ .Values.items | toJson | quote }}
  labels: {{ .Values.labels | toJson | quote }}
`
	data := func(asked protocol.Helm) map[string]string {
		answer, err := ask(t, open(t, chart), asked)
		if err != nil {
			t.Fatal(err.Message)
		}
		var read struct{ Data map[string]string }
		if err := json.Unmarshal(answer.Resources[0].Object, &read); err != nil {
			t.Fatal(err)
		}
		return read.Data
	}
	set := func(name, value string, force bool) protocol.Helm {
		return protocol.Helm{Parameters: []protocol.Parameter{{Name: name, Value: value, ForceString: force}}}
	}
	for _, one := range []struct {
		asked      protocol.Helm
		key, wants string
	}{
		{set("text", "1000000", false), "kind", "int64"},
		{set("text", "1000000", true), "kind", "string"},
		{protocol.Helm{Values: "text: 1000000"}, "kind", "float64"},
		{protocol.Helm{Values: "text: 1000000"}, "text", "1e+06"},
		{protocol.Helm{ValuesObject: json.RawMessage(`{"text": 1000000}`)}, "text", "1e+06"},
		{set("text", "a,b", false), "text", "a,b"},
		{set("text", "{a,b}", false), "text", "[a b]"},
		{set("text", "$NAME-$$-$GONE", false), "text", "web-$-"},
		{set("items[1].name", "changed", false), "list", `[null,{"name":"changed"}]`},
		{set(`labels.app\.kubernetes\.io/tier`, "gold", false), "labels", `{"app.kubernetes.io/tier":"gold"}`},
		{set("text", "true", false), "kind", "bool"},
		{set("text", "null", false), "kind", "invalid"},
	} {
		one.asked.Environment = map[string]string{"NAME": "web"}
		if got := data(one.asked)[one.key]; got != one.wants {
			t.Errorf("%v: %s is %q, want %q", one.asked.Parameters, one.key, got, one.wants)
		}
	}
	both := set("items[1].name", "changed", false)
	both.Values = "items: [{name: first}, {name: second}]"
	if got := data(both)["list"]; got != `[{"name":"first"},{"name":"changed"}]` {
		t.Errorf("a list of the values: %s", got)
	}
	twice := protocol.Helm{Parameters: []protocol.Parameter{{Name: "text", Value: "1"}, {Name: "text", Value: "2"}}}
	if got := data(twice)["text"]; got != "2" {
		t.Errorf("of two parameters of one name the last one counts, got %s", got)
	}
}

func TestParametersThatOverlapAreNoted(t *testing.T) {
	answer, err := ask(t, open(t, minimal("x")), protocol.Helm{
		Parameters: []protocol.Parameter{{Name: "a", Value: "{x}"}, {Name: "a[0]", Value: "y"}, {Name: "ab", Value: "z"}},
	})
	if err != nil || len(answer.Notes) != 1 || !strings.Contains(answer.Notes[0], "`a` and `a[0]`") {
		t.Errorf("got %v %v", answer, err)
	}
}
