package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestCharts needs the path of a helm in CONFORMANCE_HELM: building one takes minutes.
func TestCharts(t *testing.T) {
	helm := os.Getenv("CONFORMANCE_HELM")
	if helm == "" {
		t.Skip("CONFORMANCE_HELM names no helm")
	}
	directory := t.TempDir()
	for name, text := range charts {
		write(t, filepath.Join(directory, name), base+chart+"-- kustomization.yaml --\n"+text+"\n")
	}
	holdWith(t, directory, len(charts), helm)
}

const chart = `
-- charts/x/Chart.yaml --
apiVersion: v2
name: x
version: 1.2.3
appVersion: "7"
-- charts/x/values.yaml --
a: {b: 1, c: [1, 2]}
name: chart
big: 1000000
empty: {}
gone: value
-- charts/x/crds/crd.yaml --
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: as.example.com}
spec: {group: example.com}
-- charts/x/templates/_helpers.tpl --
{{- define "x.name" -}}{{ .Release.Name }}-{{ .Values.name }}{{- end }}
-- charts/x/templates/config.yaml --
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ include "x.name" . }}
  labels: {chart: "{{ .Chart.Name }}-{{ .Chart.Version }}", service: {{ .Release.Service }}}
data:
  namespace: {{ .Release.Namespace }}
  kube: {{ .Capabilities.KubeVersion.Version | quote }}
  extra: {{ .Capabilities.APIVersions.Has "extra.example.com/v1" | quote }}
  values: {{ .Values | toJson | quote }}
-- charts/x/templates/others.yaml --
apiVersion: v1
kind: Service
metadata: {name: chart, namespace: own}
---
# only a comment
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: chart}
spec: {template: {spec: {containers: [{name: a, image: nginx}]}}}
-- charts/x/templates/hooks.yaml --
apiVersion: batch/v1
kind: Job
metadata: {name: hook, annotations: {helm.sh/hook: pre-install}}
---
apiVersion: v1
kind: Pod
metadata: {name: test, annotations: {helm.sh/hook: test}}
-- charts/x/templates/NOTES.txt --
Thanks for {{ .Chart.Name }}
-- charts/broken/Chart.yaml --
apiVersion: v2
name: broken
version: 1.0.0
-- charts/broken/values.yaml --
-- charts/broken/templates/a.yaml --
{{ required "a name is needed" .Values.name }}
-- charts/empty/Chart.yaml --
apiVersion: v2
name: empty
version: 1.0.0
-- charts/empty/values.yaml --
a: b
-- more.yaml --
a: {b: 5}
name: more
-- other.yaml --
a: {c: [9]}
gone: null
`

var charts = map[string]string{
	"plain":        "helmCharts: [{name: x}]",
	"release":      "helmCharts: [{name: x, releaseName: r, namespace: ns}]",
	"name":         "helmCharts: [{name: x, nameTemplate: 'n-{{ lower \"ABC\" }}'}]",
	"crds":         "helmCharts: [{name: x, includeCRDs: true}]",
	"no-hooks":     "helmCharts: [{name: x, skipHooks: true}]",
	"no-tests":     "helmCharts: [{name: x, skipTests: true}]",
	"capabilities": "helmCharts: [{name: x, kubeVersion: '1.27.3', apiVersions: [extra.example.com/v1]}]",
	"file":         "helmCharts: [{name: x, valuesFile: other.yaml}]",
	"files":        "helmCharts: [{name: x, valuesFile: other.yaml, additionalValuesFiles: [more.yaml]}]",
	"more":         "helmCharts: [{name: x, additionalValuesFiles: [more.yaml, other.yaml]}]",
	"inline":       "helmCharts: [{name: x, valuesInline: {a: {b: 9, d: 1000000}, new: [1.0, yes]}}]",
	"override":     "helmCharts: [{name: x, valuesMerge: override, valuesInline: {a: {b: null, c: [3]}, gone: null, empty: {e: 1}}}]",
	"merge":        "helmCharts: [{name: x, valuesMerge: merge, valuesInline: {a: {b: 9, d: 1}, new: 1}}]",
	"replace":      "helmCharts: [{name: x, valuesMerge: replace, valuesInline: {a: {b: 9}}}]",
	"merge-file":   "helmCharts: [{name: x, valuesFile: other.yaml, additionalValuesFiles: [more.yaml], valuesInline: {gone: here}}]",
	"merge-wrong":  "helmCharts: [{name: x, valuesMerge: deep}]",
	"twice":        "helmCharts: [{name: x, releaseName: a, skipHooks: true}, {name: x, releaseName: b, skipHooks: true}]",
	"twice-apart":  "helmCharts: [{name: x, releaseName: a}]\nresources: [base]\nnamePrefix: p-\n-- base/kustomization.yaml --\nhelmGlobals: {chartHome: ../charts}\nhelmCharts: [{name: x}]",
	"transformed":  "helmCharts: [{name: x}]\nnamespace: ns\nnamePrefix: p-\ncommonLabels: {l: l}\nimages: [{name: nginx, newTag: '3'}]\nresources: [others.yaml]",
	"patched":      "helmCharts: [{name: x}]\npatches: [{target: {kind: Deployment}, patch: '[{\"op\": \"add\", \"path\": \"/spec/replicas\", \"value\": 2}]'}]\nreplicas: [{name: chart, count: 4}]",
	"namespaced":   "resources: [base]\nnamespace: over\n-- base/kustomization.yaml --\nhelmCharts: [{name: y}]\nresources: [r.yaml]\n-- base/r.yaml --\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: r}\n-- base/charts/y/Chart.yaml --\napiVersion: v2\nname: y\nversion: 1.0.0\n-- base/charts/y/values.yaml --\na: b\n-- base/charts/y/templates/a.yaml --\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {n: {{ .Release.Namespace }}}",
	"generator":    "generators: ['{apiVersion: builtin, kind: HelmChartInflationGenerator, metadata: {name: g}, name: x, releaseName: gen, valuesInline: {name: g}}']",
	"legacy":       "helmChartInflationGenerator: [{chartName: x, releaseName: old, values: other.yaml, valuesLocal: {name: local}}]",
	"merged-map":   "helmCharts: [{name: x}]\nconfigMapGenerator: [{name: release-name-chart, behavior: merge, literals: [a=b]}]",
	"clash":        "helmCharts: [{name: x}]\nconfigMapGenerator: [{name: release-name-chart, literals: [a=b]}]",
	"broken":       "helmCharts: [{name: broken}]",
	"broken-given": "helmCharts: [{name: broken, valuesMerge: replace, valuesInline: {name: '{apiVersion: v1, kind: ConfigMap, metadata: {name: given}}'}}]",
	"empty":        "helmCharts: [{name: empty}]\nresources: [others.yaml]",
	"missing":      "helmCharts: [{name: nothing}]",
	"no-file":      "helmCharts: [{name: x, valuesFile: nothing.yaml}]",
	"no-more":      "helmCharts: [{name: x, additionalValuesFiles: [nothing.yaml]}]",
	"component":    "resources: [others.yaml]\ncomponents: [c]\n-- c/kustomization.yaml --\napiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nhelmGlobals: {chartHome: ../charts}\nhelmCharts: [{name: x, valuesMerge: replace, valuesInline: {name: c}}]",
}
