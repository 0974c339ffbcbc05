package helm

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"helm.sh/helm/v4/pkg/chart/common"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	release "helm.sh/helm/v4/pkg/release/v1"
	releaseutil "helm.sh/helm/v4/pkg/release/v1/util"
	kubeyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/argofix/argofix/engine/internal/argocd"
	"github.com/argofix/argofix/engine/internal/protocol"
)

// document is one YAML document of a rendering.
type document struct {
	source string // full name of the template, or of the file in crds/
	place  place
	chart  string
	// template is the file in its chart.
	template string
	text     string
	line     int // in the template, 0 where it cannot be told
	index    int // among the documents of the template
	kind     string
	hook     bool
	test     bool
	calls    []call // of random functions
	// whole are the manifests of a file of crds/, which is not split by the rules for templates.
	whole func() ([]json.RawMessage, error)
	json  []byte
}

// separator is Helm's: also what follows `---` on its line begins the next document.
var separator = regexp.MustCompile(`(?m)^---[ \t]*`)

// split cuts what a template writes into documents, leaving out those that are blank.
func split(text string) (pieces []string, offsets []int) {
	start := len(text) - len(strings.TrimLeftFunc(text, unicode.IsSpace))
	from := start
	add := func(from, to int) {
		piece := text[from:to]
		if strings.TrimSpace(piece) == "" {
			return
		}
		trimmed := strings.TrimLeftFunc(piece, unicode.IsSpace)
		pieces = append(pieces, trimmed)
		offsets = append(offsets, from+len(piece)-len(trimmed))
	}
	for _, found := range separator.FindAllStringIndex(text[start:], -1) {
		add(from, start+found[0])
		from = start + found[1]
	}
	add(from, len(text))
	return pieces, offsets
}

var hookEvents = map[string]bool{
	"pre-install": true, "post-install": true, "pre-delete": true, "post-delete": true, "pre-upgrade": true,
	"post-upgrade": true, "pre-rollback": true, "post-rollback": true, "test": true, "test-success": true,
}

// documents sorts what the templates wrote as Helm does (pkg/release/v1/util/manifest_sorter.go): by kind, hooks
// last; a hook that Helm does not know is left out.
func (l *loaded) documents(all []rendered) ([]document, error) {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b rendered) int { return strings.Compare(a.source.name, b.source.name) })
	var plain, hooks []document
	for _, one := range all {
		if strings.HasSuffix(one.source.name, "NOTES.txt") {
			continue
		}
		pieces, offsets := split(one.text)
		for index, piece := range pieces {
			made := document{
				source: one.source.name, place: l.places[one.source.file], chart: one.source.chart.ChartFullPath(),
				template: one.source.file.Name, text: piece, index: index,
				calls: callsOf(one, pieces, offsets, index),
			}
			if made.place.inside == "" {
				made.line = lineOf(one, piece, offsets[index])
			}
			keep, err := made.look()
			if err != nil {
				told := failed("YAML parse error on %s: %w", made.source, err)
				told.Code, told.File = protocol.MalformedYAML, made.place.path
				return nil, told
			}
			switch {
			case !keep:
			case made.hook:
				hooks = append(hooks, made)
			default:
				plain = append(plain, made)
			}
		}
	}
	for _, list := range [][]document{plain, hooks} {
		slices.SortStableFunc(list, func(a, b document) int { return byKind(a.kind, b.kind) })
	}
	return append(plain, hooks...), nil
}

// look reads a document's kind and its hook annotation. It returns false for what Helm leaves out.
func (d *document) look() (bool, error) {
	data, err := yaml.YAMLToJSON([]byte(d.text))
	if err != nil {
		return false, d.headError(err)
	}
	d.json = data
	var read struct {
		Version  any `json:"apiVersion"`
		Kind     any `json:"kind"`
		Metadata any `json:"metadata"`
	}
	if !bytes.HasPrefix(data, []byte("{")) {
		if bytes.Equal(data, []byte("null")) {
			return true, nil
		}
		return true, d.headError(nil)
	}
	if err := json.Unmarshal(data, &read); err != nil {
		return false, err
	}
	kind, ok := read.Kind.(string)
	metadata, isMap := read.Metadata.(map[string]any)
	annotations, areMap := metadata["annotations"].(map[string]any)
	_, named := metadata["name"].(string)
	if !ok && read.Kind != nil || !isMap && read.Metadata != nil || !named && metadata["name"] != nil ||
		!areMap && metadata["annotations"] != nil || !scalars(annotations) {
		var full releaseutil.SimpleHead
		if err := yaml.Unmarshal([]byte(d.text), &full); err != nil {
			return false, err
		}
		kind = full.Kind
	}
	d.kind = kind
	hook, ok := annotations[release.HookAnnotation]
	if !ok {
		return true, nil
	}
	d.hook = true
	for event := range strings.SplitSeq(fmt.Sprint(hook), ",") {
		event = strings.ToLower(strings.TrimSpace(event))
		if !hookEvents[event] {
			return false, nil
		}
		d.test = d.test || event == "test" || event == "test-success"
	}
	return true, nil
}

// headError is what Helm says where a document is no manifest: it reads the head alone.
func (d *document) headError(otherwise error) error {
	var full releaseutil.SimpleHead
	if err := yaml.Unmarshal([]byte(d.text), &full); err != nil {
		return err
	}
	return otherwise
}

func scalars(annotations map[string]any) bool {
	for _, value := range annotations {
		if _, ok := value.(string); !ok {
			return false
		}
	}
	return true
}

var installOrder = func() map[string]int {
	order := map[string]int{}
	for i, kind := range releaseutil.InstallOrder {
		order[kind] = i
	}
	return order
}()

func byKind(a, b string) int {
	first, known := installOrder[a]
	second, known2 := installOrder[b]
	switch {
	case !known && !known2:
		return strings.Compare(a, b)
	case !known:
		return 1
	case !known2:
		return -1
	}
	return first - second
}

// crds are the files of crds/, which are no templates, those of subcharts after those of their parents.
func (l *loaded) crds(c *chart.Chart) []document {
	var listed []document
	for _, file := range c.Files {
		extension := strings.ToLower(path.Ext(file.Name))
		if !strings.HasPrefix(file.Name, "crds/") || extension != ".yaml" && extension != ".yml" && extension != ".json" {
			continue
		}
		listed = append(listed, document{
			source: path.Join(c.ChartFullPath(), file.Name), place: l.places[file], chart: c.ChartFullPath(),
			template: file.Name, text: string(file.Data),
			whole: func() ([]json.RawMessage, error) { return l.manifests(file) },
		})
	}
	for _, child := range c.Dependencies() {
		listed = append(listed, l.crds(child)...)
	}
	return listed
}

// resources makes the objects that Argo CD deploys (kube.SplitYAML, gitops-engine; GenerateManifests, reposerver): a
// list is its items, an empty document nothing, and what has no kind is refused.
func resources(documents []document) ([]protocol.Resource, error) {
	var made []protocol.Resource
	for _, one := range documents {
		pieces := []json.RawMessage{one.json}
		if one.whole != nil {
			var err error
			if pieces, err = one.whole(); err != nil {
				return nil, one.refused(err)
			}
		}
		for index, piece := range pieces {
			if len(piece) == 0 || bytes.Equal(piece, []byte("null")) {
				continue
			}
			origin := protocol.Origin{
				Path: one.place.path, Line: one.line, Chart: one.chart, Template: one.template, Document: one.index,
			}
			if one.whole != nil {
				origin.Document = index
			}
			items, err := argocd.Items(piece)
			if err != nil {
				return nil, one.refused(err)
			}
			for _, item := range items {
				own := origin
				made = append(made, protocol.Resource{Object: item, Origin: &own})
			}
		}
	}
	return made, nil
}

func (d *document) refused(err error) error {
	return &protocol.Error{
		Code: protocol.Failed, Message: fmt.Sprintf("failed to unmarshal manifest of %s: %v", d.source, err),
		File: d.place.path, Line: d.line,
	}
}

// manifests cuts a file of crds/ as Argo CD cuts Helm's output. They are the same for each rendering and take long, so
// they are kept.
func (l *loaded) manifests(file *common.File) ([]json.RawMessage, error) {
	if known, ok := l.crd[file]; ok {
		return known, nil
	}
	pieces, err := manifests(string(file.Data))
	if err == nil {
		l.crd[file] = pieces
	}
	return pieces, err
}

func manifests(text string) ([]json.RawMessage, error) {
	reader := kubeyaml.NewYAMLReader(bufio.NewReader(strings.NewReader(text)))
	var pieces []json.RawMessage
	for {
		data, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return pieces, nil
		}
		if err != nil {
			return nil, err
		}
		piece, err := yaml.YAMLToJSON(data)
		if err != nil {
			return nil, err
		}
		pieces = append(pieces, piece)
	}
}
