package helm

import (
	"context"
	"errors"
	"io"
	"log"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/argofix/argofix/engine/internal/protocol"
)

// TestMain lowers the bounds, so that reaching them takes no time.
func TestMain(m *testing.M) {
	mostOutput, mostMade = 2<<20, 16<<20
	mostFiles, mostChartBytes = 500, 12<<20
	log.SetOutput(io.Discard) // Helm's own warnings
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

// bombs are templates of one line that would take all memory, or all time.
var bombs = map[string]string{
	"repeat":             `{{ repeat 2000000000 "xxxxxxxxxx" }}`,
	"indent":             `{{ indent 2000000000 "x" }}`,
	"nindent":            `{{ "x" | nindent 2000000000 }}`,
	"until":              `{{ until 2000000000 }}`,
	"until backwards":    `{{ until -2000000000 }}`,
	"steps":              `{{ untilStep 0 2000000000 1 }}`,
	"sequence":           `{{ seq 2000000000 }}`,
	"sequence of three":  `{{ seq 0 1 2000000000 }}`,
	"letters":            `{{ randAlphaNum 2000000000 }}`,
	"bytes":              `{{ randBytes 2000000000 }}`,
	"width":              `{{ printf "%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d%1000000d" 1 }}`,
	"doubling":           `{{ $s := "x" }}{{ range 60 }}{{ $s = print $s $s }}{{ end }}`,
	"doubling by cat":    `{{ $s := "x" }}{{ range 60 }}{{ $s = cat $s $s }}{{ end }}`,
	"doubling by format": `{{ $s := "x" }}{{ range 60 }}{{ $s = printf "%s%s" $s $s }}{{ end }}`,
	"doubling by list":   `{{ $s := "x" }}{{ range 60 }}{{ $s = list $s $s | join "" }}{{ end }}`,
	"growing by base64":  `{{ $s := "xxxxxxxxxxxxx" }}{{ range 200 }}{{ $s = b64enc $s }}{{ end }}`,
	"growing by quotes":  `{{ $s := "\"" }}{{ range 60 }}{{ $s = quote $s }}{{ end }}`,
	"growing by include": `{{ define "d" }}{{ . }}{{ . }}{{ end }}{{ $s := "x" }}{{ range 60 }}{{ $s = include "d" $s }}{{ end }}`,
	"growing by tpl":     `{{ $s := "x" }}{{ range 60 }}{{ $s = tpl "{{ . }}{{ . }}" $s }}{{ end }}`,
	"growing by replace": `{{ $s := "aa" }}{{ range 60 }}{{ $s = replace "a" "aa" $s }}{{ end }}`,
	"growing by regexp":  `{{ $s := "aa" }}{{ range 60 }}{{ $s = regexReplaceAll "a" $s "aa" }}{{ end }}`,
	"growing list":       `{{ $l := list 1 }}{{ range 60 }}{{ $l = concat $l $l }}{{ end }}`,
	"laughs in JSON":     `{{ $l := list "lol" }}{{ range 60 }}{{ $l = list $l $l }}{{ end }}{{ toJson $l }}`,
	"laughs in YAML":     `{{ $l := dict "a" "lol" }}{{ range 60 }}{{ $l = dict "a" $l "b" $l }}{{ end }}{{ toYaml $l }}`,
	"laughs in text":     `{{ $l := list "lol" }}{{ range 60 }}{{ $l = list $l $l }}{{ end }}{{ toString $l }}`,
	"laughs copied":      `{{ $l := dict "a" "lol" }}{{ range 60 }}{{ $l = dict "a" $l "b" $l }}{{ end }}{{ deepCopy $l | len }}`,
	"output":             `{{ range 2000000000 }}xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx{{ end }}`,
	"output of includes": `{{ define "x" }}xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx{{ end }}{{ range 2000000000 }}{{ include "x" . }}{{ end }}`,
	"itself":             `{{ define "x" }}{{ template "x" . }}{{ end }}{{ template "x" . }}`,
	"itself in ifs":      `{{ define "x" }}{{ if true }}{{ with . }}{{ range list 1 }}{{ template "x" . }}{{ end }}{{ end }}{{ end }}{{ end }}{{ template "x" 1 }}`,
	"each other":         `{{ define "x" }}{{ include "y" . }}{{ end }}{{ define "y" }}{{ include "x" . }}{{ end }}{{ include "x" . }}`,
	"tpl of itself":      `{{ tpl .Values.again . }}`,
}

// endless are those that only time ends.
var endless = map[string]string{
	"loop":          `{{ range 2000000000 }}{{ end }}`,
	"loop in loop":  `{{ range 100000 }}{{ range 100000 }}{{ $x := 1 }}{{ end }}{{ end }}`,
	"loop in tpl":   `{{ tpl "{{ range 2000000000 }}{{ end }}" . }}`,
	"loop of calls": `{{ range 2000000000 }}{{ $x := sha256sum "x" }}{{ end }}`,
	"loop of ifs":   `{{ range 2000000000 }}{{ if false }}x{{ end }}{{ end }}`,
}

func TestABombIsToldAndTakesLittle(t *testing.T) {
	for name, template := range bombs {
		t.Run(name, func(t *testing.T) {
			files := open(t, chartYAML+"-- chart/templates/bomb.yaml --\nkind: X\na: "+template+"\n")
			began := time.Now()
			_, err := ask(t, files, protocol.Helm{ValuesObject: []byte(`{"again": "{{ tpl .Values.again . }}"}`)})
			if err == nil || err.Code != protocol.TooLarge && !strings.Contains(err.Message, "deep") &&
				!strings.Contains(err.Message, "nested reference") {
				t.Fatalf("got %+v", err)
			}
			if err.File != "chart/templates/bomb.yaml" || err.Line != 2 {
				t.Errorf("at %s:%d", err.File, err.Line)
			}
			if took := time.Since(began); took > 60*time.Second { // on a machine that is busy
				t.Errorf("took %s", took)
			}
		})
	}
}

func TestWhatNeverEndsIsEndedInTime(t *testing.T) {
	for name, template := range endless {
		t.Run(name, func(t *testing.T) {
			files := open(t, chartYAML+"-- chart/templates/loop.yaml --\n"+template+"\n")
			ctx, stop := context.WithTimeout(context.Background(), 20*time.Millisecond)
			defer stop()
			asked := &protocol.Helm{Chart: "chart", ReleaseName: "web"}
			_, err := New().Render(ctx, files, &protocol.Request{Helm: asked})
			var told *protocol.Error
			if !errors.As(err, &told) || told.Code != protocol.TimedOut {
				t.Fatalf("got %v", err)
			}
		})
	}
}

func TestTheRendererGoesOnAfterABomb(t *testing.T) {
	r := New()
	files := open(t, chartYAML+`-- chart/templates/cm.yaml --
{{ if .Values.bomb }}{{ range 2000000000 }}{{ repeat 100000 "x" }}{{ end }}{{ end }}
`+configMap("{{ .Release.Name }}"))
	for _, values := range []string{"bomb: true", "", "bomb: true", ""} {
		answer, err := askOf(t, r, files, protocol.Helm{Values: values})
		if values == "" {
			if err != nil {
				t.Fatal(err.Message)
			}
			expect(t, named(t, answer), configMaps("web"))
		} else if err == nil || err.Code != protocol.TooLarge {
			t.Errorf("got %+v", err)
		}
	}
}
