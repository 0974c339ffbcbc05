package kustomize_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/argofix/argofix/engine/internal/kustomize"
	"github.com/argofix/argofix/engine/internal/protocol"
	"github.com/argofix/argofix/engine/internal/store"
)

// printing stands for Helm: it prints a ConfigMap with what it was asked for.
func printing(_ context.Context, _ *store.Files, chart kustomize.Chart) ([]byte, error) {
	values := ""
	for _, one := range chart.Values {
		values += strings.ReplaceAll(strings.TrimSpace(string(one)), "\n", "; ") + " | "
	}
	chart.Values = nil
	return fmt.Appendf(nil, "---\n# Source: x\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: chart, namespace: own}\ndata: {asked: %q, values: %q}\n",
		fmt.Sprintf("%+v", chart), values), nil
}

const chartFiles = `
-- a/charts/x/Chart.yaml --
name: x
-- a/charts/x/values.yaml --
a: {b: 1, c: 2}
d: [1]
-- a/more.yaml --
e: 5
-- a/other.yaml --
f: 6
-- a/r.yaml --
apiVersion: v1
kind: ConfigMap
metadata: {name: resource}
`

func TestChartsAreAskedForAsKustomizeAsksHelm(t *testing.T) {
	for fields, want := range map[string][]string{
		"helmCharts: [{name: x}]": {"Directory:a/charts/x ReleaseName: NameTemplate: Namespace: ", "a: {b: 1, c: 2}; d: [1] | "},
		"helmCharts: [{name: x, releaseName: r, namespace: space, nameTemplate: t, includeCRDs: true, skipHooks: true, skipTests: true, apiVersions: [v/x], kubeVersion: '1.30'}]": {
			"ReleaseName:r NameTemplate:t Namespace:space", "KubeVersion:1.30 APIVersions:[v/x] IncludeCRDs:true SkipHooks:true SkipTests:true"},
		"helmCharts: [{name: x, valuesFile: other.yaml, additionalValuesFiles: [more.yaml]}]":                                    {`"values":"f: 6 | e: 5 | "`},
		"helmCharts: [{name: x, valuesInline: {a: {b: 9}, g: 7}}]":                                                               {`"values":"a:;   b: 9;   c: 2; d:; - 1; g: 7 | "`},
		"helmCharts: [{name: x, valuesInline: {a: {b: 9}, g: 7}, valuesMerge: override}]":                                        {`"values":"a:;   b: 9;   c: 2; d:; - 1; g: 7 | "`},
		"helmCharts: [{name: x, valuesInline: {a: {b: 9}, g: 7}, valuesMerge: merge}]":                                           {`"values":"a:;   b: 1;   c: 2; d:; - 1; g: 7 | "`},
		"helmCharts: [{name: x, valuesInline: {a: {b: 9}}, valuesMerge: replace}]":                                               {`"values":"a:;   b: 9 | "`},
		"helmCharts: [{name: x, valuesMerge: other}]":                                                                            {"failed: ", "valuesMerge must be one of"},
		"helmCharts: [{name: other}]":                                                                                            {"failed: ", "no repo specified for pull, no chart found at ''"},
		"helmCharts: [{name: other, repo: 'https://example.com', version: 1.2.3, valuesInline: {a: b}}]":                         {"needs-chart: "},
		"helmCharts: [{name: x, repo: 'https://example.com', version: 1.2.3}]":                                                   {"needs-chart: "}, // below x-1.2.3
		"helmGlobals: {chartHome: ../a/charts}\nhelmCharts: [{name: x}]":                                                         {"Directory:a/charts/x "},
		"helmChartInflationGenerator: [{chartName: x, releaseName: r, values: other.yaml}]":                                      {"Directory:a/charts/x ReleaseName:r", "f: 6 | "},
		"generators: ['{apiVersion: builtin, kind: HelmChartInflationGenerator, metadata: {name: g}, name: x, releaseName: r}']": {"ReleaseName:r"},
		// The kustomization's namespace is the release's, and what a chart rendered is left as it is.
		"helmCharts: [{name: x}]\nnamespace: ns\nresources: [r.yaml]": {"Namespace:ns", `"name":"chart","namespace":"own"`, `"name":"resource","namespace":"ns"`},
		"helmCharts: [{name: x}]\nnamePrefix: p-\npatches: [{target: {name: chart}, patch: '[{\"op\":\"add\",\"path\":\"/data/z\",\"value\":\"9\"}]'}]": {
			`"z":"9"`, `"name":"p-chart"`, `{"configuredIn":"a/kustomization.yaml","configuredBy":"HelmChartInflationGenerator"}`},
	} {
		got := told(renderWith(t, kustomize.Renderer{Inflate: printing}, chartFiles+"-- a/kustomization.yaml --\n"+fields+"\n",
			protocol.Kustomize{Root: "a", EnableHelm: true}))
		for _, part := range want {
			if !strings.Contains(got, part) {
				t.Errorf("%s\n  has no %s in\n  %s", fields, part, got)
			}
		}
		if strings.Contains(got, "helm-generated") {
			t.Errorf("%s leaves kustomize's mark behind: %s", fields, got)
		}
	}
}

func TestAChartThatIsNotThereIsNamed(t *testing.T) {
	got := renderWith(t, kustomize.Renderer{Inflate: printing}, `
-- kustomization.yaml --
components: [c]
-- c/kustomization.yaml --
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
helmCharts: [{name: other, repo: 'oci://example.com/charts', version: 1.2.3, valuesInline: {a: b}}]
`, protocol.Kustomize{EnableHelm: true}).Error
	if got == nil || got.Code != protocol.NeedsChart || *got.Chart != (protocol.Chart{Name: "other", Repo: "oci://example.com/charts", Version: "1.2.3"}) {
		t.Errorf("%+v", got)
	}
}

func TestTheCommandLineWinsOverTheKustomization(t *testing.T) {
	got := told(renderWith(t, kustomize.Renderer{Inflate: printing},
		chartFiles+"-- a/kustomization.yaml --\nhelmCharts: [{name: x}]\n",
		protocol.Kustomize{Root: "a", EnableHelm: true, KubeVersion: "1.31", APIVersions: []string{"q/v1"}}))
	mustContain(t, got, "KubeVersion:1.31 APIVersions:[q/v1]")
}

func TestAChartHomeAboveTheKustomizationIsRestricted(t *testing.T) {
	files := strings.ReplaceAll(chartFiles, "-- a/charts/", "-- charts/") +
		"-- a/kustomization.yaml --\nhelmGlobals: {chartHome: ../charts}\nhelmCharts: [{name: x}]\n"
	got := renderWith(t, kustomize.Renderer{Inflate: printing}, files, protocol.Kustomize{Root: "a", EnableHelm: true})
	mustContain(t, told(got), "lifted: security; file 'charts/x/values.yaml' is not in or below 'a'", "Directory:charts/x ")
}
