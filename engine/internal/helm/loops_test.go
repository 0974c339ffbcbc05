package helm

import (
	"strings"
	"testing"

	"github.com/argofix/argofix/engine/internal/protocol"
)

// loop begins a template in which `$x` holds itself, two maps down.
const loop = `{{ $x := dict "a" (dict "b" 1) }}{{ $_ := set $x.a "x" $x }}`

// loops are templates over which Helm overflows its stack, which nothing can catch.
var loops = map[string]string{
	"written":             loop + `{{ $x }}`,
	"written in a list":   loop + `{{ list 1 $x }}`,
	"written by with":     loop + `{{ with $x }}{{ . }}{{ end }}`,
	"written by template": loop + `{{ define "w" }}{{ . }}{{ end }}{{ template "w" $x }}`,
	"written by tpl":      loop + `{{ tpl "{{ . }}" $x }}`,
	"written as default":  loop + `{{ default $x "" }}`,
	"values":              `{{ $_ := set .Values "me" .Values }}{{ .Values }}`,
	"merged":              loop + `{{ mergeOverwrite $x $x }}`,
	"merged below":        loop + `{{ merge (dict "a" (dict)) $x $x | len }}`,
	"merged into what it holds": `{{ $m := dict "c" (dict "s" "1") }}{{ $x := dict "a" $m "b" (dict "a" $m) }}{{ $_ := set $m "a" (dict "k" 1) }}` +
		`{{ range 40 }}{{ $_ := mergeOverwrite $m $x }}{{ $_ := merge $x $m }}{{ end }}{{ $m | toString }}`,
	"text":       loop + `{{ $x | toString }}`,
	"quoted":     loop + `{{ $x | quote }}`,
	"formatted":  loop + `{{ printf "%v" $x }}`,
	"joined":     loop + `{{ join "," (list $x) }}`,
	"copied":     loop + `{{ deepCopy $x | len }}`,
	"a number":   loop + `{{ int $x }}`,
	"a sum":      loop + `{{ add 1 $x }}`,
	"a maximum":  loop + `{{ max 1 $x }}`,
	"rounded":    loop + `{{ round $x 2 }}`,
	"a product":  loop + `{{ mulf 2 $x }}`,
	"compared":   loop + `{{ eq $x $x }}`,
	"not equal":  loop + `{{ ne $x.a $x }}`,
	"one of":     loop + `{{ eq 1 2 3 | ternary 1 2 }}{{ eq $x.a $x.a $x }}`,
	"a key":      loop + `{{ dict $x 1 | len }}`,
	"prettified": loop + `{{ toYamlPretty $x }}`,
	"TOML":       loop + `{{ toToml $x }}`,
	"sorted":     loop + `{{ sortAlpha (list $x "a") }}`,
}

func TestAMapThatHoldsItselfIsAnErrorOfItsTemplate(t *testing.T) {
	for name, template := range loops {
		t.Run(name, func(t *testing.T) {
			files := open(t, chartYAML+"-- chart/templates/a.yaml --\nkind: X\na: "+template+"\n")
			_, err := ask(t, files, protocol.Helm{})
			if err == nil || err.Code != protocol.Failed || !strings.Contains(err.Message, "holds itself") {
				t.Fatalf("got %+v", err)
			}
			if err.File != "chart/templates/a.yaml" || err.Line != 2 {
				t.Errorf("at %s:%d", err.File, err.Line)
			}
		})
	}
}

// What Helm does with such a map without walking all of it, or with an end to it, is done here as well.
func TestAMapMayHoldItself(t *testing.T) {
	cases := map[string]string{
		"unused":     loop + `{{ len $x }}`,
		"YAML":       loop + `{{ toYaml $x | len }}`,
		"JSON":       loop + `{{ toJson $x | len }}`,
		"pretty":     loop + `{{ toPrettyJson $x | len }}`,
		"a field":    loop + `{{ $x.a.x.a.x.a.b }}`,
		"has it":     loop + `{{ has $x (list 1 $x) }}{{ hasKey $x "a" }}{{ deepEqual $x $x }}`,
		"values":     `{{ $_ := set .Values "root" . }}{{ .Values.root.Values.root.Release.Name }}`,
		"kinds":      loop + `{{ kindOf $x }}{{ typeOf $x }}{{ empty $x }}`,
		"with nil":   loop + `{{ eq $x nil }}{{ ne nil $x.gone }}`,
		"merged":     `{{ $x := dict "a" (dict "b" 1) }}{{ mergeOverwrite $x $x }}{{ merge (dict) $x.a $x }}{{ merge $x $x.a }}`,
		"merged in":  `{{ $v := dict "c" (dict "i" (dict "t" 1)) "i" (dict "p" 2) }}{{ merge (dict) $v.c $v }}{{ $v }}`,
		"overlapped": `{{ $v := dict "c" (dict "i" (dict "t" 1)) "i" (dict "t" 2) }}{{ mustMergeOverwrite (dict) $v $v.c }}{{ $v }}`,
		"compared":   `{{ eq 1 1.0 }}`,
		"comparing":  `{{ eq "a" "b" "a" }}{{ eq 1 2 }}{{ eq true false true }}{{ eq 1.5 1.5 }}{{ ne 1 2 }}{{ eq (uint8 3) 3 }}`,
		"compare":    `{{ eq (dict) (dict) }}`,
		"comparison": `{{ eq (list) "a" }}`,
		"nothing":    `{{ eq .Values.gone nil }}{{ eq nil nil }}{{ eq .Values.gone "a" }}{{ .Values.gone }}{{ nil | default "x" }}`,
		"one":        `{{ eq 1 }}`,
		"pointers":   `{{ .Capabilities.KubeVersion }} {{ .Capabilities.KubeVersion.Version }} {{ .Files }} {{ .Chart }}`,
		"types":      `{{ list 1 "a" nil 1.5 (dict "a" nil) }}{{ dict "a" (list) }}{{ .Values }}`,
	}
	for name, template := range cases {
		t.Run(name, func(t *testing.T) {
			files := open(t, chartYAML+"-- chart/templates/a.yaml --\nkind: X\na: |-\n  "+template+"\n")
			sameAsHelm(t, files, "{a: 1}")
		})
	}
}
