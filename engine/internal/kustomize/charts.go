package kustomize

import (
	"bytes"
	"context"
	"fmt"
	"path"
	"path/filepath"
	"unsafe"

	//lint:ignore SA1019 the generator of charts is nowhere else
	"sigs.k8s.io/kustomize/api/builtins"
	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/kyaml/kio"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"
	"sigs.k8s.io/kustomize/kyaml/yaml/merge2"
	"sigs.k8s.io/yaml"

	"github.com/argofix/argofix/engine/internal/protocol"
	"github.com/argofix/argofix/engine/internal/store"
)

var _ unsafe.Pointer // for go:linkname

// generatorFactories is kustomize's table of builtin generators. kustomize has no other way to put something in the
// place of the one that runs `helm`, which reads the real disk and starts a process.
//
//go:linkname generatorFactories sigs.k8s.io/kustomize/api/internal/plugins/builtinhelpers.GeneratorFactories
var generatorFactories map[int]func() resmap.GeneratorPlugin

// nowhere stands for helm's own directory: with none given, kustomize makes one on the real disk.
const nowhere = "/nowhere"

// inflating is the build that is under way. There is one at a time in a process.
var inflating *build

func init() {
	for kind, make := range generatorFactories {
		if _, ok := make().(*builtins.HelmChartInflationGeneratorPlugin); ok {
			generatorFactories[kind] = func() resmap.GeneratorPlugin { return &chartGenerator{build: inflating} }
			return
		}
	}
	panic("kustomize has no generator of helm charts where it had one")
}

// build is what one run of kustomize needs beside its files.
type build struct {
	ctx     context.Context
	files   *store.Files
	inflate Inflate
	// failed is the first typed error of something that kustomize called; it wraps some errors as text.
	failed *protocol.Error
}

func (b *build) fail(err *protocol.Error) *protocol.Error {
	if b.failed == nil {
		b.failed = err
	}
	return err
}

// chartGenerator is kustomize's generator of helm charts with the helm of this process. What its configuration means
// and which errors it has is left to kustomize's own.
type chartGenerator struct {
	builtins.HelmChartInflationGeneratorPlugin
	helpers *resmap.PluginHelpers
	build   *build
}

// Config reads the configuration.
func (g *chartGenerator) Config(helpers *resmap.PluginHelpers, config []byte) error {
	g.helpers = helpers
	g.ConfigHome = nowhere
	return g.HelmChartInflationGeneratorPlugin.Config(helpers, config)
}

// Generate renders the chart.
func (g *chartGenerator) Generate() (resmap.ResMap, error) {
	home := g.ChartHome
	if !filepath.IsAbs(home) {
		home = filepath.Join(g.helpers.Loader().Root(), home)
	}
	if g.Version != "" && g.Repo != "" {
		home = filepath.Join(home, fmt.Sprintf("%s-%s", g.Name, g.Version))
	}
	on := disk{files: g.build.files}
	directory, found := on.locate(path.Join(home, g.Name))
	if !found || !g.build.files.IsDir(directory) {
		if g.Repo == "" {
			// kustomize names the path, and forgets to fill it in.
			return nil, fmt.Errorf("no repo specified for pull, no chart found at ''")
		}
		return nil, g.build.fail(&protocol.Error{
			Code:    protocol.NeedsChart,
			Message: fmt.Sprintf("chart %s %s of %s is not in the repository", g.Name, g.Version, g.Repo),
			Chart:   &protocol.Chart{Name: g.Name, Repo: g.Repo, Version: g.Version},
		})
	}
	values, err := g.values()
	if err != nil {
		return nil, err
	}
	if g.build.inflate == nil {
		return nil, g.build.fail(&protocol.Error{Code: protocol.NotBuilt, Message: "built without Helm"})
	}
	printed, err := g.build.inflate(g.build.ctx, g.build.files, Chart{
		Directory:    directory,
		ReleaseName:  g.ReleaseName,
		NameTemplate: g.NameTemplate,
		Namespace:    g.Namespace,
		Values:       values,
		KubeVersion:  g.KubeVersion,
		APIVersions:  g.ApiVersions,
		IncludeCRDs:  g.IncludeCRDs,
		SkipHooks:    g.SkipHooks,
		SkipTests:    g.SkipTests,
	})
	if err != nil {
		return nil, err
	}
	return g.read(printed)
}

// values are the values files as kustomize hands them to helm: the chart's own or those of `valuesFile`, with the
// inline ones merged in, then the additional ones.
func (g *chartGenerator) values() ([][]byte, error) {
	base, err := g.baseValues()
	if err != nil {
		return nil, err
	}
	values := [][]byte{base}
	for _, file := range g.AdditionalValuesFiles {
		more, err := (disk{files: g.build.files}).ReadFile(file)
		if err != nil {
			return nil, err
		}
		values = append(values, more)
	}
	return values, nil
}

func (g *chartGenerator) baseValues() ([]byte, error) {
	if len(g.ValuesInline) == 0 {
		return g.helpers.Loader().Load(g.ValuesFile)
	}
	if g.ValuesMerge == "replace" {
		return yaml.Marshal(g.ValuesInline)
	}
	text, err := g.helpers.Loader().Load(g.ValuesFile)
	if err != nil {
		return nil, err
	}
	fromFile, err := kyaml.Parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("could not parse values file into rnode: %w", err)
	}
	inline, err := kyaml.FromMap(g.ValuesInline)
	if err != nil {
		return nil, fmt.Errorf("could not parse values inline into rnode: %w", err)
	}
	source, target := inline, fromFile // `override`: the inline ones win
	if g.ValuesMerge == "merge" {
		source, target = fromFile, inline
	}
	merged, err := merge2.Merge(source, target, kyaml.MergeOptions{})
	if err != nil {
		return nil, fmt.Errorf("could not merge values: %w", err)
	}
	fields, err := merged.Map()
	if err != nil {
		return nil, fmt.Errorf("could not parse merged values into map: %w", err)
	}
	return yaml.Marshal(fields)
}

// read takes what helm printed for resources and marks them, so that the namespace transformer leaves them alone.
func (g *chartGenerator) read(printed []byte) (resmap.ResMap, error) {
	resources, err := g.helpers.ResmapFactory().NewResMapFromBytes(printed)
	if err != nil {
		// Once more without what stands before the first `---`.
		reader := kio.ByteReader{Reader: bytes.NewReader(printed), OmitReaderAnnotations: true}
		nodes, unreadable := reader.Read()
		if unreadable != nil {
			return nil, fmt.Errorf("error reading helm output: %w", unreadable)
		}
		if len(nodes) == 0 {
			return nil, fmt.Errorf("could not parse bytes into resource map: %w", err)
		}
		if resources, err = g.helpers.ResmapFactory().NewResMapFromRNodeSlice(nodes); err != nil {
			return nil, fmt.Errorf("could not parse rnode slice into resource map: %w", err)
		}
	}
	for _, one := range resources.Resources() {
		if err := one.PipeE(kyaml.SetAnnotation(konfig.HelmGeneratedAnnotation, "true")); err != nil {
			return nil, fmt.Errorf("failed to set helm annotation: %w", err)
		}
	}
	return resources, nil
}
