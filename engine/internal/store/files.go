package store

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// ErrEscapes tells that a path or a link leads out of the repository.
var ErrEscapes = errors.New("leads out of the repository")

// maxLinks is how many links one path may go through (Linux: MAXSYMLINKS).
const maxLinks = 40

// Files are the files that one request may read. Paths are relative to the repository's root, with slashes; "" is the
// root itself. Nothing of it may be changed.
type Files struct {
	files map[string]file
	links map[string]string
	dirs  map[string][]string // names in a directory, sorted
}

type file struct {
	id   string
	data []byte
}

func newFiles(size int) *Files {
	return &Files{make(map[string]file, size), map[string]string{}, map[string][]string{"": nil}}
}

// FromMap returns files that were not sent as blobs; their ids are SHA-256 sums.
func FromMap(contents map[string]string, links map[string]string) (*Files, error) {
	files := newFiles(len(contents))
	for path, text := range contents {
		if !isPath(path) {
			return nil, malformed("%q is no path of a repository", path)
		}
		files.files[path] = file{fmt.Sprintf("%x", sha256.Sum256([]byte(text))), []byte(text)}
	}
	for path, target := range links {
		files.links[path] = target
	}
	return files, files.index()
}

// With returns the same files with some of them replaced or added; these have no id.
func (f *Files) With(contents map[string][]byte) (*Files, error) {
	changed := newFiles(len(f.files) + len(contents))
	for path, known := range f.files {
		changed.files[path] = known
	}
	for path, target := range f.links {
		changed.links[path] = target
	}
	for path, data := range contents {
		if !isPath(path) {
			return nil, malformed("%q is no path of a repository", path)
		}
		delete(changed.links, path)
		changed.files[path] = file{"", data}
	}
	return changed, changed.index()
}

// index makes the directories. It refuses a path below a file.
func (f *Files) index() error {
	add := func(name string) error {
		for {
			parent, base := split(name)
			_, isFile := f.files[parent]
			_, isLink := f.links[parent]
			if isFile || isLink {
				return malformed("%q is a file and has %q below it", parent, base)
			}
			known, made := f.dirs[parent]
			f.dirs[parent] = append(known, base)
			if made || parent == "" {
				return nil
			}
			name = parent
		}
	}
	for name := range f.files {
		if err := add(name); err != nil {
			return err
		}
	}
	for name := range f.links {
		if err := add(name); err != nil {
			return err
		}
	}
	for _, names := range f.dirs {
		slices.Sort(names)
	}
	for directory := range f.dirs {
		if _, both := f.files[directory]; both {
			return malformed("%q is a file and a directory", directory)
		}
	}
	return nil
}

// Resolve follows the links of a path and returns where it ends, which may not exist. ErrEscapes where it, or a link
// on the way, leads out of the repository.
func (f *Files) Resolve(name string) (string, error) {
	if path.IsAbs(name) {
		return "", fmt.Errorf("%s %w", name, ErrEscapes)
	}
	rest := strings.Split(name, "/")
	at, followed := "", 0
	for len(rest) > 0 {
		part := rest[0]
		rest = rest[1:]
		switch part {
		case "", ".":
			continue
		case "..":
			if at == "" {
				return "", fmt.Errorf("%s %w", name, ErrEscapes)
			}
			at, _ = split(at)
			continue
		}
		next := join(at, part)
		target, isLink := f.links[next]
		if !isLink {
			at = next
			continue
		}
		if followed++; followed > maxLinks {
			return "", fmt.Errorf("%s: too many levels of symbolic links", name)
		}
		if path.IsAbs(target) {
			return "", fmt.Errorf("%s: its link %s to %s %w", name, next, target, ErrEscapes)
		}
		rest = append(strings.Split(target, "/"), rest...)
	}
	return at, nil
}

// Read returns the bytes of a file, through links. The error is fs.ErrNotExist, ErrEscapes or that of a directory.
func (f *Files) Read(name string) ([]byte, error) {
	resolved, err := f.Resolve(name)
	if err != nil {
		return nil, err
	}
	if found, ok := f.files[resolved]; ok {
		return found.data, nil
	}
	if _, ok := f.dirs[resolved]; ok {
		return nil, fmt.Errorf("%s is a directory", name)
	}
	return nil, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
}

// ID returns the blob id of a file, "" for one that has none. Equal ids are equal bytes, also between requests.
func (f *Files) ID(name string) string {
	if resolved, err := f.Resolve(name); err == nil {
		return f.files[resolved].id
	}
	return ""
}

// IsFile tells whether a path leads to a file.
func (f *Files) IsFile(name string) bool {
	resolved, err := f.Resolve(name)
	_, ok := f.files[resolved]
	return err == nil && ok
}

// IsDir tells whether a path leads to a directory.
func (f *Files) IsDir(name string) bool {
	resolved, err := f.Resolve(name)
	_, ok := f.dirs[resolved]
	return err == nil && ok
}

// List returns the names in a directory, sorted; nil for what is none.
func (f *Files) List(name string) []string {
	resolved, err := f.Resolve(name)
	if err != nil {
		return nil
	}
	return f.dirs[resolved]
}

// Paths returns every file and link, sorted.
func (f *Files) Paths() []string {
	paths := make([]string, 0, len(f.files)+len(f.links))
	for name := range f.files {
		paths = append(paths, name)
	}
	for name := range f.links {
		paths = append(paths, name)
	}
	slices.Sort(paths)
	return paths
}

// Links tells whether there is any symbolic link.
func (f *Files) Links() bool { return len(f.links) > 0 }

func isPath(name string) bool {
	return name != "" && name != "." && !path.IsAbs(name) && path.Clean(name) == name && name != ".." &&
		!strings.HasPrefix(name, "../") && !strings.Contains(name, "\x00")
}

func split(name string) (directory, base string) {
	at := strings.LastIndexByte(name, '/')
	if at < 0 {
		return "", name
	}
	return name[:at], name[at+1:]
}

func join(directory, base string) string {
	if directory == "" {
		return base
	}
	return directory + "/" + base
}
