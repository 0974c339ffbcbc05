package helm

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/loader/archive"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"helm.sh/helm/v4/pkg/engine"
	releaseutil "helm.sh/helm/v4/pkg/release/v1/util"

	"github.com/argofix/argofix/engine/internal/protocol"
	"github.com/argofix/argofix/engine/internal/store"
)

// byHelm renders with Helm's own loader, engine and sorting: what `helm template --include-crds` prints, without the
// comments.
func byHelm(files *store.Files, values string) (documents []string, err error) {
	var buffered []*archive.BufferedFile
	listed, err := walk(files, "chart")
	if err != nil {
		return nil, err
	}
	for _, file := range listed {
		buffered = append(buffered, &archive.BufferedFile{Name: file.name, Data: file.data})
	}
	c, err := loader.LoadFiles(buffered)
	if err != nil {
		return nil, err
	}
	given, err := loader.LoadValues(strings.NewReader(values))
	if err != nil {
		return nil, err
	}
	if err := chartutil.ProcessDependencies(c, given); err != nil {
		return nil, fmt.Errorf("chart dependencies processing failed: %w", err)
	}
	capabilities := common.DefaultCapabilities.Copy()
	capabilities.HelmVersion.Version = helmVersion
	options := common.ReleaseOptions{Name: "web", Namespace: "shop", Revision: 1, IsInstall: true}
	top, err := util.ToRenderValues(c, given, options, capabilities)
	if err != nil {
		return nil, err
	}
	written, err := engine.Render(c, top)
	if err != nil {
		return nil, err
	}
	for name := range written {
		if strings.HasSuffix(name, "NOTES.txt") {
			delete(written, name)
		}
	}
	hooks, manifests, err := releaseutil.SortManifests(written, nil, releaseutil.InstallOrder)
	if err != nil {
		return nil, err
	}
	for _, crd := range c.CRDObjects() {
		documents = append(documents, crd.Filename+"\n"+string(crd.File.Data))
	}
	for _, manifest := range manifests {
		documents = append(documents, manifest.Name+"\n"+manifest.Content)
	}
	for _, hook := range hooks {
		documents = append(documents, hook.Path+"\n"+hook.Manifest)
	}
	return documents, nil
}

func byUs(files *store.Files, values string) ([]string, error) {
	asked := &protocol.Helm{Chart: "chart", ReleaseName: "web", Namespace: "shop", Values: values}
	work, err := New().prepare(context.Background(), files, asked)
	if err != nil {
		return nil, err
	}
	documents, err := work.render(newChance(0))
	var texts []string
	for _, one := range documents {
		texts = append(texts, one.source+"\n"+one.text)
	}
	return texts, err
}

// sameAsHelm holds one chart against Helm: the same documents in the same order, or the same words.
func sameAsHelm(t *testing.T, files *store.Files, values string) {
	t.Helper()
	wanted, theirs := byHelm(files, values)
	got, ours := byUs(files, values)
	if theirs != nil || ours != nil {
		if theirs == nil || ours == nil || theirs.Error() != ours.Error() {
			t.Errorf("Helm says\n%v\nand we\n%v", theirs, ours)
		}
		return
	}
	if !slices.Equal(wanted, got) {
		t.Errorf("Helm makes\n%s\nand we\n%s", strings.Join(wanted, "\n---\n"), strings.Join(got, "\n---\n"))
	}
}

const chartYAML = "-- chart/Chart.yaml --\napiVersion: v2\nname: web\nversion: 1.0.0\nappVersion: \"2.3\"\n"

// templated are pieces of templates, each tried in a chart of its own, with the values below.
var templated = []string{
	"a: {{ .Values.name }}", "a: {{ .Values.gone }}", "a: {{ .Values.gone.deeper }}", "a: {{ .Values.name | quote }}",
	"a: {{- .Values.map | toYaml | nindent 2 }}", "a: {{ toJson .Values.map }}", "a: |\n{{ toToml .Values.map | indent 2 }}",
	"a: {{ .Values.number }}", "a: {{ .Values.number | int }}", "a: {{ .Values.float }}", "a: {{ .Values.big | int64 }}",
	"{{- range $k, $v := .Values.map }}\n{{ $k }}: {{ $v }}\n{{- end }}", "{{ range .Values.list }}- {{ . }}\n{{ end }}",
	"{{ range $i, $x := .Values.list }}{{ if $i }}{{ continue }}{{ end }}- {{ $x }}{{ end }}",
	"{{ range 3 }}- {{ . }}\n{{ end }}", "{{ with .Values.map }}a: {{ .one }}{{ else }}b: c{{ end }}",
	"a: {{ required \"name it\" .Values.gone }}", "a: {{ required \"name it\" .Values.name }}", "{{ fail \"no\" }}",
	"a: {{ include \"web.name\" . }}", "a: {{ include \"web.gone\" . }}", "{{ template \"web.block\" . }}",
	"a: {{ tpl .Values.template . }}", "a: {{ tpl \"{{ .Values.gone.deeper }}\" . }}", "a: {{ tpl \"{{ \" . }}",
	"a: {{ tpl \"{{ define \\\"x\\\" }}y{{ end }}{{ include \\\"x\\\" . }}\" . }}", "a: {{ tpl \"plain <no value>\" . }}",
	"a: {{ lookup \"v1\" \"Secret\" \"a\" \"b\" | toJson }}", "a: {{ .Release | toJson }}", "a: {{ .Chart.Name }} {{ .Chart.IsRoot }}",
	"a: {{ .Template.Name }} {{ .Template.BasePath }}", "a: {{ .Capabilities.KubeVersion.Minor }}",
	"a: {{ .Capabilities.APIVersions.Has \"apps/v1\" }}", "a: {{ .Capabilities.HelmVersion.Version }}",
	"{{ (.Files.Glob \"conf/*\").AsConfig }}", "{{ (.Files.Glob \"conf/*\").AsSecrets }}", "a: {{ .Files.Get \"conf/a.txt\" }}",
	"{{ range .Files.Lines \"conf/a.txt\" }}- {{ . }}\n{{ end }}", "{{ range $p, $_ := .Files.Glob \"**.txt\" }}- {{ $p }}\n{{ end }}",
	"a: {{ .Files.Get \"templates/cm.yaml\" }}", "a: {{ env \"HOME\" }}", "a: {{ getHostByName \"localhost\" }}x",
	"a: {{ .Values.name | upper | trunc 3 | b64enc }}", "a: {{ printf \"%s-%05d\" .Values.name 7 }}", "a: {{ print 1 \"x\" }}",
	"a: {{ ternary \"y\" \"n\" (eq .Values.name \"cart\") }}", "a: {{ default \"d\" .Values.gone }}", "a: {{ coalesce .Values.gone \"c\" }}",
	"a: {{ dict \"k\" .Values.name | toYaml }}", "a: {{ merge (dict \"x\" 1) .Values.map | toJson }}",
	"a: {{ list 1 2 3 | join \"-\" }}", "a: {{ until 3 | toJson }}", "a: {{ untilStep 0 10 3 }}", "a: {{ seq 3 }} {{ seq 5 -1 1 }}",
	"a: {{ repeat 3 \"ab\" }}", "a: {{ regexReplaceAll \"a+\" \"caat\" \"${0}x\" }}", "a: {{ regexReplaceAll \"(\" \"x\" \"y\" }}",
	"a: {{ semverCompare \">=1.20-0\" .Capabilities.KubeVersion.Version }}", "a: {{ sha256sum .Values.name }}",
	"a: {{ fromYaml \"b: 1\" | toJson }}", "a: {{ fromJson \"{\" | toJson }}", "a: {{ fromYamlArray \"- 1\" }}", "a: {{ mustToJson .Values.map }}",
	"a: {{ toYamlPretty .Values.list }}", "a: {{ dig \"one\" \"none\" .Values.map }}", "a: {{ get .Values.map \"one\" }}",
	"a: {{ index .Values.list 9 }}", "a: {{ .Values.name.deeper }}", "a: {{ add 1 \"x\" }}", "a: {{ div 1 0 }}",
	"a: {{ nothing 1 }}", "a: {{ if }}", "a: {{ end }}", "a: {{ .Values.name", "a: {{ \"x\" | nindent }}", "a: {{ call .Values.name }}",
	"{{/* nothing */}}", "   \n", "# only a comment", "a: [", "a: {{ .Values.secret.x | b64dec }}", "a: {{ .Subcharts | toJson }}",
	"a: {{ $x := .Values.name }}{{ $x }}", "a: {{ not true }}{{ and 1 0 }}{{ or 0 2 }}", "a: {{ html \"<a>\" }}{{ js \"'\" }}{{ urlquery \"a b\" }}",
	"a: {{ set .Values.map \"one\" 2 | toJson }}{{ .Values.map.one }}", "a: {{ hasKey .Values.map \"one\" }}", "a: {{ typeOf .Values }}",
	"a: {{ kindOf .Values.list }} {{ typeOf .Template }}", "a: {{ wrapWith 5 \"|\" \"hello world\" }}", "a: {{ replace \"a\" \"bb\" \"cat\" }}",
	"a: {{ cat 1 \"b\" nil }}", "a: {{ quote 1 nil \"x\" }}", "a: {{ squote \"x\" }}", "a: {{ slice .Values.list 1 }}", "a: {{ slice \"abc\" 1 2 }}",
	"a: {{ len .Values.list }}", "a: {{ len 3 }}", "a: {{ println \"x\" }}", "a: {{ splitList \",\" \"a,b\" }}", "a: {{ (split \",\" \"a,b\")._1 }}",
	"a: {{ date \"2006\" (toDate \"2006-01-02\" \"2017-12-31\") }}",
	"a: {{ concat (list 1) (list 2) | toJson }}", "a: {{ keys (dict \"k\" 1) }}", "a: {{ values (dict \"k\" 1) }}", "a: {{ pick .Values.map \"one\" | toJson }}",
	"a: {{ omit .Values.map \"one\" | toJson }}", "a: {{ uniq (list 1 1 2) }}", "a: {{ sortAlpha (list \"b\" \"a\") }}", "a: {{ deepCopy .Values.map | toJson }}",
	"a: {{ decryptAES \"k\" \"30tEfhuJSVRhpG97XCuWgz2okj7L8vQ1s6V9zVUPeDQ=\" }}", "a: {{ urlParse \"http://h/p\" | toJson }}", "a: {{ mustRegexMatch \"(\" \"x\" }}",
	"a: {{ keys (dict) | toYaml }}", "a: {{ values (dict) | toJson }}", "a: {{ randInt 3 3 }}", "a: {{ keys .Subcharts | sortAlpha | toJson }}",
	"{{ .Values.map }}", "{{ .Values.list }}", "{{ .Chart }}", "{{ .Values.gone | toYaml }}", "a: {{ .Values.name | toString | repeat 2 | indent 2 }}",
	"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n---apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n---\n# nothing\n---\nkind: Job\nmetadata: {name: j, annotations: {helm.sh/hook: post-install}}\n---\nkind: Widget\nmetadata: {name: 1}\n",
	"kind: Job\nmetadata: {annotations: {helm.sh/hook: crd-install}}", "kind: Job\nmetadata: {annotations: {helm.sh/hook: [a]}}", "kind: [a]", "metadata: []", "- a", "text",
	"kind: Job\nmetadata: {annotations: {helm.sh/hook: \"pre-install, TEST\"}}", "kind: Job\nmetadata: {annotations: {count: 1}, name: 2}",
}

const templatedValues = `name: cart
number: 1000000
big: 12345678901
float: 1.5
map: {one: 1, two: [a, b], three: {four: null}}
list: [x, y]
template: "{{ .Values.name }}-{{ include \"web.name\" . }}"
`

func TestTemplatesWriteWhatHelmWrites(t *testing.T) {
	for _, piece := range templated {
		t.Run("", func(t *testing.T) {
			files := open(t, chartYAML+"-- chart/templates/cm.yaml --\nkind: X\n"+piece+
				"\n-- chart/templates/_helpers.tpl --\n{{ define \"web.name\" }}n-{{ .Release.Name }}{{ end }}\n"+
				"{{- define \"web.block\" }}b: {{ .Values.gone }}\n{{ end }}\n-- chart/templates/NOTES.txt --\n{{ .Values.name }}\n"+
				"-- chart/conf/a.txt --\none\ntwo\n-- chart/conf/b.txt --\nthree\n-- chart/secret.bin --\nx\n-- chart/.helmignore --\n*.bin\n")
			before := t.Failed()
			sameAsHelm(t, files, templatedValues)
			if t.Failed() && !before {
				t.Logf("template: %s", piece)
			}
			if !strings.Contains(piece, "---") {
				alone := open(t, chartYAML+"-- chart/templates/cm.yaml --\n"+piece)
				sameAsHelm(t, alone, templatedValues)
			}
		})
	}
}
