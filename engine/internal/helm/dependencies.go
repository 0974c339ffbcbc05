package helm

import (
	"fmt"
	"path"
	"strings"

	chart "helm.sh/helm/v4/pkg/chart/v2"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"

	"github.com/argofix/argofix/engine/internal/protocol"
	"github.com/argofix/argofix/engine/internal/store"
)

// local takes the dependencies that are not in charts/ from where they lie. `file://` names a directory of the
// repository, and Argo CD runs `helm dependency build` where charts/ lacks something, which packs that directory. What
// has to be fetched is told with the version that Chart.lock pins, else with the constraint of Chart.yaml.
func (l *loaded) local(files *store.Files, directory string) error {
	var remote []protocol.Chart
	var names []string
	for _, wanted := range missing(l.root) {
		relative, isLocal := strings.CutPrefix(wanted.Repository, "file://")
		if !isLocal {
			names = append(names, wanted.Name)
			remote = append(remote, protocol.Chart{
				Name: wanted.Name, Repo: wanted.Repository, Version: pinned(l.root, wanted),
			})
			continue
		}
		if err := l.fromDirectory(files, wanted, path.Join(directory, relative)); err != nil {
			return err
		}
	}
	if remote == nil {
		return nil
	}
	return &protocol.Error{
		Code: protocol.NeedsChart,
		Message: "an error occurred while checking for chart dependencies. You may need to run 'helm dependency " +
			"build' to fetch missing dependencies: found in Chart.yaml, but missing in charts/ directory: " +
			strings.Join(names, ", "),
		File:   path.Join(directory, "Chart.yaml"),
		Chart:  &remote[0],
		Charts: remote,
	}
}

func (l *loaded) fromDirectory(files *store.Files, wanted *chart.Dependency, directory string) error {
	if directory == ".." || strings.HasPrefix(directory, "../") {
		return at(directory, fmt.Errorf("dependency %s: %s %w", wanted.Name, wanted.Repository, store.ErrEscapes))
	}
	listed, err := walk(files, directory)
	if err != nil {
		return typed(err)
	}
	for i := range listed {
		l.bytes += len(listed[i].data)
	}
	made, err := l.chart(listed, "", 1)
	if err != nil {
		return wrapped(err, "dependency %s (%s): ", wanted.Name, wanted.Repository)
	}
	if wanted.Version != "" && !chartutil.IsCompatibleRange(wanted.Version, made.Metadata.Version) {
		return failed("can't get a valid version for dependency %s: %s has %s, %s is wanted", wanted.Name, directory,
			made.Metadata.Version, wanted.Version)
	}
	l.root.AddDependency(made)
	l.outside = true
	return nil
}

// missing lists the dependencies of Chart.yaml (or requirements.yaml) without a chart of their name in charts/, as
// action.CheckDependencies does: whatever their condition says, and not those of subcharts.
func missing(c *chart.Chart) []*chart.Dependency {
	var found []*chart.Dependency
next:
	for _, wanted := range c.Metadata.Dependencies {
		for _, there := range c.Dependencies() {
			if there.Name() == wanted.Name {
				continue next
			}
		}
		found = append(found, wanted)
	}
	return found
}

func pinned(c *chart.Chart, wanted *chart.Dependency) string {
	if c.Lock != nil {
		for _, locked := range c.Lock.Dependencies {
			if locked != nil && locked.Name == wanted.Name && locked.Repository == wanted.Repository {
				return locked.Version
			}
		}
	}
	return wanted.Version
}

// instance copies what Helm writes to while it processes dependencies: the charts, their lists of charts, and their
// metadata with its lists. Values are copied by Helm itself before it changes them.
func instance(c *chart.Chart) *chart.Chart {
	made := *c
	metadata := *c.Metadata
	if c.Metadata.Dependencies != nil {
		metadata.Dependencies = make([]*chart.Dependency, len(c.Metadata.Dependencies))
		for i, dependency := range c.Metadata.Dependencies {
			copied := *dependency
			copied.ImportValues = append([]any(nil), dependency.ImportValues...)
			metadata.Dependencies[i] = &copied
		}
	}
	made.Metadata = &metadata
	children := make([]*chart.Chart, len(c.Dependencies()))
	for i, child := range c.Dependencies() {
		children[i] = instance(child)
	}
	made.SetDependencies(children...)
	return &made
}
