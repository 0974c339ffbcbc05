package helm

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/argofix/argofix/engine/internal/protocol"
)

// mutating is a chart whose templates and dependencies change whatever they can get hold of.
var mutating = strings.Replace(parent, "-- chart/charts/README.md --\nno chart\n", "", 1) + `-- chart/templates/mutate.yaml --
apiVersion: v1
kind: ConfigMap
metadata:
  name: before-{{ .Values.own }}-{{ .Values.db.size }}-{{ len .Chart.Dependencies }}-{{ .Values.count | default 0 | int }}
{{- $_ := set .Values "own" "changed" }}
{{- $_ := set .Values.db "size" "changed" }}
{{- $_ := set .Values "count" (add 1 (.Values.count | default 0)) }}
{{- $_ := set .Chart "Name" "changed" }}
{{- $_ := unset .Release "Name" }}
{{- $_ := mergeOverwrite .Values.global (dict "stage" "changed") }}
{{- range .Chart.Dependencies }}{{ $_ := set . "Name" "changed" }}{{ end }}
{{ tpl "{{ define \"twice\" }}changed{{ end }}" . }}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: random-{{ randAlphaNum 5 | lower }}-{{ keys .Values | sortAlpha | len }}
`

func TestAnAnswerDoesNotDependOnWhatWasAskedBefore(t *testing.T) {
	files := open(t, mutating+"-- chart/more.yaml --\nown: file\ndb: {size: file, nested: {a: [1, {b: c}]}}\n-- chart/values.schema.json --\n"+
		`{"properties": {"own": {"type": "string"}}}`+"\n")
	other := open(t, minimal("other-{{ .Values | toJson | sha256sum | trunc 8 }}"))
	var requests []protocol.Helm
	for _, values := range []string{
		"", "own: x", "own: 1", "db: {enabled: false}", "replica: {enabled: true, size: r}", "tags: {back: false}", "db: null",
	} {
		for _, parameter := range []protocol.Parameter{{}, {Name: "db.nested.a[1].b", Value: "set"}, {Name: "own", Value: "set"}} {
			asked := protocol.Helm{Values: values, ValueFiles: []string{"more.yaml"}}
			if parameter.Name != "" {
				asked.Parameters = []protocol.Parameter{parameter}
			}
			requests = append(requests, asked)
		}
	}
	requests = append(requests, protocol.Helm{ValueFiles: []string{"gone.yaml"}}, protocol.Helm{KubeVersion: "1.33"},
		protocol.Helm{SkipCRDs: true}, protocol.Helm{ReleaseName: "other"}, protocol.Helm{APIVersions: []string{"x/v1"}})
	answer := func(r *Renderer, index int) string {
		from := files
		if index%5 == 4 {
			from = other
		}
		made, err := askOf(t, r, from, requests[index])
		text, _ := json.Marshal(made)
		if err != nil {
			text, _ = json.Marshal(err)
		}
		return string(text)
	}
	alone := make([]string, len(requests))
	for i := range requests {
		alone[i] = answer(New(), i)
	}
	for seed := range uint64(4) {
		r, random := New(), rand.New(rand.NewPCG(seed, 0))
		for range 3 {
			for _, i := range random.Perm(len(requests)) {
				if got := answer(r, i); got != alone[i] {
					t.Fatalf("seed %d: request %d answers\n%s\nand alone\n%s", seed, i, got, alone[i])
				}
			}
		}
	}
}

// A set of templates takes a hundred times what a small chart's files do: ten thousand such charts took a gigabyte.
func TestWhatIsKeptIsBounded(t *testing.T) {
	r := New()
	r.charts.most = 10 * setBytes
	for i := range 50 {
		files := open(t, minimal(fmt.Sprintf("chart-%d", i)))
		answer, err := askOf(t, r, files, protocol.Helm{})
		if err != nil {
			t.Fatal(err.Message)
		}
		expect(t, named(t, answer), configMaps(fmt.Sprintf("chart-%d", i)))
	}
	if kept := len(r.charts.entries); kept < 5 || kept > 10 {
		t.Errorf("%d charts are kept", kept)
	}
}

func TestValuesFilesThatAreKeptAreBounded(t *testing.T) {
	r, text := New(), []byte("a: "+strings.Repeat("x", 1_000)+"\n")
	for i := range 3 * mostRead / len(text) {
		if _, err := r.parse(fmt.Sprint(i), text); err != nil {
			t.Fatal(err)
		}
	}
	if kept := len(r.parsed); kept == 0 || kept > mostRead/len(text) || kept > mostParsed {
		t.Errorf("%d values files are kept", kept)
	}
}

// BenchmarkOneChart renders one chart for many Applications, as an app-of-apps repository does.
func BenchmarkOneChart(b *testing.B) {
	text := strings.Replace(parent, "-- chart/charts/README.md --\nno chart\n", "", 1)
	files, r := open(b, text), New()
	for i := 0; b.Loop(); i++ {
		name := fmt.Sprintf("app-%d", i)
		if _, err := askOf(b, r, files, protocol.Helm{ReleaseName: name, Values: "own: " + name}); err != nil {
			b.Fatal(err.Message)
		}
	}
}
