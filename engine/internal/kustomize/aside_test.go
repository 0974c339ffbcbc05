package kustomize

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/argofix/argofix/engine/internal/protocol"
	"github.com/argofix/argofix/engine/internal/store"
)

// crd has two versions with schemas, and things in it that a reader may stumble over.
const crd = `# a comment
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: as.example.com
spec:
  group: example.com
  names: {kind: A, plural: as}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        description: |-
          Text with "openAPIV3Schema" <in> it,

           and: more
        # a comment
        properties:
          spec:
            description: 'a long
              line'
            properties:
              big: {type: integer, maximum: 9007199254740992, default: 1.0}
              on: {enum: ["on", off, 1e3, 0x10, 2020-01-01]}
      # a comment
    subresources: {}
  - name: v2
    served: false
    storage: false
    schema:
      openAPIV3Schema:
        type: object
        x-kubernetes-preserve-unknown-fields: true
`

const cluster = "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: ns}\n"

// both renders a kustomization with schemas set aside and with all in it. used tells whether what was set aside served.
func both(t *testing.T, files *store.Files) (with, without string, used bool) {
	t.Helper()
	one := rendering{ctx: context.Background(), files: files, asked: protocol.Kustomize{LoadRestrictorNone: true}}
	show := func(answer *protocol.Answer, failed *protocol.Error) string {
		if failed != nil {
			return failed.Message
		}
		text := ""
		for _, resource := range answer.Resources {
			text += fmt.Sprintf("%s %v\n", resource.Object, resource.Origin)
		}
		return strings.ReplaceAll(text, "0x", "")
	}
	if aside := withoutSchemas(files, nil); aside != nil {
		_, failed := one.attempt(aside)
		used = failed == nil
	}
	answer, failed := one.render()
	full, failedToo := one.attempt(nil)
	if failed == nil {
		for i := range answer.Resources { // addresses say nothing
			answer.Resources[i].Origin, full.Resources[i].Origin = nil, nil
		}
	}
	return show(answer, failed), show(full, failedToo), used
}

func TestSchemasComeBackAsTheyWere(t *testing.T) {
	for name, test := range map[string]struct {
		kustomization, crd string
		used               bool
	}{
		"as it is":              {"", crd, true},
		"transformed":           {"namePrefix: x-\ncommonLabels: {a: b}\ncommonAnnotations: {c: d}\nnamespace: ns", crd, true},
		"with others":           {"", cluster + "---\n" + crd, true},
		"twice as file":         {"configMapGenerator: [{name: x, files: [crd.yaml]}]", crd, false},
		"as a secret":           {"secretGenerator: [{name: x, files: [crd.yaml]}]", crd, false},
		"other field":           {"patches: [{patch: '{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: as.example.com, labels: {a: b}}}'}]", crd, true},
		"annotated":             {`patches: [{target: {kind: CustomResourceDefinition}, patch: '[{"op":"add","path":"/metadata/annotations/a","value":"b"}]'}]`, crd, true},
		"removed":               {"patches: [{patch: '{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: as.example.com}, $patch: delete}'}]", crd + cluster, false},
		"replaced":              {"patches: [{patch: '{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: as.example.com}, spec: {versions: [{name: v3}]}}'}]", crd, false},
		"replaced inside":       {`patches: [{target: {kind: CustomResourceDefinition}, patch: '[{"op":"replace","path":"/spec/versions/1/schema/openAPIV3Schema/type","value":"string"}]'}]`, crd, false},
		"added inside":          {`patches: [{target: {kind: CustomResourceDefinition}, patch: '[{"op":"add","path":"/spec/versions/1/schema/open\u0041PIV3Schema/title","value":"x"}]'}]`, crd, false},
		"version removed":       {`patches: [{target: {kind: CustomResourceDefinition}, patch: '[{"op":"remove","path":"/spec/versions/0"}]'}]`, crd, false},
		"copied":                {`patches: [{target: {kind: CustomResourceDefinition}, patch: '[{"op":"copy","from":"/spec/versions/0/schema","path":"/spec/versions/1/schema"}]'}]`, crd, false},
		"read by a replacement": {"replacements: [{source: {kind: CustomResourceDefinition, fieldPath: spec.versions.1.schema}, targets: [{select: {kind: CustomResourceDefinition}, fieldPaths: [metadata.annotations.x], options: {create: true}}]}]", crd, true}, // as text it is empty
		"read as a whole":       {"replacements: [{source: {kind: CustomResourceDefinition, fieldPath: spec.versions.1.schema}, targets: [{select: {kind: CustomResourceDefinition}, fieldPaths: [spec.conversion], options: {create: true}}]}]", crd, false},
		"large numbers":         {`patches: [{target: {kind: CustomResourceDefinition}, patch: '[{"op":"add","path":"/metadata/annotations/a","value":"b"}]'}]`, strings.ReplaceAll(crd, "9007199254740992", "9223372036854775807"), true},
		"wildcards":             {"replacements: [{source: {kind: CustomResourceDefinition, fieldPath: metadata.name}, targets: [{select: {kind: CustomResourceDefinition}, fieldPaths: ['spec.versions.*.schema.*.type']}]}]", crd, false},
		"field specs":           {"images: [{name: object, newName: string}]\nconfigurations: [c.yaml]", crd, false},
		"anchors":               {"", strings.Replace(crd, "type: object", "type: &t object\n        format: *t", 1), false},
		"nulls":                 {"", strings.Replace(crd, "type: object", "type: object\n        default: null", 1), true},
		"repeated key":          {"", strings.Replace(crd, "type: object", "type: object\n        type: string", 1), false},
		"flow":                  {"", strings.Replace(crd, "openAPIV3Schema:\n        type: object\n        x-kubernetes-preserve-unknown-fields: true", "openAPIV3Schema: {type: object}", 1), true},
		"the mark itself":       {"", strings.Replace(crd, "type: object", mark+": x", 1), false},
		"CRLF":                  {"", strings.ReplaceAll(crd, "\n", "\r\n"), true},
		"no last newline":       {"", strings.TrimSuffix(crd, "\n"), true},
		"a list":                {"", "apiVersion: v1\nkind: List\nitems:\n- " + strings.ReplaceAll(strings.TrimPrefix(crd, "# a comment\n"), "\n", "\n  "), false},
		"comment to the left":   {"", strings.Replace(crd, "        # a comment\n", "# a comment\n", 1), true},
		"broken elsewhere":      {"resources: [no.yaml]", crd, false},
		"a crds entry":          {"crds: [crd.yaml]", crd, false},
	} {
		contents := map[string]string{
			"crd.yaml": test.crd, "kustomization.yaml": "resources: [crd.yaml]\n" + test.kustomization + "\n",
			"c.yaml": "images: [{path: spec/versions/schema/openAPIV3Schema/type, kind: CustomResourceDefinition}]\n",
		}
		if strings.HasPrefix(test.kustomization, "resources") {
			contents["kustomization.yaml"] = "resources: [crd.yaml, no.yaml]\n"
		}
		if !strings.Contains(test.kustomization, "c.yaml") || strings.Contains(test.kustomization, "crd.yaml") {
			delete(contents, "c.yaml")
		}
		files, err := store.FromMap(contents, nil)
		if err != nil {
			t.Fatal(err)
		}
		with, without, used := both(t, files)
		if with != without || used != test.used {
			t.Errorf("%s (set aside: %v):\n%s\nwant\n%s", name, used, with, without)
		}
	}
}

// Without it the tests above would compare a thing with itself.
func TestSchemasAreSetAside(t *testing.T) {
	file := setAside([]byte(cluster + "---\n" + crd))
	if len(file.tokens) != 2 || strings.Contains(string(file.text), "properties") || !strings.Contains(string(file.text), "subresources") {
		t.Errorf("%d tokens in\n%s", len(file.tokens), file.text)
	}
}
