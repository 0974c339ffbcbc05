package kustomize

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/argofix/argofix/engine/internal/limits"
	"github.com/argofix/argofix/engine/internal/protocol"
	"github.com/argofix/argofix/engine/internal/store"
)

// Whatever a repository holds, there is one answer, the same in a second attempt, and the same with schemas set aside.
func FuzzRender(f *testing.F) {
	f.Add("resources: [a.yaml]\nnamePrefix: x-\n", crd)
	f.Add("resources: [a.yaml, b]\nconfigMapGenerator: [{name: a, files: [a.yaml]}]\n", cluster)
	f.Add("components: [b]\nreplacements: [{source: {kind: ConfigMap, fieldPath: data.a}, targets: [{select: {kind: A}, fieldPaths: [spec.*.b]}]}]\n", crd)
	f.Add("patches: [{target: {kind: C.*}, patch: '[{\"op\":\"add\",\"path\":\"/spec/versions/0/schema/openAPIV3Schema/title\",\"value\":\"b\"}]'}]\nresources: [a.yaml]", crd)
	f.Add("openapi: {path: a.yaml}\nresources: [b]\nvars: [{name: A, objref: {kind: ConfigMap, name: c, apiVersion: v1}}]", "{\"definitions\": {\"a\": {\"x-kubernetes-group-version-kind\": [{\"group\": \"\", \"version\": \"v1\", \"kind\": \"ConfigMap\"}]}}}")
	f.Add("helmCharts: [{name: a, valuesInline: {a: b}}]\ncrds: [a.yaml]\nconfigurations: [a.yaml]\n", "a: &a [x]\nb: *a\n")
	f.Fuzz(func(t *testing.T, kustomization, manifest string) {
		files, err := store.FromMap(map[string]string{
			"kustomization.yaml": kustomization, "a.yaml": manifest, "charts/a/values.yaml": manifest,
			"b/kustomization.yaml": "configMapGenerator: [{name: c, literals: [a=b]}]\nresources: [../a.yaml]\n",
		}, map[string]string{"l": "a.yaml"})
		if err != nil {
			t.Fatal(err)
		}
		request := protocol.Request{Kustomize: &protocol.Kustomize{EnableHelm: true}}
		ask := func() string {
			// As in the worker: kustomize panics on a schema that is none.
			answer := limits.Default.Run(func(ctx context.Context) *protocol.Answer {
				answer, err := Renderer{}.Render(ctx, files, &request)
				if err != nil {
					return &protocol.Answer{Error: &protocol.Error{Code: protocol.Failed, Message: err.Error()}}
				}
				return answer
			})
			if answer.Last {
				t.Fatalf("%+v", answer.Error)
			}
			if answer.Error != nil && answer.Error.Code != protocol.Panicked {
				answer.Error.Message = ""
			} else if answer.Error != nil {
				answer.Error.Message, _, _ = strings.Cut(answer.Error.Message, "\n")
			}
			text, err := json.Marshal(answer)
			if err != nil {
				t.Fatal(err)
			}
			return string(text)
		}
		first := ask()
		if second := ask(); first != second {
			t.Errorf("first\n%s\nthen\n%s", first, second)
		}
		if strings.Contains(first, "panicked") {
			return
		}
		one := rendering{ctx: context.Background(), files: files, asked: protocol.Kustomize{EnableHelm: true}}
		if with, without, _ := sides(&one); with != without {
			t.Errorf("with schemas set aside\n%s\nwith all in it\n%s", with, without)
		}
	})
}

func sides(one *rendering) (with, without string, err error) {
	show := func(answer *protocol.Answer, failed *protocol.Error) string {
		if failed != nil {
			return string(failed.Code)
		}
		text, _ := json.Marshal(answer)
		return string(text)
	}
	forgetSchema(one.files)
	with = show(one.render())
	forgetSchema(one.files)
	restoreSchema()
	without = show(one.attempt(nil))
	restoreSchema()
	return with, without, nil
}
