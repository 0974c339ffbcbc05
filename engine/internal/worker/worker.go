// Package worker answers requests, one after the other, until its input ends.
package worker

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"sigs.k8s.io/yaml"

	"github.com/argofix/argofix/engine/internal/frames"
	"github.com/argofix/argofix/engine/internal/limits"
	"github.com/argofix/argofix/engine/internal/protocol"
	"github.com/argofix/argofix/engine/internal/store"
)

// Render answers a request of one kind. An error that is a *protocol.Error is told as it is, any other one as Failed.
type Render func(context.Context, *store.Files, *protocol.Request) (*protocol.Answer, error)

// Worker is one process's state. Nothing of it but the blobs is kept from one request to the next.
type Worker struct {
	Renders  map[protocol.Kind]Render
	Grant    limits.Grant
	Versions map[string]string
	Blobs    *store.Store
}

// ErrLast tells that the process has to end although its input goes on: its answer has been written.
var ErrLast = errors.New("the last request took more than it was granted")

// Serve reads frames and writes an answer for each request, in their order. It returns nil where the input ends
// between two frames, ErrLast, or what is wrong with the input.
func (w *Worker) Serve(input io.Reader, output io.Writer) error {
	reader, writer := frames.NewReader(input), bufio.NewWriterSize(output, 1<<16)
	for {
		if !reader.Buffered() {
			if err := writer.Flush(); err != nil {
				return err
			}
		}
		frame, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return writer.Flush()
		}
		if err == nil {
			err = w.take(frame, writer)
		}
		if err != nil {
			return errors.Join(err, writer.Flush())
		}
	}
}

func (w *Worker) take(frame frames.Frame, writer io.Writer) error {
	switch frame.Type {
	case frames.Blob:
		return w.Blobs.Add(frame.Payload)
	case frames.Forget:
		var ids []string
		if err := json.Unmarshal(frame.Payload, &ids); err != nil {
			return fmt.Errorf("a list of ids: %w", err)
		}
		w.Blobs.Forget(ids)
		return nil
	case frames.Request:
		answer, grant := w.answer(frame.Payload)
		if err := write(writer, answer, grant); err != nil {
			return err
		}
		if answer.Last {
			return ErrLast
		}
		return nil
	default:
		return fmt.Errorf("a frame of type %q is not for the engine", byte(frame.Type))
	}
}

func (w *Worker) answer(payload []byte) (*protocol.Answer, limits.Grant) {
	var request protocol.Request
	if err := json.Unmarshal(payload, &request); err != nil {
		return refusal(request.ID, protocol.MalformedRequest, "%v", err), w.Grant
	}
	grant := w.Grant.Lower(request.Limits)
	if request.Kind == protocol.KindVersions {
		return &protocol.Answer{ID: request.ID, Versions: w.Versions}, grant
	}
	render, known := w.Renders[request.Kind]
	if !known {
		return refusal(request.ID, protocol.MalformedRequest, "unknown kind %q", request.Kind), grant
	}
	answer := grant.Run(func(ctx context.Context) *protocol.Answer {
		files, err := w.Blobs.Files(&request)
		if err != nil {
			return failed(err)
		}
		answer, err := render(ctx, files, &request)
		if err != nil {
			return failed(err)
		}
		if request.Text {
			if err := spell(answer); err != nil {
				return failed(err)
			}
		}
		return answer
	})
	answer.ID = request.ID
	return answer, grant
}

// spell puts YAML in the place of objects: with the function that kustomize prints with, so in the same bytes.
func spell(answer *protocol.Answer) error {
	for i := range answer.Resources {
		one := &answer.Resources[i]
		text, err := yaml.JSONToYAML(one.Object)
		if err != nil {
			return err
		}
		one.Text, one.Object = string(text), nil
	}
	return nil
}

// write writes an answer, or in its place that it is too large.
func write(writer io.Writer, answer *protocol.Answer, grant limits.Grant) error {
	size := 0
	for i := range answer.Resources {
		size += len(answer.Resources[i].Object) + len(answer.Resources[i].Text)
	}
	var payload []byte
	var err error
	if size <= grant.OutputBytes {
		payload, err = json.Marshal(answer)
	}
	if err == nil && (size > grant.OutputBytes || len(payload) > grant.OutputBytes) {
		answer = refusal(answer.ID, protocol.TooLarge, "the rendered output is more than %d bytes", grant.OutputBytes)
		payload, err = json.Marshal(answer)
	}
	if err != nil {
		return err
	}
	return frames.Write(writer, frames.Answer, payload)
}

func failed(err error) *protocol.Answer {
	var told *protocol.Error
	if !errors.As(err, &told) {
		told = &protocol.Error{Code: protocol.Failed, Message: err.Error()}
	}
	return &protocol.Answer{Error: told}
}

func refusal(id string, code protocol.Code, format string, args ...any) *protocol.Answer {
	return &protocol.Answer{ID: id, Error: &protocol.Error{Code: code, Message: fmt.Sprintf(format, args...)}}
}
