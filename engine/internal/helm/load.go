package helm

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/loader/archive"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"sigs.k8s.io/yaml"

	"github.com/argofix/argofix/engine/internal/protocol"
	"github.com/argofix/argofix/engine/internal/store"
)

// deepestChart bounds charts in charts, unpacked or packaged.
const deepestChart = 32

// place is where a file of a chart lies: in the repository, or in an archive that does.
type place struct {
	path   string // of the repository
	inside string // the path in the archive Path, "" for a file that is none's
}

// loaded is a chart as its files say it. Nothing of it is changed once it is made: each rendering copies what Helm
// writes to (see instance).
type loaded struct {
	root   *chart.Chart
	places map[*common.File]place
	// defaults are the values.yaml of the charts.
	defaults map[*chart.Chart]defaults
	// schemas are compiled on first use, sets are parsed templates, by which charts are enabled; crd is what the files
	// of crds/ hold.
	schemas map[*byte]*schema
	crd     map[*common.File][]json.RawMessage
	sets    map[string]*set
	bytes   int
	files   int
	// templates is how many of the bytes are templates'.
	templates int
	// outside tells that a dependency (file://) lies outside of the chart's directory.
	outside bool
}

type defaults struct {
	place place
	data  []byte
}

// load reads a chart from the files of a request.
func load(files *store.Files, directory string, listed []found) (*loaded, error) {
	l := &loaded{
		places: map[*common.File]place{}, defaults: map[*chart.Chart]defaults{},
		schemas: map[*byte]*schema{}, sets: map[string]*set{}, crd: map[*common.File][]json.RawMessage{},
	}
	for i := range listed {
		l.bytes += len(listed[i].data)
	}
	root, err := l.chart(listed, "", 0)
	if err != nil {
		return nil, typed(err)
	}
	l.root = root
	err = l.local(files, directory)
	l.templates = templateBytes(l.root)
	return l, err
}

// chart makes a chart and those below its charts/, in the order of their names. The messages are those of Helm's
// loader.LoadFiles, which takes the subcharts in no order at all and does not tell where their files lie.
func (l *loaded) chart(listed []found, inArchive string, depth int) (*chart.Chart, error) {
	// manifest is where Chart.yaml lies or should lie.
	manifest := inArchive
	if inArchive == "" && len(listed) > 0 {
		manifest = strings.TrimSuffix(listed[0].path, listed[0].name) + "Chart.yaml"
	}
	if depth > deepestChart {
		return nil, at(manifest, tooLarge("charts lie in each other more than %d deep", deepestChart))
	}
	own := make([]*archive.BufferedFile, 0, len(listed))
	below := map[string][]found{}
	var whole []place
	for _, file := range listed {
		if rest, ok := strings.CutPrefix(file.name, "charts/"); ok && path.Ext(file.name) != ".prov" {
			name, _, _ := strings.Cut(rest, "/")
			file.name = rest
			below[name] = append(below[name], file)
			continue
		}
		own = append(own, &archive.BufferedFile{Name: file.name, Data: file.data})
		where := place{path: file.path}
		if inArchive != "" {
			where = place{path: inArchive, inside: file.path}
		}
		whole = append(whole, where)
	}
	if err := version(own); err != nil {
		return nil, at(manifest, err)
	}
	made, err := loader.LoadFiles(own)
	if err != nil {
		if name, _, ok := strings.Cut(strings.TrimPrefix(err.Error(), "cannot load "), ": "); ok && inArchive == "" {
			for i, file := range own {
				if file.Name == name {
					manifest = whole[i].path
				}
			}
		}
		return nil, at(manifest, err)
	}
	byName := make(map[string]place, len(own))
	for i, file := range own {
		byName[file.Name] = whole[i]
	}
	for _, file := range own {
		if file.Name == "values.yaml" {
			l.defaults[made] = defaults{byName[file.Name], file.Data}
		}
	}
	made.Raw = nil // not needed again, and doubles what is held
	for _, list := range [][]*common.File{made.Templates, made.Files} {
		for _, file := range list {
			l.places[file] = byName[file.Name]
		}
	}
	for _, name := range slices.Sorted(maps.Keys(below)) {
		child, err := l.child(name, below[name], inArchive, depth)
		if err != nil {
			return nil, wrapped(err, "error unpacking subchart %s in %s: ", name, made.Name())
		}
		if child != nil {
			made.AddDependency(child)
		}
	}
	return made, nil
}

// child makes one chart of charts/; nil for what Helm passes over.
func (l *loaded) child(name string, listed []found, inArchive string, depth int) (*chart.Chart, error) {
	switch {
	case strings.IndexAny(name, "_.") == 0:
		return nil, nil
	case path.Ext(name) == ".tgz":
		if listed[0].name != name {
			return nil, fmt.Errorf("expected %s, got %s", name, listed[0].name)
		}
		where := listed[0].path
		if inArchive != "" {
			where = inArchive
		}
		unpacked, err := l.unpack(listed[0].data)
		if err != nil {
			return nil, at(where, err)
		}
		return l.chart(unpacked, where, depth+1)
	}
	inside := make([]found, 0, len(listed))
	for _, file := range listed {
		if _, rest, ok := strings.Cut(file.name, "/"); ok {
			file.name = rest
			inside = append(inside, file)
		}
	}
	return l.chart(inside, inArchive, depth+1)
}

// unpack lists the files of a packaged chart. Helm's own reader refuses paths that leave it and bounds the bytes of
// files; here the whole stream is bounded too, so that a million empty files are refused as well.
func (l *loaded) unpack(data []byte) ([]found, error) {
	reader, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	size, err := io.Copy(io.Discard, io.LimitReader(reader, int64(mostChartBytes)+1))
	if err != nil {
		return nil, err
	}
	if l.bytes += int(size); l.bytes > mostChartBytes {
		return nil, tooLarge("the chart is more than %d bytes once it is unpacked", mostChartBytes)
	}
	buffered, err := archive.LoadArchiveFiles(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if l.files += len(buffered); l.files > mostFiles {
		return nil, tooLarge("the chart is more than %d files once it is unpacked", mostFiles)
	}
	listed := make([]found, len(buffered))
	for i, file := range buffered {
		listed[i] = found{name: file.Name, path: file.Name, data: file.Data} // path: that in the archive
	}
	return listed, nil
}

// version refuses what `helm template` does not install: charts of apiVersion v3, which is experimental, and others.
func version(files []*archive.BufferedFile) error {
	for _, file := range files {
		if file.Name != "Chart.yaml" {
			continue
		}
		var head struct {
			APIVersion string `json:"apiVersion,omitempty"`
		}
		if err := yaml.Unmarshal(file.Data, &head); err != nil {
			return fmt.Errorf("cannot load Chart.yaml: %w", err)
		}
		switch head.APIVersion {
		case "", chart.APIVersionV1, chart.APIVersionV2:
		case "v3":
			return errors.New("invalid chart apiVersion")
		default:
			return errors.New("unsupported chart version")
		}
	}
	return nil
}

// wrapped puts words before an error and keeps its code and file.
func wrapped(err error, format string, args ...any) error {
	told := *typed(err)
	told.Message = fmt.Sprintf(format, args...) + err.Error()
	return &told
}

// cache keeps loaded charts between requests, those that were used last.
type cache struct {
	most    int // bytes, see weight
	entries map[string]*entry
	clock   int
}

// setBytes is what the functions take that templates are parsed with, in each set anew: for a small chart a hundred
// times its files.
const setBytes = 100 << 10

// parsedBytes is how many bytes a byte of a template takes once it is parsed.
const parsedBytes = 20

// weight is about how many bytes of memory a chart takes.
func (l *loaded) weight() int {
	return 2*l.bytes + len(l.sets)*(setBytes+parsedBytes*l.templates)
}

// templateBytes is how many bytes the templates of a chart and of its subcharts have.
func templateBytes(c *chart.Chart) int {
	size := 0
	for _, one := range c.Templates {
		size += len(one.Data)
	}
	for _, child := range c.Dependencies() {
		size += templateBytes(child)
	}
	return size
}

func (c *cache) used() int {
	used := 0
	for _, known := range c.entries {
		used += known.chart.weight()
	}
	return used
}

type entry struct {
	chart *loaded
	used  int
}

func (c *cache) get(files *store.Files, directory string) (*loaded, error) {
	listed, err := walk(files, directory)
	if err != nil {
		return nil, typed(err)
	}
	if !slices.ContainsFunc(listed, func(file found) bool { return file.name == "Chart.yaml" }) {
		return nil, &protocol.Error{Code: protocol.NotFound, File: path.Join(directory, "Chart.yaml"),
			Message: fmt.Sprintf("Chart.yaml file is missing in %s", cmp.Or(directory, "."))}
	}
	name := key(directory, listed)
	c.clock++
	if known, ok := c.entries[name]; ok && name != "" {
		known.used = c.clock
		return known.chart, nil
	}
	made, err := load(files, directory, listed)
	if err != nil || name == "" || made.outside {
		return made, err
	}
	// Templates are parsed when they are rendered: those of this chart are counted when the next one comes.
	c.entries[name] = &entry{made, c.clock}
	for used := c.used(); used > c.most && len(c.entries) > 1; {
		oldest := ""
		for name, known := range c.entries {
			if oldest == "" || cmp.Less(known.used, c.entries[oldest].used) {
				oldest = name
			}
		}
		used -= c.entries[oldest].chart.weight()
		delete(c.entries, oldest)
	}
	return made, nil
}
