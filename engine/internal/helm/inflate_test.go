package helm

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/argofix/argofix/engine/internal/kustomize"
	"github.com/argofix/argofix/engine/internal/protocol"
)

const inflated = `-- app/kustomization.yaml --
namespace: tools
helmGlobals: {chartHome: charts}
helmCharts:
  - name: web
    HOW
-- app/own.yaml --
name: own
-- app/charts/web/Chart.yaml --
apiVersion: v2
name: web
version: 1.0.0
-- app/charts/web/values.yaml --
name: default
-- app/charts/web/templates/cm.yaml --
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-{{ .Values.name }}
data: {namespace: {{ .Release.Namespace }}, kube: "{{ .Capabilities.KubeVersion.Minor }}"}
-- app/charts/web/templates/hook.yaml --
apiVersion: batch/v1
kind: Job
metadata: {name: hook, annotations: {helm.sh/hook: post-install}}
-- app/charts/web/templates/test.yaml --
apiVersion: batch/v1
kind: Job
metadata: {name: test, annotations: {helm.sh/hook: test}}
-- app/charts/web/crds/crd.yaml --
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
`

func TestKustomizeInflatesItsCharts(t *testing.T) {
	const crd = "CustomResourceDefinition/widgets.example.com"
	for _, one := range []struct {
		how  string
		want []string
	}{
		{"releaseName: r", []string{"ConfigMap/r-default", "Job/hook", "Job/test"}},
		{"includeCRDs: true", []string{crd, "ConfigMap/release-name-default", "Job/hook", "Job/test"}},
		{"skipHooks: true", []string{"ConfigMap/release-name-default"}},
		{"skipTests: true", []string{"ConfigMap/release-name-default", "Job/hook"}},
		{"nameTemplate: 'n-{{ lower \"X\" }}'", []string{"ConfigMap/n-x-default", "Job/hook", "Job/test"}},
		{"valuesFile: own.yaml", []string{"ConfigMap/release-name-own", "Job/hook", "Job/test"}},
		{"valuesInline: {name: inline}", []string{"ConfigMap/release-name-inline", "Job/hook", "Job/test"}},
	} {
		files := open(t, strings.Replace(inflated, "HOW", one.how, 1))
		answer, err := kustomize.Renderer{Inflate: New().Inflate}.Render(context.Background(), files, &protocol.Request{
			Kustomize: &protocol.Kustomize{Root: "app", EnableHelm: true},
		})
		if err != nil {
			t.Errorf("%s: %v", one.how, err)
			continue
		}
		expect(t, named(t, answer), one.want)
	}
}

func TestAChartThatFailsFailsItsKustomization(t *testing.T) {
	for how, says := range map[string]string{
		"nameTemplate: '{{ nothing }}'":                `function "nothing" not defined`,
		"nameTemplate: '{{ repeat 999999999 \"x\" }}'": "more than",
		"valuesInline: {name: [}":                      "",
		"kubeVersion: x":                               "could not parse kubernetes version",
	} {
		files := open(t, strings.Replace(inflated, "HOW", how, 1))
		answer, err := kustomize.Renderer{Inflate: New().Inflate}.Render(context.Background(), files, &protocol.Request{
			Kustomize: &protocol.Kustomize{Root: "app", EnableHelm: true},
		})
		var told *protocol.Error
		if answer != nil && answer.Error != nil {
			err = answer.Error
		}
		if !errors.As(err, &told) || !strings.Contains(told.Message, says) {
			t.Errorf("%s: %v", how, err)
		}
	}
}

func TestWhatIsRandomInAnInflatedChartIsTold(t *testing.T) {
	text := strings.Replace(inflated, "HOW", "skipHooks: true", 1) + `-- app/charts/web/templates/secret.yaml --
apiVersion: v1
kind: Secret
metadata: {name: s}
data: {fixed: x, password: {{ DATA }}}
`
	for data, want := range map[string]string{
		`randAlphaNum 9 | b64enc`: "Secret/s /data/password", `"x"`: "", `default (randAlphaNum 9) "x"`: "",
	} {
		files := open(t, strings.Replace(text, "DATA", data, 1))
		build := Twice(kustomize.Renderer{Inflate: New().Inflate}.Render)
		answer, err := build(context.Background(), files, &protocol.Request{
			Kustomize: &protocol.Kustomize{Root: "app", EnableHelm: true},
		})
		if err != nil || answer.Error != nil {
			t.Fatalf("%s: %v %v", data, err, answer.Error)
		}
		got := ""
		for _, one := range answer.Unstable {
			got += named(t, answer)[one.Resource] + " " + one.Path
		}
		if got != want {
			t.Errorf("%s: got %q", data, got)
		}
	}
}
