package helm

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/argofix/argofix/engine/internal/protocol"
	"github.com/argofix/argofix/engine/internal/store"
)

// tree reads files written one after the other, each below a line `-- path --`. A line `-> target` makes a link.
func tree(text string) (files, links map[string]string) {
	files, links = map[string]string{}, map[string]string{}
	name := ""
	for line := range strings.Lines(text) {
		if header, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "-- "); ok && strings.HasSuffix(header, " --") {
			name = strings.TrimSuffix(header, " --")
			files[name] = ""
			continue
		}
		if target, ok := strings.CutPrefix(line, "-> "); ok {
			links[name] = strings.TrimSpace(target)
			delete(files, name)
			continue
		}
		if name != "" {
			files[name] += line
		}
	}
	return files, links
}

func open(t testing.TB, text string) *store.Files {
	t.Helper()
	files, links := tree(text)
	made, err := store.FromMap(files, links)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// ask renders one chart with a renderer of its own.
func ask(t testing.TB, files *store.Files, asked protocol.Helm) (*protocol.Answer, *protocol.Error) {
	t.Helper()
	return askOf(t, New(), files, asked)
}

func askOf(t testing.TB, r *Renderer, files *store.Files, asked protocol.Helm) (*protocol.Answer, *protocol.Error) {
	t.Helper()
	if asked.Chart == "" {
		asked.Chart = "chart"
	}
	if asked.ReleaseName == "" {
		asked.ReleaseName = "web"
	}
	if asked.Namespace == "" {
		asked.Namespace = "shop"
	}
	answer, err := r.Render(context.Background(), files, &protocol.Request{Helm: &asked})
	if err == nil {
		return answer, nil
	}
	var told *protocol.Error
	if !errors.As(err, &told) {
		t.Fatalf("%v is no protocol.Error", err)
	}
	return nil, told
}

// names renders and returns `Kind/name` of each resource.
func names(t testing.TB, files *store.Files, asked protocol.Helm) []string {
	t.Helper()
	answer, err := ask(t, files, asked)
	if err != nil {
		t.Fatalf("%s: %s", err.Code, err.Message)
	}
	return named(t, answer)
}

func named(t testing.TB, answer *protocol.Answer) []string {
	t.Helper()
	var found []string
	for _, resource := range answer.Resources {
		var read struct {
			Kind     string
			Metadata struct{ Name string }
		}
		if err := json.Unmarshal(resource.Object, &read); err != nil {
			t.Fatal(err)
		}
		found = append(found, read.Kind+"/"+read.Metadata.Name)
	}
	return found
}

// configMaps are the names of ConfigMaps that a rendering has to make.
func configMaps(names ...string) []string {
	var made []string
	for _, name := range names {
		made = append(made, "ConfigMap/"+name)
	}
	return made
}

func expect(t testing.TB, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// minimal is a chart of one ConfigMap whose name is a template.
func minimal(name string) string {
	return "-- chart/Chart.yaml --\napiVersion: v2\nname: web\nversion: 1.0.0\n" +
		"-- chart/templates/cm.yaml --\n" + configMap(name)
}

func configMap(name string) string {
	return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " + name + "\n"
}

// packed is a packaged chart: the files of a directory, gzipped.
func packed(t testing.TB, files map[string]string) string {
	t.Helper()
	var data bytes.Buffer
	zipped := gzip.NewWriter(&data)
	archive := tar.NewWriter(zipped)
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for name := range files {
			if !yield(name) {
				return
			}
		}
	}) {
		header := tar.Header{Name: name, Mode: 0o644, Size: int64(len(files[name])), Typeflag: tar.TypeReg}
		if err := archive.WriteHeader(&header); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write([]byte(files[name])); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(archive.Close(), zipped.Close()); err != nil {
		t.Fatal(err)
	}
	return data.String()
}

func with(t testing.TB, text string, more map[string]string) *store.Files {
	t.Helper()
	files, links := tree(text)
	for name, content := range more {
		files[path.Clean(name)] = content
	}
	made, err := store.FromMap(files, links)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

var _ = fmt.Sprint

// Two processes say the same, and what Helm says: the list that client-go makes has the order in which its versions
// are registered, core first.
func TestTheVersionsOfKubernetesComeInOneOrder(t *testing.T) {
	data, err := os.ReadFile("../../client-go/kubernetes/scheme/data/versions.txt")
	if err != nil {
		t.Fatal(err)
	}
	listed := strings.Fields(string(data))
	text := minimal("{{ .Capabilities.APIVersions | toJson | sha256sum | trunc 40 }}")
	known, err := json.Marshal(append(append([]string{}, listed...), "apiextensions.k8s.io/v1beta1", "apiextensions.k8s.io/v1", "own/v1"))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(known)
	expect(t, names(t, open(t, text), protocol.Helm{APIVersions: []string{"own/v1"}}), configMaps(hex.EncodeToString(sum[:])[:40]))
}
