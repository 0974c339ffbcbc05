package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"strings"
	"time"

	"github.com/argofix/argofix/engine/internal/frames"
	"github.com/argofix/argofix/engine/internal/protocol"
)

// worker is the engine with the files of a tree.
type worker struct {
	process *exec.Cmd
	input   io.WriteCloser
	output  *frames.Reader
	files   map[string]string // path -> blob id
	texts   map[string][]byte
}

func start(program string, contents map[string][]byte) (*worker, error) {
	started := &worker{process: exec.Command(program, "--blobs=1000"), files: map[string]string{}, texts: contents}
	started.process.Stderr = os.Stderr
	started.process.Env = []string{}
	var err error
	if started.input, err = started.process.StdinPipe(); err != nil {
		return nil, err
	}
	stream, err := started.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	started.output = frames.NewReader(stream)
	if err := started.process.Start(); err != nil {
		return nil, err
	}
	for name, data := range contents {
		sum := sha256.Sum256(data)
		id := hex.EncodeToString(sum[:])
		started.files[name] = id
		if err := frames.Write(started.input, frames.Blob, append([]byte(id+"\n"), data...)); err != nil {
			return nil, err
		}
	}
	return started, nil
}

// stop ends the engine and returns the time of the processor that it took.
func (w *worker) stop() time.Duration {
	_ = w.input.Close()
	_ = w.process.Wait()
	return w.process.ProcessState.UserTime() + w.process.ProcessState.SystemTime()
}

// ask renders one root.
func (w *worker) ask(root string, links map[string]string, helm bool) (*protocol.Answer, error) {
	if root == "." {
		root = ""
	}
	kept := map[string]string{}
	for name, target := range links {
		if !path.IsAbs(target) && !strings.HasPrefix(path.Join(path.Dir(name), target), "..") {
			kept[name] = target
		}
	}
	files := map[string]string{}
	for name := range closure(w.texts, links, root) {
		files[name] = w.files[name]
	}
	asked, err := json.Marshal(protocol.Request{
		ID: root, Kind: protocol.KindKustomize, Files: files, Links: kept,
		Kustomize: &protocol.Kustomize{Root: root, KeepRestriction: true, EnableHelm: helm},
	})
	if err != nil {
		return nil, err
	}
	if err := frames.Write(w.input, frames.Request, asked); err != nil {
		return nil, err
	}
	frame, err := w.output.Next()
	if err != nil {
		return nil, err
	}
	var answer protocol.Answer
	if err := json.Unmarshal(frame.Payload, &answer); err != nil {
		return nil, err
	}
	if answer.ID != root {
		return nil, fmt.Errorf("the answer to %q is for %q", root, answer.ID)
	}
	return &answer, nil
}
