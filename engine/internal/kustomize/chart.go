package kustomize

import (
	"context"

	"github.com/argofix/argofix/engine/internal/store"
)

// Chart is one `helm template` that a kustomization asks for (helmCharts, helmChartInflationGenerator).
type Chart struct {
	Directory    string   // of the chart, a path of the files
	ReleaseName  string   // "" for Helm's own default, `release-name`
	NameTemplate string   // --name-template
	Namespace    string   // "" for `default`
	Values       [][]byte // values files in their order, later ones win
	KubeVersion  string
	APIVersions  []string
	IncludeCRDs  bool
	SkipHooks    bool // --no-hooks
	SkipTests    bool
}

// Inflate renders a chart as `helm template` prints it: manifests with `---` between them.
type Inflate func(ctx context.Context, files *store.Files, chart Chart) ([]byte, error)
