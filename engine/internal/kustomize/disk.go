package kustomize

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/argofix/argofix/engine/internal/store"
)

// mount is where kustomize sees the repository. Nothing else exists, so a path that leads out of the repository leads
// nowhere; at `/` it would lead back in.
const mount = "/repo"

// disk shows the files of a request to kustomize, with symbolic links as on a real disk (kustomize's own file system
// in memory has none) and with the messages of one. Nothing can be written.
type disk struct {
	files   *store.Files
	schemas *schemas // those that the build is to do without
}

var _ filesys.FileSystem = disk{}

var errReadOnly = errors.New("the engine writes nothing")

// inside turns an absolute path into one of the repository.
func inside(name string) (string, bool) {
	name = path.Clean("/" + name)
	if name == mount {
		return "", true
	}
	return strings.CutPrefix(name, mount+"/")
}

// locate follows links: a path of the repository, and whether anything is there.
func (d disk) locate(name string) (resolved string, found bool) {
	local, ok := inside(name)
	if !ok {
		return "", false
	}
	resolved, err := d.files.Resolve(local)
	if err != nil {
		return "", false
	}
	return resolved, d.files.IsFile(resolved) || d.files.IsDir(resolved)
}

// CleanedAbs splits a path, its links followed, into a directory and a file; the file is "" for a directory.
func (d disk) CleanedAbs(name string) (filesys.ConfirmedDir, string, error) {
	absolute := path.Clean("/" + name)
	if absolute == "/" {
		return "/", "", nil
	}
	resolved, found := d.locate(absolute)
	if !found {
		missing := &fs.PathError{Op: "lstat", Path: d.firstMissing(absolute), Err: syscall.ENOENT}
		return "", "", fmt.Errorf("evalsymlink failure on '%s' : %w", name, missing)
	}
	resolved = path.Join(mount, resolved)
	if d.IsDir(resolved) {
		return filesys.ConfirmedDir(resolved), "", nil
	}
	return filesys.ConfirmedDir(path.Dir(resolved)), path.Base(resolved), nil
}

// firstMissing is where a path stops to lead anywhere.
func (d disk) firstMissing(absolute string) string {
	for at := 1; at < len(absolute); at++ {
		if absolute[at] == '/' && absolute[:at] != mount && !d.Exists(absolute[:at]) {
			return absolute[:at]
		}
	}
	return absolute
}

// Exists tells whether something is there, through links.
func (d disk) Exists(name string) bool {
	_, found := d.locate(name)
	return found
}

// IsDir tells whether a directory is there, through links.
func (d disk) IsDir(name string) bool {
	resolved, found := d.locate(name)
	return found && d.files.IsDir(resolved)
}

// ReadFile returns the bytes of a file, through links.
func (d disk) ReadFile(name string) ([]byte, error) {
	resolved, found := d.locate(name)
	if !found {
		return nil, &fs.PathError{Op: "open", Path: name, Err: syscall.ENOENT}
	}
	if d.files.IsDir(resolved) {
		return nil, &fs.PathError{Op: "read", Path: name, Err: syscall.EISDIR}
	}
	data, err := d.files.Read(resolved)
	if err != nil {
		return nil, err
	}
	data = d.schemas.read(d.files.ID(resolved), data)
	// Whoever asks may change what it gets, and the next request reads the same bytes.
	return append(make([]byte, 0, len(data)), data...), nil
}

// ReadDir returns the names in a directory.
func (d disk) ReadDir(name string) ([]string, error) {
	resolved, found := d.locate(name)
	if !found || !d.files.IsDir(resolved) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: syscall.ENOENT}
	}
	return append([]string{}, d.files.List(resolved)...), nil
}

// Glob returns the files that a pattern matches, without hidden ones unless the pattern asks for them.
func (d disk) Glob(pattern string) ([]string, error) {
	var matched []string
	for _, local := range d.files.Paths() {
		name := path.Join(mount, local)
		ok, err := path.Match(pattern, name)
		if err != nil {
			return nil, err
		}
		if ok {
			matched = append(matched, name)
		}
	}
	if filesys.IsHiddenFilePath(pattern) {
		return matched, nil
	}
	return filesys.RemoveHiddenFiles(matched), nil
}

// Create refuses; so do the other methods that would write.
func (disk) Create(string) (filesys.File, error) { return nil, errReadOnly }

// Mkdir refuses.
func (disk) Mkdir(string) error { return errReadOnly }

// MkdirAll refuses.
func (disk) MkdirAll(string) error { return errReadOnly }

// RemoveAll refuses.
func (disk) RemoveAll(string) error { return errReadOnly }

// WriteFile refuses.
func (disk) WriteFile(string, []byte) error { return errReadOnly }

// Open refuses: a build reads whole files only.
func (disk) Open(name string) (filesys.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: os.ErrPermission}
}

// Walk refuses: a build walks nowhere.
func (disk) Walk(name string, _ filepath.WalkFunc) error {
	return &fs.PathError{Op: "walk", Path: name, Err: os.ErrPermission}
}
