package helm

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"
	"time"

	"helm.sh/helm/v4/pkg/chart/loader/archive"
	"helm.sh/helm/v4/pkg/ignore"

	"github.com/argofix/argofix/engine/internal/store"
)

// These are never changed but by tests.
var (
	// mostFiles of one chart, packaged subcharts included.
	mostFiles = 20_000
	// mostChartBytes is what one chart may hold once everything is unpacked.
	mostChartBytes = 64 << 20
)

// deepestDirectory bounds directories that are links to a directory above them.
const deepestDirectory = 64

var byteOrderMark = []byte{0xEF, 0xBB, 0xBF}

// found is one file of a chart: the name that it has in the chart, where it lies in the repository, its bytes.
type found struct {
	name string
	path string
	data []byte
	id   string
}

// walk lists the files of a chart's directory as Helm's directory loader does: in lexical order, links followed,
// `.helmignore` and the default rules heeded, files of more than 5 MiB refused.
func walk(files *store.Files, directory string) ([]found, error) {
	rules := ignore.Empty()
	if name := path.Join(directory, ignore.HelmIgnore); files.IsFile(name) {
		data, err := files.Read(name)
		if err != nil {
			return nil, err
		}
		if rules, err = ignore.Parse(bytes.NewReader(data)); err != nil {
			return nil, at(name, err)
		}
	}
	rules.AddDefaults()
	w := walker{files: files, rules: rules, root: directory}
	return w.found, w.directory("", 0)
}

type walker struct {
	files *store.Files
	rules *ignore.Rules
	root  string
	found []found
	bytes int
}

func (w *walker) directory(below string, depth int) error {
	if depth > deepestDirectory {
		return fmt.Errorf("%s: directories are linked into each other", path.Join(w.root, below))
	}
	for _, base := range w.files.List(path.Join(w.root, below)) {
		if base == ".git" {
			continue // no commit holds one: what lies there was fetched for something else
		}
		name := path.Join(below, base)
		full := path.Join(w.root, name)
		if _, err := w.files.Resolve(full); err != nil {
			return at(full, err)
		}
		isDirectory := w.files.IsDir(full)
		if w.rules.Ignore(name, info{base, isDirectory}) {
			continue
		}
		if isDirectory {
			if err := w.directory(name, depth+1); err != nil {
				return err
			}
			continue
		}
		data, err := w.files.Read(full)
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				err = fmt.Errorf("error evaluating symlink %s: lstat %s: %w", full, w.missing(full), syscall.ENOENT)
			}
			return at(full, err)
		}
		if int64(len(data)) > archive.MaxDecompressedFileSize {
			return at(full, tooLarge("chart file %q is larger than the maximum file size %d", base,
				archive.MaxDecompressedFileSize))
		}
		if w.bytes += len(data); w.bytes > mostChartBytes || len(w.found) >= mostFiles {
			return tooLarge("the chart %s is more than %d files or %d bytes", w.root, mostFiles, mostChartBytes)
		}
		w.found = append(w.found, found{name, full, bytes.TrimPrefix(data, byteOrderMark), w.files.ID(full)})
	}
	return nil
}

// missing is where what a link leads to stops to exist.
func (w *walker) missing(link string) string {
	target, err := w.files.Resolve(link)
	if err != nil {
		return link
	}
	for at := range len(target) {
		if target[at] == '/' && !w.files.IsDir(target[:at]) {
			return target[:at]
		}
	}
	return target
}

// info is what .helmignore asks of a file.
type info struct {
	name      string
	directory bool
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return 0 }
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) IsDir() bool        { return i.directory }
func (i info) Sys() any           { return nil }
func (i info) Mode() os.FileMode {
	if i.directory {
		return os.ModeDir
	}
	return 0
}

// key names the content of files: equal keys are equal charts.
func key(directory string, files []found) string {
	var text strings.Builder
	text.WriteString(directory)
	for _, file := range files {
		if file.id == "" {
			return ""
		}
		text.WriteString("\x00" + file.name + "\x00" + file.id + "\x00" + file.path)
	}
	return text.String()
}
