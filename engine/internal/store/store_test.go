package store_test

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/argofix/argofix/engine/internal/protocol"
	"github.com/argofix/argofix/engine/internal/store"
)

func id(n int) string { return fmt.Sprintf("%040x", n) }

func add(t *testing.T, blobs *store.Store, n int, text string) {
	t.Helper()
	if err := blobs.Add([]byte(id(n) + "\n" + text)); err != nil {
		t.Fatal(err)
	}
}

func ask(blobs *store.Store, ns ...int) (*store.Files, *protocol.Error) {
	request := protocol.Request{Files: map[string]string{}}
	for _, n := range ns {
		request.Files[fmt.Sprintf("f%d", n)] = id(n)
	}
	files, err := blobs.Files(&request)
	var told *protocol.Error
	errors.As(err, &told)
	return files, told
}

func TestBlobsThatWereNotAskedForTheLongestGo(t *testing.T) {
	blobs := store.New(10)
	for n := 1; n <= 3; n++ {
		add(t, blobs, n, "xxx")
	}
	if _, err := ask(blobs, 1); err != nil {
		t.Fatal(err)
	}
	add(t, blobs, 4, "xxx")
	if _, err := ask(blobs, 1, 2); err == nil || err.Code != protocol.MissingBlobs || !slices.Equal(err.Missing, []string{id(2)}) {
		t.Errorf("%+v", err)
	}
	blobs.Forget([]string{id(1), id(9)})
	if _, err := ask(blobs, 1); err == nil || blobs.Used() != 6 {
		t.Errorf("%+v, %d bytes", err, blobs.Used())
	}
}

// Or else who asks would send them again for ever.
func TestFilesThatCanNeverLieTogetherAreTooLarge(t *testing.T) {
	blobs := store.New(10)
	for n := 1; n <= 4; n++ {
		add(t, blobs, n, "xxxx")
	}
	if _, err := ask(blobs, 1, 2, 3, 4); err == nil || err.Code != protocol.TooLarge {
		t.Errorf("%+v", err)
	}
	add(t, blobs, 5, strings.Repeat("x", 11))
	if _, err := ask(blobs, 5); err == nil || err.Code != protocol.TooLarge {
		t.Errorf("%+v", err)
	}
}

// What is kept about a file takes more than a small one's bytes.
func TestSmallFilesAreBoundedByTheirNumber(t *testing.T) {
	const most = 100_000
	blobs, all := store.New(1<<30), []int{}
	for n := range most + 1 {
		add(t, blobs, n, "x")
		all = append(all, n)
	}
	if blobs.Used() != most {
		t.Errorf("%d are held", blobs.Used())
	}
	if _, err := ask(blobs, 0, 1); err == nil || err.Code != protocol.MissingBlobs || !slices.Equal(err.Missing, []string{id(0)}) {
		t.Errorf("%+v", err)
	}
	if _, err := ask(blobs, all...); err == nil || err.Code != protocol.TooLarge {
		t.Errorf("%+v", err)
	}
}

func TestFilesOfARequestOutliveTheStore(t *testing.T) {
	blobs := store.New(10)
	add(t, blobs, 1, "first")
	files, _ := ask(blobs, 1)
	add(t, blobs, 2, "xxxxxxxxxx")
	if data, err := files.Read("f1"); err != nil || string(data) != "first" || files.ID("f1") != id(1) {
		t.Errorf("%q %v", data, err)
	}
}

func TestWhatIsNoRequest(t *testing.T) {
	blobs := store.New(100)
	for _, payload := range []string{"", "\n", "abc\n", strings.Repeat("g", 40) + "\n", strings.Repeat("a", 40)} {
		if blobs.Add([]byte(payload)) == nil {
			t.Errorf("%q is taken for a blob", payload)
		}
	}
	add(t, blobs, 1, "x")
	for _, path := range []string{"", ".", "/a", "../a", "a/../b", "a//b", "a/", "./a", "..", "a\x00b"} {
		_, err := blobs.Files(&protocol.Request{Files: map[string]string{path: id(1)}})
		var told *protocol.Error
		if !errors.As(err, &told) || told.Code != protocol.MalformedRequest {
			t.Errorf("%q: %v", path, err)
		}
	}
	for _, files := range []map[string]string{{"a": id(1), "a/b": id(1)}, {"a/b": id(1), "a/b/c/d": id(1)}, {"a": "x"}} {
		if _, err := blobs.Files(&protocol.Request{Files: files}); err == nil {
			t.Errorf("%v are taken", files)
		}
	}
	if _, err := blobs.Files(&protocol.Request{Files: map[string]string{"a/b": id(1)}, Links: map[string]string{"a": "c"}}); err == nil {
		t.Error("a link has a file below it")
	}
}

func TestLinks(t *testing.T) {
	files, err := store.FromMap(
		map[string]string{"a/b/file": "text", "c/other": "x"},
		map[string]string{
			"link": "a/b", "a/up": "../c", "round": "round", "out": "../x", "absolute": "/etc", "a/b/back": "../../link/file",
			"dangling": "nothing", "deep/er/l": "../../a/b/back",
		})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"link/file": "a/b/file", "a/up/other": "c/other", "a/up/../a/b/file": "a/b/file", "deep/er/l": "a/b/file",
		"dangling": "nothing", "./a/./b//file": "a/b/file", "": "", "link/..": "a",
	} {
		if got, err := files.Resolve(path); err != nil || got != want {
			t.Errorf("%s leads to %q, %v", path, got, err)
		}
	}
	for path, want := range map[string]error{"out": store.ErrEscapes, "absolute/passwd": store.ErrEscapes, "..": store.ErrEscapes, "a/../..": store.ErrEscapes, "/a": store.ErrEscapes} {
		if _, err := files.Resolve(path); !errors.Is(err, want) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, err := files.Resolve("round"); err == nil {
		t.Error("a link to itself leads somewhere")
	}
	if _, err := files.Read("a/nothing"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if !files.IsDir("link") || files.IsFile("link") || !slices.Equal(files.List("link"), []string{"back", "file"}) {
		t.Errorf("%v", files.List("link"))
	}
}
