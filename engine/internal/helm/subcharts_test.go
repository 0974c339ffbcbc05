package helm

import (
	"fmt"
	"strings"
	"testing"

	"github.com/argofix/argofix/engine/internal/protocol"
)

const parent = `-- chart/Chart.yaml --
apiVersion: v2
name: web
version: 1.0.0
dependencies:
  - {name: db, version: "*", condition: "db.enabled,global.db", tags: [back]}
  - {name: db, version: "*", alias: replica, condition: replica.enabled}
  - {name: cache, version: "*", tags: [back, fast], import-values: [shared, {child: deep.inner, parent: lifted}]}
  - {name: common, version: "*"}
-- chart/values.yaml --
global: {stage: prod}
own: parent
replica: {enabled: false}
db: {size: parent}
-- chart/templates/cm.yaml --
apiVersion: v1
kind: ConfigMap
metadata:
  name: parent-{{ include "common.name" . }}
data: {{ .Values | toJson }}
-- chart/templates/twice.yaml --
{{ define "twice" }}parent{{ end }}
-- chart/charts/common/Chart.yaml --
apiVersion: v2
name: common
version: 1.0.0
type: library
-- chart/charts/common/templates/_names.tpl --
{{ define "common.name" }}{{ .Release.Name }}-{{ .Chart.Name }}{{ end }}
-- chart/charts/common/templates/ignored.yaml --
kind: Ignored
-- chart/charts/db/Chart.yaml --
apiVersion: v2
name: db
version: 1.2.3
-- chart/charts/db/values.yaml --
size: child
enabled: true
global: {stage: child, more: child}
nulled: x
-- chart/charts/db/templates/cm.yaml --
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Chart.Name }}-{{ include "twice" . }}
data: {{ .Values | toJson }}
-- chart/charts/db/templates/twice.yaml --
{{ define "twice" }}child{{ end }}
-- chart/charts/db/crds/crd.yaml --
kind: CustomResourceDefinition
metadata: {name: a}
-- chart/charts/cache/Chart.yaml --
apiVersion: v2
name: cache
version: 1.0.0
-- chart/charts/cache/values.yaml --
exports: {shared: {fromChild: exported, own: child}}
deep: {inner: {x: 1}}
-- chart/charts/cache/templates/cm.yaml --
apiVersion: v1
kind: ConfigMap
metadata: {name: cache}
-- chart/charts/cache/values.schema.json --
{"type": "object", "properties": {"port": {"type": "integer"}}}
-- chart/charts/undeclared/Chart.yaml --
apiVersion: v1
name: undeclared
version: 0.1.0
-- chart/charts/undeclared/templates/cm.yaml --
apiVersion: v1
kind: ConfigMap
metadata: {name: undeclared}
-- chart/charts/README.md --
no chart
-- chart/charts/_off/Chart.yaml --
apiVersion: v2
-- chart/crds/crd.yaml --
kind: CustomResourceDefinition
metadata: {name: b}
`

func TestSubchartsAreThoseOfHelm(t *testing.T) {
	files := open(t, strings.Replace(parent, "-- chart/charts/README.md --\nno chart\n", "", 1))
	for _, values := range []string{
		"", "db: {enabled: false}", "tags: {back: false}", "tags: {back: false, fast: true}", "replica: {enabled: true}",
		"global: {db: false}", "db: {enabled: true}\ntags: {back: false}", "db: {nulled: null}", "db: null", "db: text",
		"cache: {port: x}", "undeclared: {enabled: false}", "global: text", "own: null", "lifted: {x: 2}",
		"replica: {enabled: true, size: own}\ndb: {enabled: false}", "tags: {back: text}", "db: {enabled: text}",
	} {
		t.Run(values, func(t *testing.T) { sameAsHelm(t, files, values) })
	}
	sameAsHelm(t, open(t, parent), "")
}

func TestAPackagedSubchartIsRenderedAsAnUnpackedOne(t *testing.T) {
	archive := packed(t, map[string]string{
		"db/Chart.yaml":        "apiVersion: v2\nname: db\nversion: 1.2.3\n",
		"db/templates/cm.yaml": configMap("from-archive"),
		"db/templates/bad.txt": "",
	})
	files := with(t, minimal("parent"), map[string]string{"chart/charts/db-1.2.3.tgz": archive})
	answer, err := ask(t, files, protocol.Helm{})
	if err != nil {
		t.Fatal(err.Message)
	}
	expect(t, named(t, answer), configMaps("from-archive", "parent"))
	origin := answer.Resources[0].Origin
	if origin.Path != "chart/charts/db-1.2.3.tgz" || origin.Line != 0 || origin.Chart != "web/charts/db" ||
		origin.Template != "templates/cm.yaml" {
		t.Errorf("origin %+v", origin)
	}
	sameAsHelm(t, files, "")
}

func TestAnArchiveThatIsNoneIsRefused(t *testing.T) {
	chart := map[string]string{"db/Chart.yaml": "apiVersion: v2\nname: db\nversion: 1.2.3\n"}
	many := map[string]string{"db/Chart.yaml": chart["db/Chart.yaml"]}
	for i := range 600 {
		many[fmt.Sprintf("db/templates/%05d.yaml", i)] = ""
	}
	for _, one := range []struct {
		why  string
		data string
		code protocol.Code
		says string
	}{
		{"no archive", "text", protocol.Failed, ""},
		{"cut short", packed(t, chart)[:80], protocol.Failed, ""},
		{"a path that leaves it", packed(t, map[string]string{"db/../../x": "x"}), protocol.Failed, "parent directory"},
		{"an absolute path", packed(t, map[string]string{"db//etc/x": "x"}), protocol.Failed, "absolute paths"},
		{"one large file", packed(t, map[string]string{"db/x": strings.Repeat("\x00", 6<<20)}), protocol.Failed, "maximum file size"},
		{"large in all", bomb(t, 4), protocol.TooLarge, "unpacked"},
		{"archives in archives", nested(t, 34), protocol.TooLarge, ""},
		{"too many files", packed(t, many), protocol.TooLarge, ""},
	} {
		_, err := ask(t, with(t, minimal("x"), map[string]string{"chart/charts/db.tgz": one.data}), protocol.Helm{})
		if err == nil || err.Code != one.code || !strings.Contains(err.Message, one.says) ||
			err.File != "chart/charts/db.tgz" {
			t.Errorf("%s: %+v", one.why, err)
		}
	}
}

func bomb(t *testing.T, files int) string {
	contents := map[string]string{"db/Chart.yaml": "apiVersion: v2\nname: db\nversion: 1.2.3\n"}
	for i := range files {
		contents[fmt.Sprintf("db/%d", i)] = strings.Repeat("\x00", 4<<20)
	}
	return packed(t, contents)
}

func nested(t *testing.T, depth int) string {
	data := ""
	for range depth {
		contents := map[string]string{"db/Chart.yaml": "apiVersion: v2\nname: db\nversion: 1.2.3\n"}
		if data != "" {
			contents["db/charts/db.tgz"] = data
		}
		data = packed(t, contents)
	}
	return data
}

func TestADependencyThatIsNotThereIsNamed(t *testing.T) {
	const chart = `-- chart/Chart.yaml --
apiVersion: v2
name: web
version: 1.0.0
dependencies:
  - {name: cache, version: ^4.0.0, repository: "https://charts.example.com", condition: cache.enabled}
  - {name: queue, version: 1.x, repository: "oci://registry.example.com/charts"}
  - {name: there, version: "*", repository: "https://charts.example.com"}
  - {name: beside, version: ^1, repository: "file://../beside"}
-- chart/Chart.lock --
dependencies:
  - {name: cache, version: 4.5.6, repository: "https://charts.example.com"}
-- chart/values.yaml --
cache: {enabled: false}
-- chart/charts/there/Chart.yaml --
apiVersion: v2
name: there
version: 1.0.0
-- beside/Chart.yaml --
apiVersion: v2
name: beside
version: 1.4.0
-- beside/templates/cm.yaml --
apiVersion: v1
kind: ConfigMap
metadata: {name: beside}
`
	_, err := ask(t, open(t, chart), protocol.Helm{})
	if err == nil || err.Code != protocol.NeedsChart || err.File != "chart/Chart.yaml" {
		t.Fatalf("got %+v", err)
	}
	want := "[{cache https://charts.example.com 4.5.6} {queue oci://registry.example.com/charts 1.x}]"
	if got := fmt.Sprint(err.Charts); got != want || err.Chart.Name != "cache" {
		t.Errorf("got %s", got)
	}
	// A directory of the repository needs no network.
	local := strings.Replace(chart, "  - {name: cache", "  #", 1)
	local = strings.Replace(local, "  - {name: queue", "  #", 1)
	expect(t, names(t, open(t, local), protocol.Helm{}), configMaps("beside"))
	for address, code := range map[string]protocol.Code{
		"file://../../beside": protocol.Escapes, "file://../gone": protocol.Failed,
	} {
		_, err := ask(t, open(t, strings.Replace(local, "file://../beside", address, 1)), protocol.Helm{})
		if err == nil || err.Code != code {
			t.Errorf("%s: %+v", address, err)
		}
	}
	_, err = ask(t, open(t, strings.Replace(local, "1.4.0", "2.0.0", 1)), protocol.Helm{})
	if err == nil || !strings.Contains(err.Message, "valid version") {
		t.Errorf("got %+v", err)
	}
}

func TestWhatIsNoChartIsTold(t *testing.T) {
	for _, one := range []struct {
		files string
		asked protocol.Helm
		code  protocol.Code
		file  string
		says  string
	}{
		{"-- other/x --\n", protocol.Helm{}, protocol.NotFound, "chart/Chart.yaml", "Chart.yaml file is missing"},
		{"-- chart/Chart.yaml --\na: [\n", protocol.Helm{}, protocol.Failed, "chart/Chart.yaml", "cannot load Chart.yaml"},
		{"-- chart/Chart.yaml --\nname: x\n", protocol.Helm{}, protocol.Failed, "chart/Chart.yaml", "version"},
		{chartYAML + "type: library\n", protocol.Helm{}, protocol.Failed, "chart/Chart.yaml", "library charts are not installable"},
		{chartYAML + "kubeVersion: \">=1.28\"\n", protocol.Helm{KubeVersion: "1.26"}, protocol.Failed, "chart/Chart.yaml",
			"chart requires kubeVersion: >=1.28 which is incompatible with Kubernetes v1.26"},
		{strings.Replace(chartYAML, "v2", "v3", 1), protocol.Helm{}, protocol.Failed, "chart/Chart.yaml", "invalid chart apiVersion"},
		{chartYAML, protocol.Helm{ReleaseName: strings.Repeat("a", 54)}, protocol.Failed, "", "the length must not be longer than 53"},
		{chartYAML, protocol.Helm{ReleaseName: "Web_1"}, protocol.Failed, "", "release name check failed: release name \"Web_1\": invalid release name"},
		{chartYAML, protocol.Helm{Version: "v2"}, protocol.Failed, "", "helm version 'v2' is not supported"},
		{chartYAML, protocol.Helm{KubeVersion: "x"}, protocol.Failed, "", "could not parse kubernetes version"},
		{chartYAML + "-- chart/values.yaml --\na: [\n", protocol.Helm{}, protocol.Failed, "chart/values.yaml", "cannot load values.yaml"},
		{chartYAML + "-- chart/charts/a/Chart.yaml --\na: [\n", protocol.Helm{}, protocol.Failed, "chart/charts/a/Chart.yaml", "error unpacking subchart a in web"},
		{chartYAML + "-- chart/charts/a/x --\n", protocol.Helm{}, protocol.Failed, "chart/charts/a/Chart.yaml", "Chart.yaml file is missing"},
		{chartYAML + "-- chart/loop --\n-> ../chart\n", protocol.Helm{}, protocol.Failed, "chart" + strings.Repeat("/loop", 41), "symbolic links"},
		{chartYAML + "-- chart/out --\n-> ../../x\n", protocol.Helm{}, protocol.Escapes, "chart/out", "leads out"},
		{chartYAML + "-- chart/out --\n-> /etc/passwd\n", protocol.Helm{}, protocol.Escapes, "chart/out", "leads out"},
		{chartYAML + "-- chart/gone --\n-> nothing\n", protocol.Helm{}, protocol.NotFound, "chart/gone", "symlink"},
	} {
		_, err := ask(t, open(t, one.files), one.asked)
		if err == nil || err.Code != one.code || err.File != one.file || !strings.Contains(err.Message, one.says) {
			t.Errorf("%q: %+v", one.says, err)
		}
	}
	linked := minimal("x") + "-- chart/templates/more.yaml --\n-> ../../shared/more.yaml\n-- shared/more.yaml --\n" + configMap("shared")
	expect(t, names(t, open(t, linked), protocol.Helm{}), configMaps("x", "shared"))
}
