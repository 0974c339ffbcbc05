package kustomize_test

import (
	"runtime/debug"
	"strings"
	"testing"

	"github.com/argofix/argofix/engine/internal/kustomize"
	"github.com/argofix/argofix/engine/internal/protocol"
)

func TestOriginsAreFilesOfTheRepository(t *testing.T) {
	answer := render(t, `
-- apps/web/overlay/kustomization.yaml --
resources: [../base, linked.yaml]
namePrefix: x-
configMapGenerator: [{name: made, literals: [a=b]}]
-- apps/web/overlay/linked.yaml -> ../../../shared.yaml --
-- apps/web/base/kustomization.yml --
resources: [a.yaml]
-- apps/web/base/a.yaml --`+configMap+`
-- shared.yaml --
apiVersion: v1
kind: Service
metadata: {name: b}
`, protocol.Kustomize{Root: "apps/web/overlay", LoadRestrictorNone: true})
	mustContain(t, told(answer),
		`"name":"x-a"}} {"path":"apps/web/base/a.yaml"}`,
		`"name":"x-b"}} {"path":"shared.yaml"}`,
		`{"configuredIn":"apps/web/overlay/kustomization.yaml","configuredBy":"ConfigMapGenerator"}`)
}

// Each would be another object, or another failure, if origins were left in sight of what it does.
func TestOriginsChangeNothing(t *testing.T) {
	files := `
-- kustomization.yaml --
resources: [a.yaml]
KUSTOMIZATION
-- a.yaml --` + configMap
	for fields, want := range map[string]string{
		"patches: [{target: {kind: ConfigMap}, patch: '[{\"op\":\"add\",\"path\":\"/metadata/annotations/x\",\"value\":\"z\"}]'}]":                                            `{"annotations":{"x":"z"},"name":"a"}} {"path":"a.yaml"}`,
		"patches: [{target: {kind: ConfigMap}, patch: '[{\"op\":\"test\",\"path\":\"/metadata/annotations\",\"value\":null}]'}]":                                              "failed: ",
		"patches: [{target: {kind: ConfigMap}, patch: '[{\"op\":\"copy\",\"from\":\"/metadata\",\"path\":\"/data\"}]'}]":                                                      `"data":{"annotations":{"internal.config.kubernetes.io/previousKinds":"ConfigMap","internal.config.kubernetes.io/previousNames":"a","internal.config.kubernetes.io/previousNamespaces":"default"},"name":"a"},`,
		"replacements: [{source: {kind: ConfigMap, fieldPath: metadata.annotations}, targets: [{select: {kind: ConfigMap}, fieldPaths: [data.x], options: {create: true}}]}]": "failed: ",
		"replacements: [{source: {kind: ConfigMap, fieldPath: metadata}, targets: [{select: {kind: ConfigMap}, fieldPaths: [data], options: {create: true}}]}]":               `"data":{"name":"a"},`,
		"buildMetadata: [managedByLabel]":    `"labels":{"app.kubernetes.io/managed-by":"kustomize-v5.8.1"},"name":"a"}`,
		"buildMetadata: [originAnnotations]": `"annotations":{"config.kubernetes.io/origin":"path: a.yaml\n"},"name":"a"}} {"path":"a.yaml"}`,
		"commonAnnotations: {x: z}":          `"metadata":{"annotations":{"x":"z"},"name":"a"}} {"path":"a.yaml"}`,
	} {
		got := told(render(t, strings.Replace(files, "KUSTOMIZATION", fields, 1), protocol.Kustomize{}))
		if !strings.HasPrefix(got, want) && !strings.Contains(got, want) || strings.HasPrefix(want, "failed") != strings.HasPrefix(got, "failed") {
			t.Errorf("%s\n  is %s\n  want %s", fields, got, want)
		}
	}
}

func TestTheLoadRestrictionIsTriedAndLifted(t *testing.T) {
	files := `
-- a/kustomization.yaml --
resources: [../b/a.yaml]
-- b/a.yaml --` + configMap
	mustContain(t, told(render(t, files, protocol.Kustomize{Root: "a"})),
		"lifted: accumulating resources", "security; file 'b/a.yaml' is not in or below 'a'", `{"path":"b/a.yaml"}`)
	kept := render(t, files, protocol.Kustomize{Root: "a", KeepRestriction: true})
	if kept.Error == nil || kept.Error.Code != protocol.Restricted || kept.Error.File != "b/a.yaml" || kept.Lifted != "" {
		t.Errorf("%+v", kept)
	}
	asked := render(t, files, protocol.Kustomize{Root: "a", LoadRestrictorNone: true})
	if asked.Error != nil || asked.Lifted != "" {
		t.Errorf("%+v", asked)
	}
	// What fails for another reason once the restriction is gone says both.
	broken := strings.Replace(files, "[../b/a.yaml]", "[../b/a.yaml, c.yaml]", 1)
	mustContain(t, told(render(t, broken, protocol.Kustomize{Root: "a"})), "lifted: ", "not-found: ", "a/c.yaml")
}

func TestNothingOutsideOfTheRepositoryIsThere(t *testing.T) {
	for _, entry := range []string{"../../../../etc/hostname", "/etc/hostname", "up/etc/hostname", "absolute", "../b/a.yaml"} {
		answer := render(t, `
-- x/a/kustomization.yaml --
resources: ["`+entry+`"]
-- x/a/up -> ../../.. --
-- x/a/absolute -> /etc/hostname --
-- b/a.yaml --`+configMap, protocol.Kustomize{Root: "x/a", LoadRestrictorNone: true})
		if answer.Error == nil || answer.Error.Code != protocol.NotFound {
			t.Errorf("%s: %s", entry, told(answer))
		}
	}
}

func TestErrorsAreTyped(t *testing.T) {
	for name, test := range map[string]struct {
		files string
		code  protocol.Code
		file  string
		more  string
	}{
		"unknown field":  {"-- kustomization.yaml --\nfoo: 1\n", protocol.MalformedYAML, "", `unknown field "foo"`},
		"no yaml":        {"-- kustomization.yaml --\nresources: [a.yaml]\n-- a.yaml --\n{a: [\n", protocol.MalformedYAML, "a.yaml", "MalformedYAMLError"},
		"no file":        {"-- kustomization.yaml --\nresources: [b/a.yaml]\n", protocol.NotFound, "b", "no such file"},
		"no root":        {"-- b/kustomization.yaml --\nresources: [a.yaml]\n", protocol.NotFound, "", "unable to find one of"},
		"no base":        {"-- kustomization.yaml --\nresources: [b]\n-- b/a.yaml --\n", protocol.NotFound, "b", "unable to find one of"},
		"twice":          {"-- kustomization.yaml --\nresources: [a.yaml, b.yaml]\n-- a.yaml --" + configMap + "-- b.yaml --" + configMap, protocol.Failed, "", "ConfigMap.v1.[noGrp]/a.[noNs]"},
		"aliases":        {"-- kustomization.yaml --\nresources: [a.yaml]\n-- a.yaml --\na: &a [x,x,x,x,x,x,x,x,x,x]\n" + bomb("abcdefghi"), protocol.TooLarge, "a.yaml", "aliases"},
		"empty":          {"-- kustomization.yaml --\nkind: Kustomization\n", protocol.Failed, "", "kustomization.yaml is empty"},
		"helm is off":    {"-- kustomization.yaml --\nhelmCharts: [{name: a}]\n", protocol.Failed, "", "must specify --enable-helm"},
		"plugin":         {"-- kustomization.yaml --\ntransformers: [t.yaml]\n-- t.yaml --\napiVersion: a/v1\nkind: Some\nmetadata: {name: x}\n", protocol.RefusedPlugin, "", "Some"},
		"inline plugin":  {"-- kustomization.yaml --\ngenerators: ['{apiVersion: a/v1, kind: Some, metadata: {name: x}}']\n", protocol.RefusedPlugin, "", "Some"},
		"KRM function":   {"-- kustomization.yaml --\nvalidators: [t.yaml]\n-- t.yaml --\napiVersion: a/v1\nkind: Fn\nmetadata: {name: x, annotations: {config.kubernetes.io/function: 'container: {image: a}'}}\n", protocol.RefusedPlugin, "", "Fn"},
		"exec function":  {"-- kustomization.yaml --\ngenerators: [t.yaml]\n-- t.yaml --\napiVersion: a/v1\nkind: Fn\nmetadata: {name: x, annotations: {config.kubernetes.io/function: 'exec: {path: ./a}'}}\n", protocol.RefusedPlugin, "", "Fn"},
		"plugin in base": {"-- kustomization.yaml --\nresources: [b]\n-- b/kustomization.yaml --\ngenerators: [t.yaml]\n-- b/t.yaml --\napiVersion: a/v1\nkind: Some\nmetadata: {name: x}\n", protocol.RefusedPlugin, "b", "Some"},
	} {
		got := render(t, test.files, protocol.Kustomize{EnablePlugins: true}).Error
		if got == nil || got.Code != test.code || got.File != test.file || !strings.Contains(got.Message, test.more) {
			t.Errorf("%s: %+v", name, got)
		} else if strings.Contains(got.Message, "/repo") {
			t.Errorf("%s: a path of the engine: %s", name, got.Message)
		}
	}
	twice := "-- kustomization.yaml --\nresources: [a.yaml, b.yaml]\n-- a.yaml --" + configMap + "-- b.yaml --" + configMap
	if got := render(t, twice, protocol.Kustomize{}).Error.Resource; got != "ConfigMap.v1.[noGrp]/a.[noNs]" {
		t.Error(got)
	}
}

// bomb makes each of its names ten times the one before.
func bomb(names string) string {
	var text strings.Builder
	for i := 1; i < len(names); i++ {
		one := "*" + names[i-1:i]
		text.WriteString(names[i:i+1] + ": &" + names[i:i+1] + " [" + strings.Repeat(one+",", 9) + one + "]\n")
	}
	return text.String()
}

func TestTheReleaseGoesWithTheModule(t *testing.T) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		t.Skip("built without modules")
	}
	for _, built := range info.Deps {
		// kustomize 5.8.1 requires v0.21.1 (its go.mod); look it up again when this fails.
		if built.Path == "sigs.k8s.io/kustomize/api" && (built.Version != "v0.21.1" || kustomize.Release != "v5.8.1") {
			t.Errorf("%s with %s", built.Version, kustomize.Release)
		}
	}
}
