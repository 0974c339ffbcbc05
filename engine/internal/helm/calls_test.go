package helm

import (
	"fmt"
	"strings"
	"testing"

	"github.com/argofix/argofix/engine/internal/protocol"
)

func TestARandomFunctionIsToldWhereItStands(t *testing.T) {
	files := open(t, chartYAML+`-- chart/templates/_helpers.tpl --
{{ define "web.unused" }}{{ uuidv4 }}{{ end }}
{{- define "web.plain" }}fixed{{ end }}
{{- define "web.password" -}}
{{- if .Values.given }}given{{ else -}}
{{ randAlphaNum 12 }}
{{- end }}
{{- end }}
-- chart/templates/all.yaml --
# randNumeric 5 in a comment
{{- $early := randAlpha 5 }}
kind: A
data: {{ include "web.password" . }}
---
kind: B
data: {{ include "web.plain" . }}{{ printf "%s%s" (include "web.plain" .) (randAscii 3 | b64enc) }}
---
kind: C
data: {{ $early }}
---
kind: D
data: {{ template "web.password" . }}
---
{{- if eq (randNumeric 30) "1" }}
{{- else if ne (randAlpha 30) "x" }}
kind: E
data: {{ now | unixEpoch | quote }}
{{- end }}
---
kind: F
data: {{ tpl "{{ uuidv4 }}" . }} {{ .Values.none }}
---
kind: G
data: {{ range until 2 }}{{ shuffle "abcdefghijklmnopqrst" }}{{ end }}
---
kind: H
data: fixed
-- sub.txt --
`)
	answer, err := ask(t, files, protocol.Helm{})
	if err != nil {
		t.Fatal(err.Message)
	}
	want := map[string]string{
		"A": "randAlpha all.yaml:2 randAlphaNum _helpers.tpl:5",
		"B": "randAscii all.yaml:7",
		"C": "randAlpha all.yaml:2 randAlphaNum _helpers.tpl:5 randAscii all.yaml:7", // whatever came before
		"D": "randAlphaNum _helpers.tpl:5",
		"E": "randNumeric all.yaml:15 randAlpha all.yaml:16 now all.yaml:18",
		"F": "uuidv4 all.yaml:22",
		"G": "shuffle all.yaml:25",
	}
	for _, one := range answer.Unstable {
		var told []string
		for _, call := range one.Calls {
			told = append(told, fmt.Sprintf("%s %s:%d", call.Function, strings.TrimPrefix(call.Path, "chart/templates/"), call.Line))
		}
		kind := strings.TrimSuffix(named(t, answer)[one.Resource], "/")
		if got := strings.Join(told, " "); got != want[kind] || one.Path != "/data" {
			t.Errorf("%s%s: %q", kind, one.Path, got)
		}
		delete(want, kind)
	}
	if len(want) > 0 {
		t.Errorf("not told: %v", want)
	}
}
