package helm

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/argofix/argofix/engine/internal/protocol"
)

func TestAResourceStandsAtItsLineOfItsTemplate(t *testing.T) {
	files := open(t, chartYAML+`-- chart/templates/_helpers.tpl --
{{ define "web.made" -}}
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ . }}}
{{- end }}
-- chart/templates/all.yaml --
{{- /* nothing
of this is written */ -}}
# a comment
apiVersion: v1
kind: ConfigMap
metadata: {name: line-4}
---
{{- if true }}
# another one

apiVersion: v1
kind: ConfigMap
metadata: {name: line-11}
{{- end }}
{{- range $i, $x := list "a" "b" }}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: line-17-{{ $x }}}
{{- end }}
---
{{ include "web.made" "line-22" }}
---
{{- template "web.made" "line-24" }}
---
{{ .Values.none }}{{ include "web.made" "line-26" | nindent 0 }}
---
{{- range .Values.docs }}
---
{{ tpl . $ }}
{{- end }}
---
data: {{ .Values.gone.deeper | default "" }}{{ .Values.none }}
apiVersion: v1
kind: ConfigMap
metadata: {name: line-33}
-- chart/crds/crd.yaml --
kind: CustomResourceDefinition
metadata: {name: first}
---
kind: CustomResourceDefinition
metadata: {name: second}
`)
	answer, err := ask(t, files, protocol.Helm{
		Values: "gone: {}\ndocs: [\"apiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: line-30}\"]",
	})
	if err != nil {
		t.Fatal(err.Message)
	}
	seen := 0
	for i, name := range named(t, answer) {
		origin := answer.Resources[i].Origin
		if strings.HasPrefix(name, "Custom") {
			if origin.Path != "chart/crds/crd.yaml" || origin.Template != "crds/crd.yaml" || origin.Document != i {
				t.Errorf("%s: %+v", name, origin)
			}
			continue
		}
		want := strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(name, "ConfigMap/line-"), "-a"), "-b")
		if got := fmt.Sprint(origin.Line); got != want || origin.Path != "chart/templates/all.yaml" {
			t.Errorf("%s stands at %s:%s", name, origin.Path, got)
		}
		if origin.Document != seen || origin.Chart != "web" || origin.Template != "templates/all.yaml" {
			t.Errorf("%s: %+v", name, origin)
		}
		seen++
	}
	if seen != 9 {
		t.Errorf("%d documents", seen)
	}
}

func TestAFaultStandsAtItsLineOfItsTemplate(t *testing.T) {
	for _, one := range []struct {
		template string
		line     int
		says     string
	}{
		{"\n\na: {{ required \"set it\" .Values.gone }}", 3, "execution error at (web/templates/cm.yaml:3:6): set it"},
		{"\na: {{ .Values.gone.deeper }}", 2, "nil pointer evaluating interface {}.deeper"},
		{"\na: {{ include \"web.fault\" . }}", 2, "web/templates/_helpers.tpl:1"},
		{"\n\n\na: {{ nothing }}", 4, "function \"nothing\" not defined"},
		{"a:\n  {{ toYaml .Values.map }}\n  b: c\n d", 0, "YAML parse error on web/templates/cm.yaml"},
		{"a: b", 1, "Object 'Kind' is missing"},
		{"\n- a", 0, "YAML parse error on web/templates/cm.yaml"},
	} {
		_, err := ask(t, open(t, chartYAML+"-- chart/templates/cm.yaml --\n"+one.template+
			"\n-- chart/templates/_helpers.tpl --\n{{ define \"web.fault\" }}{{ .Values.gone.deeper }}{{ end }}\n"),
			protocol.Helm{Values: "map: {a: {b: c}}"})
		if err == nil || err.File != "chart/templates/cm.yaml" || err.Line != one.line || !strings.Contains(err.Message, one.says) {
			t.Errorf("%q: %+v", one.template, err)
		}
	}
}

func TestTheEntryThatDecidesIsFoundByTrying(t *testing.T) {
	files := open(t, chartYAML+`-- chart/values.yaml --
image:
  registry: docker.io
  # of the chart
  tag: latest
suffix: cfg
unused: cart
-- chart/templates/cm.yaml --
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Values.name }}-{{ .Values.suffix }}
  namespace: {{ .Release.Namespace }}
data:
  image: {{ .Values.image.registry }}/{{ .Values.image.repository }}:{{ .Values.image.tag }}
  fixed: cart
  port: {{ .Values.port | quote }}
  chosen: {{ if eq .Values.name "cart" }}one{{ else }}other{{ end }}
-- chart/charts/db/Chart.yaml --
apiVersion: v2
name: db
version: 1.0.0
-- chart/charts/db/values.yaml --
size: large
-- chart/charts/db/templates/cm.yaml --
apiVersion: v1
kind: ConfigMap
metadata: {name: "db-{{ .Values.size }}"}
-- envs/prod.yaml --
name: overridden
image:
  repository: shop/cart
other: {cart: cart}
`)
	asked := protocol.Helm{
		ValueFiles: []string{"/envs/prod.yaml"}, Values: "image:\n  tag: 1.2.3\n", ValuesObject: []byte("null"),
		Parameters: []protocol.Parameter{{Name: "name", Value: "cart"}, {Name: "port", Value: "8080"}},
		Explain: []protocol.Question{
			{Resource: 0, Field: "/metadata/name"}, {Resource: 1, Field: "/metadata/name"}, {Resource: 1, Field: "/data/image"},
			{Resource: 1, Field: "/data/fixed"}, {Resource: 1, Field: "/data/port"}, {Resource: 1, Field: "/metadata/namespace"},
			{Resource: 1, Field: "/data/chosen"}, {Resource: 1, Field: "/data/gone"},
		},
	}
	answer, err := ask(t, files, asked)
	if err != nil {
		t.Fatal(err.Message)
	}
	told := func(resource int) string {
		var lines []string
		for _, value := range answer.Resources[resource].Origin.Values {
			lines = append(lines, fmt.Sprintf("%s %s %s:%d %s", value.Field, value.Source, value.Path, value.Line, value.Key))
		}
		return strings.Join(lines, "\n")
	}
	if got := told(0); got != "/metadata/name chart chart/charts/db/values.yaml:1 /size" {
		t.Errorf("the subchart's:\n%s", got)
	}
	want := `/metadata/name parameters :0 name
/metadata/name chart chart/values.yaml:5 /suffix
/data/image valueFiles envs/prod.yaml:3 /image/repository
/data/image chart chart/values.yaml:2 /image/registry
/data/image values :2 /image/tag
/data/port parameters :0 port
/data/chosen parameters :0 name`
	if got := told(1); got != want {
		t.Errorf("got\n%s", got)
	}
	asked.Explain = []protocol.Question{{Resource: 9, Field: "/metadata/name"}}
	if _, err := ask(t, files, asked); err == nil || err.Code != protocol.MalformedRequest {
		t.Errorf("got %+v", err)
	}
}

func TestWhatIsRandomIsToldFieldByField(t *testing.T) {
	const secret = "-- chart/templates/secret.yaml --\napiVersion: v1\nkind: Secret\nmetadata: {name: NAME}\ndata:\n  fixed: x\n  random: DATA\n"
	tell := func(name, data, values string) string {
		t.Helper()
		text := minimal("stable") + strings.NewReplacer("NAME", name, "DATA", data).Replace(secret)
		answer, err := ask(t, open(t, text), protocol.Helm{Values: values})
		if err != nil {
			t.Fatal(err.Message)
		}
		again, _ := ask(t, open(t, text), protocol.Helm{Values: values})
		if fmt.Sprint(named(t, answer)) != fmt.Sprint(named(t, again)) || len(answer.Resources) != 2 {
			t.Errorf("%s: two answers differ", data)
		}
		var told []string
		for _, one := range answer.Unstable {
			told = append(told, named(t, answer)[one.Resource]+" "+one.Path)
		}
		return strings.Join(told, ", ")
	}
	for _, one := range []struct{ name, data, values, want string }{
		{"s", `{{ randAlphaNum 8 }}`, "", "Secret/s /data/random"},
		{"s", `{{ .Values.given | default (randAlphaNum 8) }}`, "given: x", ""},
		{"s", `{{ $ca := genCA "ca" 3 }}{{ (genSignedCert "c" nil (list "a.b") 3 $ca).Cert | b64enc }}`, "", "Secret/s /data/random"},
		{"s", `{{ htpasswd "u" "p" }}`, "", "Secret/s /data/random"},
		{"s", `{{ derivePassword 1 "long" "p" "u" "s" | quote }}`, "", ""},
		{"s", `{{ uuidv4 }}`, "", "Secret/s /data/random"},
		{"s", `{{ now | date "15:04" | quote }}`, "", "Secret/s /data/random"},
		{"s", `{{ now | date "2006" | quote }}`, "", ""},
		{"s", `{{ date "2006-01-02" nil }}`, "", "Secret/s /data/random"},
		{"s", `{{ keys (dict "a" 1 "b" 2) | join "," }}`, "", "Secret/s /data/random"},
		{"s", `{{ keys (dict "a" 1 "b" 2) | sortAlpha | join "," }}`, "", ""},
		{"s", `{{ shuffle "abcdefghijklmnop" }}`, "", "Secret/s /data/random"},
		{"s", `{{ encryptAES "k" "text" }}`, "", "Secret/s /data/random"},
		{"s", `{{ genPrivateKey "rsa" | b64enc }}`, "", "Secret/s /data/random"},
		{"s", `{{ randAlphaNum 8 | len }}`, "", ""},
		{"s", `{{ tpl "{{ randNumeric 9 | quote }}" . }}`, "", "Secret/s /data/random"},
	} {
		if got := tell(one.name, one.data, one.values); got != one.want {
			t.Errorf("%s: got %q", one.data, got)
		}
	}
	if got := tell(`s-{{ randAlpha 5 | lower }}`, "y", ""); !strings.HasPrefix(got, "Secret/s-") || !strings.HasSuffix(got, " /metadata/name") {
		t.Errorf("in the name: %q", got)
	}
	// More or fewer resources.
	answer, err := ask(t, open(t, chartYAML+"-- chart/templates/n.yaml --\n{{ if lt (now | date \"5\" | int) 30 }}\n"+configMap("a")+"{{ end }}\n"+
		"{{ if ge (now | date \"5\" | int) 31 }}\n---\n"+configMap("b")+"{{ end }}\n"), protocol.Helm{})
	if err != nil || len(answer.Resources) != 0 || len(answer.Unstable) != 1 || answer.Unstable[0].Resource != -1 ||
		answer.Unstable[0].Template != "templates/n.yaml" {
		t.Errorf("got %+v %+v", answer, err)
	}
}

func TestHooksAreThoseThatHelmPrints(t *testing.T) {
	var text strings.Builder
	text.WriteString(chartYAML)
	for _, hook := range []string{"pre-install", "post-install", "test", "test-success", "pre-delete", "post-rollback", "crd-install", "Pre-Upgrade", "pre-install,nonsense"} {
		fmt.Fprintf(&text, "-- chart/templates/%s.yaml --\nkind: Job\nmetadata: {name: %s, annotations: {helm.sh/hook: '%s'}}\n",
			strings.ToLower(strings.ReplaceAll(hook, ",", "-")), strings.ToLower(strings.ReplaceAll(hook, ",", "-")), hook)
	}
	text.WriteString("-- chart/templates/z.yaml --\n" + configMap("plain"))
	all := []string{"ConfigMap/plain", "Job/post-install", "Job/post-rollback", "Job/pre-delete", "Job/pre-install", "Job/pre-upgrade", "Job/test-success", "Job/test"}
	got := names(t, open(t, text.String()), protocol.Helm{})
	if len(got) != len(all) {
		t.Errorf("got %q", got)
	}
	for _, name := range names(t, open(t, text.String()), protocol.Helm{SkipTests: true}) {
		if strings.HasPrefix(name, "Job/test") {
			t.Errorf("skipTests leaves %s", name)
		}
	}
	expect(t, got[:1], all[:1])
}

func TestASchemaReachesNothing(t *testing.T) {
	chart := func(schema string) string {
		return minimal("cfg-{{ .Values.size }}") + "-- chart/values.yaml --\nsize: 1\n-- chart/values.schema.json --\n" + schema +
			"\n-- fetched/s.json --\n{\"type\": \"string\"}\n"
	}
	for _, one := range []struct {
		schema string
		code   protocol.Code
		says   string
	}{
		{`{"properties": {"size": {"type": "string"}}}`, protocol.Failed, "at '/size': got number, want string"},
		{`{"properties": {"size": {"$ref": "https://example.com/s.json"}}}`, protocol.NeedsURL, "https://example.com/s.json"},
		{`{"$schema": "https://example.com/draft.json"}`, protocol.NeedsURL, "https://example.com/draft.json"},
		{`{"$ref": "file:///etc/hostname"}`, protocol.NotFound, "/etc/hostname: no such file"},
		{`{"$ref": "other.json"}`, protocol.NotFound, "/other.json: no such file"},
		{`{"$ref": "ftp://example.com/x"}`, protocol.Failed, "ftp://example.com/x"},
		{`{`, protocol.Failed, "EOF"},
		{``, protocol.Failed, "EOF"},
		{`{"type": 1}`, protocol.Failed, "type"},
		{`{"$ref": "#/$defs/gone"}`, protocol.Failed, "gone"},
		{`{"$ref": "urn:example:any"}`, "", ""},
		{`{"$schema": "http://json-schema.org/draft-07/schema#", "properties": {"size": {"type": "integer"}}}`, "", ""},
	} {
		_, err := ask(t, open(t, chart(one.schema)), protocol.Helm{})
		switch {
		case one.code == "":
			if err != nil {
				t.Errorf("%s: %+v", one.schema, err)
			}
		case err == nil || err.Code != one.code || !strings.Contains(err.Message, one.says):
			t.Errorf("%s: %+v", one.schema, err)
		}
		got := names(t, open(t, chart(one.schema)), protocol.Helm{SkipSchemaValidation: true})
		expect(t, got, configMaps("cfg-1"))
	}
	remote := map[string]string{"https://example.com/s.json": "fetched/s.json"}
	_, err := ask(t, open(t, chart(`{"properties": {"size": {"$ref": "https://example.com/s.json"}}}`)), protocol.Helm{Remote: remote})
	if err == nil || !strings.Contains(err.Message, "want string") {
		t.Errorf("a schema that came with the request: %+v", err)
	}
}

func TestAListIsItsItems(t *testing.T) {
	files := open(t, chartYAML+"-- chart/templates/l.yaml --\nkind: List\napiVersion: v1\nitems:\n- "+
		strings.ReplaceAll(strings.TrimSpace(configMap("a")), "\n", "\n  ")+"\n---\nkind: XList\nitems: null\n---\nkind: Widget\nspec: {}\nitems: null\n---\nkind: Big\nmetadata: {name: large}\nvalue: 12345678901234567890\n")
	answer, err := ask(t, files, protocol.Helm{})
	if err != nil {
		t.Fatal(err.Message)
	}
	got := named(t, answer)
	if len(got) != 3 {
		t.Errorf("got %q", got)
	}
	if !json.Valid(answer.Resources[0].Object) || !strings.Contains(string(answer.Resources[0].Object), "12345678901234567890") {
		t.Errorf("a large number: %s", answer.Resources[0].Object)
	}
}

func TestWhatASchemaRefusesIsToldInOneOrder(t *testing.T) {
	files := open(t, minimal("x")+"-- chart/values.yaml --\n{a: 1, b: 1, c: 1, d: 1, e: 1}\n-- chart/values.schema.json --\n"+
		`{"properties": {"a": {"type": "string"}, "b": {"anyOf": [{"type": "string"}, {"type": "array"}]}, `+
		`"c": {"type": "string"}, "d": {"type": "string"}, "e": {"type": "string"}}}`)
	_, first := ask(t, files, protocol.Helm{})
	want := "web:\n- at '/a': got number, want string\n- at '/b': 'anyOf' failed\n  - at '/b': got number, want array\n" +
		"  - at '/b': got number, want string\n- at '/c': got number, want string\n"
	if first == nil || !strings.Contains(first.Message, want) {
		t.Fatalf("got %+v", first)
	}
	for range 10 {
		if _, again := ask(t, files, protocol.Helm{}); again.Message != first.Message {
			t.Errorf("got %s", again.Message)
		}
	}
}
