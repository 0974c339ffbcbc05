package jsonnet

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/argofix/argofix/engine/internal/protocol"
	"github.com/argofix/argofix/engine/internal/store"
)

const object = `{apiVersion: "v1", kind: "ConfigMap", metadata: {name: NAME}}`

func named(expression string) string { return strings.ReplaceAll(object, "NAME", expression) }

func ask(t *testing.T, files, links map[string]string, asked protocol.Jsonnet) ([]string, *protocol.Error) {
	t.Helper()
	made, err := store.FromMap(files, links)
	if err != nil {
		t.Fatal(err)
	}
	asked.File, asked.Directory = "apps/web/main.jsonnet", "apps/web"
	answer, err := Render(context.Background(), made, &protocol.Request{Jsonnet: &asked})
	var told *protocol.Error
	if err != nil {
		if !errors.As(err, &told) {
			t.Fatal(err)
		}
		return nil, told
	}
	var names []string
	for i, resource := range answer.Resources {
		var read struct{ Metadata struct{ Name string } }
		if err := json.Unmarshal(resource.Object, &read); err != nil {
			t.Fatal(err)
		}
		names = append(names, read.Metadata.Name)
		if resource.Origin.Path != "apps/web/main.jsonnet" || resource.Origin.Document != i {
			t.Errorf("origin %+v", resource.Origin)
		}
	}
	return names, nil
}

func TestArgumentsVariablesAndLibrariesAreThoseOfArgoCD(t *testing.T) {
	libraries := map[string]string{
		"lib/first/both.libsonnet": `"from-first"`, "lib/second/both.libsonnet": `"from-second"`,
		"lib/first/beside.libsonnet": `"beside-first"`, "apps/web/beside.libsonnet": `"beside-own"`,
		"lib/first/nested/a.libsonnet": `import "b.libsonnet"`, "lib/first/nested/b.libsonnet": `"nested"`,
		"apps/web/text.txt": "text", "shared/up.libsonnet": `"up"`,
	}
	for _, one := range []struct {
		source string
		asked  protocol.Jsonnet
		want   []string
	}{
		{named(`"plain"`), protocol.Jsonnet{}, []string{"plain"}},
		{"[" + named(`"a"`) + "," + named(`"b"`) + ", null]", protocol.Jsonnet{}, []string{"a", "b"}},
		{"function(name, copies) [" + named(`name + "-" + i`) + " for i in std.range(1, copies)]", protocol.Jsonnet{
			TLAs:        []protocol.Variable{{Name: "name", Value: "$ARGOCD_APP_NAME"}, {Name: "copies", Value: "2", Code: true}},
			Environment: map[string]string{"ARGOCD_APP_NAME": "web"},
		}, []string{"web-1", "web-2"}},
		{named(`std.extVar("text") + std.extVar("list")[1]`), protocol.Jsonnet{
			ExtVars: []protocol.Variable{{Name: "text", Value: "$$x-$GONE"}, {Name: "list", Value: `["a", "b"]`, Code: true}},
		}, []string{"$x-b"}},
		{named(`import "both.libsonnet"`), protocol.Jsonnet{Libs: []string{"lib/first", "lib/second"}}, []string{"from-second"}},
		{named(`import "beside.libsonnet"`), protocol.Jsonnet{Libs: []string{"lib/first"}}, []string{"beside-own"}},
		{named(`import "nested/a.libsonnet"`), protocol.Jsonnet{Libs: []string{"/lib/first"}}, []string{"nested"}},
		{named(`importstr "text.txt"`), protocol.Jsonnet{}, []string{"text"}},
		{named(`import "../../shared/up.libsonnet"`), protocol.Jsonnet{}, []string{"up"}},
		{`{kind: "List", apiVersion: "v1", items: [` + named(`"in-a-list"`) + "]}", protocol.Jsonnet{}, []string{"in-a-list"}},
		{`{kind: "XList", items: null}`, protocol.Jsonnet{}, nil},
	} {
		files := map[string]string{"apps/web/main.jsonnet": one.source}
		for name, text := range libraries {
			files[name] = text
		}
		got, err := ask(t, files, nil, one.asked)
		if err != nil {
			t.Errorf("%s: %s", one.source, err.Message)
		} else if !slices.Equal(got, one.want) {
			t.Errorf("%s: got %q, want %q", one.source, got, one.want)
		}
	}
}

func TestAFaultIsToldWithItsPlace(t *testing.T) {
	for _, one := range []struct {
		source string
		libs   []string
		code   protocol.Code
		file   string
		line   int
		says   string
	}{
		{"local a = 1;\nimport \"gone.libsonnet\"", nil, protocol.Failed, "apps/web/main.jsonnet", 2, "gone.libsonnet"},
		{"assert 1 > 2 : \"too few copies\";\n{}", nil, protocol.Failed, "apps/web/main.jsonnet", 1, "too few copies"},
		{"\n\n{a: }", nil, protocol.Failed, "apps/web/main.jsonnet", 3, "Unexpected"},
		{"import \"broken.libsonnet\"", nil, protocol.Failed, "apps/web/broken.libsonnet", 2, "Unexpected"},
		{"import \"/etc/passwd\"", nil, protocol.Failed, "apps/web/main.jsonnet", 1, "couldn't open import"},
		{"importstr \"../../../etc/passwd\"", nil, protocol.Failed, "apps/web/main.jsonnet", 1, "couldn't open import"},
		{"importstr \"link\"", nil, protocol.Failed, "apps/web/main.jsonnet", 1, "couldn't open import"},
		{"local f(x) = f(x + 1) + 1; f(0)", nil, protocol.Failed, "apps/web/main.jsonnet", 1, "max stack frames exceeded"},
		{"import \"main.jsonnet\"", nil, protocol.Failed, "apps/web/main.jsonnet", 1, "max stack frames exceeded"},
		{"\"text\"", nil, protocol.Failed, "apps/web/main.jsonnet", 0, "neither an object nor an array"},
		{"{}", nil, protocol.Failed, "apps/web/main.jsonnet", 0, "Object 'Kind' is missing"},
		{"[[" + named(`"a"`) + "]]", nil, protocol.Failed, "apps/web/main.jsonnet", 0, "neither an object nor an array"},
		{"{}", []string{"../outside"}, protocol.Escapes, "", 0, "outside repository root"},
		{"function(x) {}", nil, protocol.Failed, "apps/web/main.jsonnet", 0, "Missing argument: x"},
	} {
		files := map[string]string{
			"apps/web/main.jsonnet": one.source, "apps/web/broken.libsonnet": "local a =\n;",
		}
		_, err := ask(t, files, map[string]string{"apps/web/link": "/etc/passwd"}, protocol.Jsonnet{Libs: one.libs})
		if err == nil || err.Code != one.code || err.File != one.file || err.Line != one.line ||
			!strings.Contains(err.Message, one.says) {
			t.Errorf("%s: %+v", one.source, err)
		}
	}
}
