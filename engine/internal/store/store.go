// Package store keeps the bytes of files between requests, by the ids that git gives them.
package store

import (
	"bytes"
	"container/list"
	"errors"
	"fmt"

	"github.com/argofix/argofix/engine/internal/protocol"
)

// Store holds blobs up to a number of bytes and of blobs, and drops those that were not asked for the longest. It is for one
// goroutine.
type Store struct {
	capacity int
	used     int
	blobs    map[string]*list.Element
	order    *list.List // of *blob, the one used last in front
	// sizes are those of blobs that were dropped, to tell what can never fit from what has to be sent again.
	sizes map[string]int
}

type blob struct {
	id   string
	data []byte
}

const rememberedSizes = 100_000

// mostBlobs are held: what is kept about a small file takes more than its bytes.
const mostBlobs = 100_000

// New returns an empty store for capacity bytes.
func New(capacity int) *Store {
	return &Store{capacity, 0, map[string]*list.Element{}, list.New(), map[string]int{}}
}

// Add takes the payload of a Blob frame: an id, a newline, the bytes.
func (s *Store) Add(payload []byte) error {
	name, data, found := bytes.Cut(payload, []byte{'\n'})
	if !found || !isID(name) {
		return errors.New("a blob without an id")
	}
	id := string(name)
	if known, ok := s.blobs[id]; ok {
		s.order.MoveToFront(known)
		return nil
	}
	delete(s.sizes, id)
	s.blobs[id] = s.order.PushFront(&blob{id, data})
	s.used += len(data)
	for s.used > s.capacity || len(s.blobs) > mostBlobs {
		last := s.order.Back()
		s.drop(last)
		dropped := last.Value.(*blob)
		if len(s.sizes) >= rememberedSizes {
			clear(s.sizes)
		}
		s.sizes[dropped.id] = len(dropped.data)
	}
	return nil
}

// Forget drops blobs.
func (s *Store) Forget(ids []string) {
	for _, id := range ids {
		if known, ok := s.blobs[id]; ok {
			s.drop(known)
		}
		delete(s.sizes, id)
	}
}

// Used is the number of bytes that are held.
func (s *Store) Used() int { return s.used }

func (s *Store) drop(element *list.Element) {
	dropped := s.order.Remove(element).(*blob)
	delete(s.blobs, dropped.id)
	s.used -= len(dropped.data)
}

// Files returns the files of a request. Its error is a *protocol.Error: MissingBlobs, TooLarge, or MalformedRequest
// for a path that is none of a repository.
func (s *Store) Files(request *protocol.Request) (*Files, error) {
	files := newFiles(len(request.Files))
	var missing []string
	asked, total := make(map[string]bool, len(request.Files)), 0
	for path, id := range request.Files {
		if !isPath(path) {
			return nil, malformed("%q is no path of a repository", path)
		}
		if !isID([]byte(id)) {
			return nil, malformed("the file %q has no blob id", path)
		}
		element, ok := s.blobs[id]
		if ok {
			s.order.MoveToFront(element)
			data := element.Value.(*blob).data
			files.files[path] = file{id, data}
			if !asked[id] {
				total += len(data)
			}
		} else if !asked[id] {
			missing = append(missing, id)
			total += s.sizes[id]
		}
		asked[id] = true
	}
	for path, target := range request.Links {
		if !isPath(path) {
			return nil, malformed("%q is no path of a repository", path)
		}
		if _, both := files.files[path]; both {
			return nil, malformed("%q is both a file and a link", path)
		}
		files.links[path] = target
	}
	if len(missing) > 0 {
		if len(asked) > mostBlobs {
			return nil, &protocol.Error{Code: protocol.TooLarge, Message: fmt.Sprintf(
				"it has %d different files, where %d are the most", len(asked), mostBlobs)}
		}
		if total > s.capacity {
			return nil, &protocol.Error{Code: protocol.TooLarge, Message: fmt.Sprintf(
				"its files are %d bytes, where %d are the most", total, s.capacity)}
		}
		return nil, &protocol.Error{Code: protocol.MissingBlobs, Message: "blobs are missing", Missing: missing}
	}
	if err := files.index(); err != nil {
		return nil, err
	}
	return files, nil
}

func malformed(format string, args ...any) error {
	return &protocol.Error{Code: protocol.MalformedRequest, Message: fmt.Sprintf(format, args...)}
}

func isID(name []byte) bool {
	if len(name) != 40 && len(name) != 64 {
		return false
	}
	for _, c := range name {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
