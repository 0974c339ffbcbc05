package helm

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/argofix/argofix/engine/internal/protocol"
	"github.com/argofix/argofix/engine/internal/store"
)

// pieces are templates that read values in ways of their own; N is a number, so that each has values of its own.
var pieces = []string{
	"name: {{ .Values.nN }}", "name: {{ .Release.Name }}-{{ .Values.nN | lower | trunc 4 }}", "name: fixed-N", "name: {{ .Release.Name }}-fixed-N",
	"name: {{ include \"full\" (dict \"name\" .Values.mN.name \"root\" .) }}", "name: {{ tpl .Values.tN . }}",
	"name: {{ ternary \"one-N\" \"other-N\" (default false .Values.bN) }}", "name: w{{ .Values.nN | sha256sum | trunc 6 }}",
	"name: {{ index .Values.lN 1 }}", "name: {{ with .Values.mN }}{{ .name | default \"none-N\" }}{{ end }}",
	"name: {{ .Values.global.stage }}-N", "name: {{ dig \"deep\" \"name\" \"none-N\" .Values.mN }}",
}

var around = []string{
	"CM", "{{ if .Values.bN }}CM{{ end }}", "{{ with .Values.mN }}{{ with $ }}CM{{ end }}{{ end }}",
	"{{ range $k, $v := .Values.mN }}{{ with $ }}CM-{{ $k }}{{ end }}\n---\n{{ end }}",
	"{{ range $i, $v := .Values.lN }}{{ with $ }}CM-{{ $v }}{{ end }}\n---\n{{ end }}", "{{ if eq (toString .Values.nN) \"Alpha-N\" }}CM{{ end }}",
	"{{ if not .Values.bN }}CM{{ end }}", "{{ if and .Values.mN .Values.bN }}CM{{ end }}",
}

var scalarsFor = map[string]string{
	"nN": "Alpha-N", "bN": "true", "lN": "[uno-N, due-N]", "mN": "{name: map-N, deep: {name: deep-N}}", "tN": "\"{{ .Release.Name }}-{{ .Values.nN | lower }}\"",
}

// someChart is a chart with a subchart, whose values stand in up to four layers.
func someChart(random *rand.Rand) (map[string]string, protocol.Helm) {
	files := map[string]string{
		"chart/Chart.yaml":                "apiVersion: v2\nname: web\nversion: 1.0.0\ndependencies:\n- {name: db, version: 1.0.0, condition: db.enabled}\n",
		"chart/charts/db/Chart.yaml":      "apiVersion: v2\nname: db\nversion: 1.0.0\n",
		"chart/templates/_helpers.tpl":    "{{ define \"full\" }}{{ .root.Release.Name }}-{{ .name }}{{ end }}",
		"chart/charts/db/templates/x.txt": "", "chart/values.yaml": "", "chart/charts/db/values.yaml": "", "more.yaml": "",
	}
	inline := ""
	put := func(below bool, name string, value string) {
		text := fmt.Sprintf("%s: %s\n", name, value)
		if below && random.IntN(2) == 0 {
			files["chart/charts/db/values.yaml"] += text
			return
		}
		if below {
			return // what the parent says of it is below one key, see db
		}
		switch random.IntN(4) {
		case 0:
			files["more.yaml"] += text
		case 1:
			inline += text
		default:
			files["chart/values.yaml"] += text
		}
	}
	for n := range 3 + random.IntN(3) {
		number := func(text string) string { return strings.ReplaceAll(text, "N", strconv.Itoa(n)) }
		text := ""
		for range 1 + random.IntN(3) {
			cm := "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  " + pieces[random.IntN(len(pieces))]
			shape := around[random.IntN(len(around))]
			text += "\n---\n" + strings.ReplaceAll(shape, "CM", "\n"+cm) + "\n"
		}
		text = strings.ReplaceAll(strings.ReplaceAll(text, "Name", "\x00"), "N", strconv.Itoa(n))
		text = strings.ReplaceAll(text, "\x00", "Name")
		below := n%3 == 2
		path := fmt.Sprintf("chart/templates/t%d.yaml", n)
		if below {
			path = fmt.Sprintf("chart/charts/db/templates/t%d.yaml", n)
		}
		files[path] = text
		for _, name := range slices.Sorted(maps.Keys(scalarsFor)) {
			if random.IntN(5) > 0 {
				value := strings.ReplaceAll(strings.ReplaceAll(scalarsFor[name], "Name", "\x00"), "N", strconv.Itoa(n))
				put(below, number(name), strings.ReplaceAll(value, "\x00", "Name"))
			}
		}
	}
	files["chart/values.yaml"] += "db: {enabled: true, n2: Alpha-2}\nglobal: {stage: prod}\nunused: Alpha\n"
	asked := protocol.Helm{Values: inline, ValueFiles: []string{"/more.yaml"}}
	if random.IntN(2) == 0 {
		asked.Parameters = []protocol.Parameter{{Name: "n0", Value: "Param-0"}, {Name: "m1.name", Value: "param-1"}}
	}
	return files, asked
}

// written is one entry that a person may edit, in the text where it stands.
type written struct{ source, path, key string }

// everything lists what the layers say, by nothing but their text.
func everything(t *testing.T, files map[string]string, asked protocol.Helm) []written {
	var all []written
	list := func(source, path, text string) {
		var values map[string]any
		if err := yaml.Unmarshal([]byte(text), &values); err != nil {
			t.Fatal(err)
		}
		var walk func(at string, value any)
		walk = func(at string, value any) {
			if at != "" {
				all = append(all, written{source, path, at})
			}
			switch value := value.(type) {
			case map[string]any:
				for name, item := range value {
					walk(at+"/"+name, item)
				}
			case []any:
				for i, item := range value {
					walk(at+"/"+strconv.Itoa(i), item)
				}
			}
		}
		walk("", values)
	}
	list("values", "", asked.Values)
	list("valueFiles", "more.yaml", files["more.yaml"])
	for _, path := range []string{"chart/values.yaml", "chart/charts/db/values.yaml"} {
		list("chart", path, files[path])
	}
	for _, one := range asked.Parameters {
		all = append(all, written{"parameters", "", one.Name})
	}
	return all
}

// without renders with an entry taken out, put in another's place (`how` is "other") or below another name ("renamed").
func without(t *testing.T, files map[string]string, asked protocol.Helm, entry written, how string) ([]protocol.Resource, bool) {
	files = maps.Clone(files)
	change := func(text string) string {
		var values map[string]any
		if err := yaml.Unmarshal([]byte(text), &values); err != nil {
			t.Fatal(err)
		}
		at := strings.LastIndexByte(entry.key, '/')
		parent, _ := pointed(values, entry.key[:at])
		name := entry.key[at+1:]
		switch parent := parent.(type) {
		case map[string]any:
			old := parent[name]
			delete(parent, name)
			switch old := old.(type) {
			case bool:
				parent[name] = !old || how == "other" && !old
			case string:
				parent[name] = map[string]string{"gone": "", "other": "zz" + old + "zz"}[how]
			default:
				if how == "other" {
					parent[name] = old
				}
			}
			if how == "renamed" {
				delete(parent, name)
				parent["zz"+name] = old
			}
		case []any:
			index, _ := strconv.Atoi(name)
			if how == "other" {
				parent[index] = "zz" + fmt.Sprint(parent[index])
				break
			}
			grand := strings.LastIndexByte(entry.key[:at], '/')
			holder, _ := pointed(values, entry.key[:grand])
			if holder, ok := holder.(map[string]any); ok {
				holder[entry.key[grand+1:at]] = slices.Delete(parent, index, index+1)
			}
		}
		made, err := yaml.Marshal(values)
		if err != nil {
			t.Fatal(err)
		}
		return string(made)
	}
	switch entry.source {
	case "values":
		asked.Values = change(asked.Values)
	case "parameters":
		asked.Parameters = slices.Clone(asked.Parameters)
		for i, one := range asked.Parameters {
			if one.Name == entry.key && how == "other" {
				asked.Parameters[i].Value = "zz" + one.Value
			}
			if one.Name == entry.key && how == "renamed" {
				asked.Parameters[i].Name = one.Name + "zz"
			}
		}
		if how == "gone" {
			asked.Parameters = slices.DeleteFunc(asked.Parameters, func(one protocol.Parameter) bool { return one.Name == entry.key })
		}
	default:
		files[entry.path] = change(files[entry.path])
	}
	answer, err := ask(t, opened(t, files), asked)
	if err != nil {
		return nil, false
	}
	return answer.Resources, true
}

func nameOf(one protocol.Resource) string {
	name, _ := scalarAt(one.Object, "/metadata/name")
	return name
}

func counted(all []protocol.Resource) map[string]int {
	counts := map[string]int{}
	for _, one := range all {
		counts[nameOf(one)]++
	}
	return counts
}

// What is told of a name is right, and where nothing is told, nothing is to be told: taking any value out, or putting
// another one there, leaves the resource where it is.
func TestWhatDecidesIsToldAndNothingElse(t *testing.T) {
	told, nothing := 0, 0
	for seed := range uint64(12) {
		files, asked := someChart(rand.New(rand.NewPCG(seed, 14)))
		answer, err := ask(t, opened(t, files), asked)
		if err != nil {
			continue
		}
		asked.Explain = nil
		for i := range answer.Resources {
			asked.Explain = append(asked.Explain, protocol.Question{Resource: i, Field: "/metadata/name"})
		}
		plain := asked
		plain.Explain = nil
		explained, err := ask(t, opened(t, files), asked)
		if err != nil {
			t.Fatal(seed, err)
		}
		before := counted(answer.Resources)
		fewer := func(name string, entry written, hows ...string) bool {
			for _, how := range hows {
				after, ok := without(t, files, plain, entry, how)
				if ok && counted(after)[name] < before[name] {
					return true
				}
			}
			return false
		}
		all := everything(t, files, asked)
		for _, one := range explained.Resources {
			name := nameOf(one)
			if before[name] > 1 || name == "" {
				continue // which of them is missing is not to be seen
			}
			silent := true
			for _, value := range one.Origin.Values {
				if value.Source == "releaseName" {
					continue
				}
				told++
				silent = false
				entry := written{value.Source, value.Path, value.Key}
				hows := []string{"other", "renamed", "gone"}
				if value.Presence {
					hows = []string{"gone"}
				}
				if !fewer(name, entry, hows...) {
					t.Errorf("seed %d: %s is told to be decided by %+v, which changes nothing\n%s", seed, name, value, dump(files, asked))
				}
			}
			if silent {
				nothing++
				for _, entry := range all {
					if fewer(name, entry, "other", "gone") {
						t.Errorf("seed %d: nothing is told of %s, but %+v decides it\n%s", seed, name, entry, dump(files, asked))
					}
				}
			}
		}
	}
	if told < 50 || nothing < 3 {
		t.Errorf("%d values are told, and %d times none", told, nothing)
	}
}

func dump(files map[string]string, asked protocol.Helm) string {
	text, _ := json.Marshal(asked)
	made := string(text) + "\n"
	for _, path := range slices.Sorted(maps.Keys(files)) {
		made += "-- " + path + " --\n" + files[path] + "\n"
	}
	return made
}

func opened(t *testing.T, files map[string]string) *store.Files {
	made, err := store.FromMap(files, nil)
	if err != nil {
		t.Fatal(err)
	}
	return made
}
