package worker_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/argofix/argofix/engine/internal/frames"
	"github.com/argofix/argofix/engine/internal/limits"
	"github.com/argofix/argofix/engine/internal/protocol"
	"github.com/argofix/argofix/engine/internal/store"
	"github.com/argofix/argofix/engine/internal/worker"
)

var (
	idOfA = strings.Repeat("a", 40)
	idOfB = strings.Repeat("b", 64)
)

// echo renders the bytes of the file `x`.
func echo(_ context.Context, files *store.Files, _ *protocol.Request) (*protocol.Answer, error) {
	data, err := files.Read("x")
	if err != nil {
		return nil, err
	}
	object, _ := json.Marshal(string(data))
	return &protocol.Answer{Resources: []protocol.Resource{{Object: object}}}, nil
}

func serve(t *testing.T, grant limits.Grant, capacity int, input []byte) ([]protocol.Answer, error) {
	t.Helper()
	serving := worker.Worker{
		Renders: map[protocol.Kind]worker.Render{
			"echo":  echo,
			"panic": func(context.Context, *store.Files, *protocol.Request) (*protocol.Answer, error) { panic("oh") },
			"hang": func(context.Context, *store.Files, *protocol.Request) (*protocol.Answer, error) {
				select {}
			},
			"grow": func(context.Context, *store.Files, *protocol.Request) (*protocol.Answer, error) {
				held := [][]byte{}
				for len(held) < 600 { // the test's own process has to live on
					held = append(held, bytes.Repeat([]byte("x"), 1<<20))
				}
				<-make(chan int)
				return nil, fmt.Errorf("%d", len(held))
			},
		},
		Grant:    grant,
		Versions: map[string]string{"kustomize": "v1"},
		Blobs:    store.New(capacity),
	}
	var output bytes.Buffer
	end := serving.Serve(bytes.NewReader(input), &output)
	var answers []protocol.Answer
	for reader := frames.NewReader(&output); ; {
		frame, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return answers, end
		}
		var answer protocol.Answer
		if err == nil {
			err = json.Unmarshal(frame.Payload, &answer)
		}
		if err != nil {
			t.Fatal(err)
		}
		answers = append(answers, answer)
	}
}

func frame(kind frames.Type, payload string) string {
	var buffer bytes.Buffer
	_ = frames.Write(&buffer, kind, []byte(payload))
	return buffer.String()
}

func request(id, kind, blob string) string {
	return frame(frames.Request, fmt.Sprintf(`{"id":%q,"kind":%q,"files":{"x":%q}}`, id, kind, blob))
}

func TestAnswersComeInOrder(t *testing.T) {
	input := frame(frames.Blob, idOfA+"\none") + frame(frames.Blob, idOfB+"\ntwo") +
		request("1", "echo", idOfB) + request("2", "panic", idOfA) + frame(frames.Request, `{"id":"3","kind":"versions"}`) +
		request("4", "nothing", idOfA) + frame(frames.Request, `{"id":`) + request("6", "echo", idOfA) +
		frame(frames.Forget, `["`+idOfA+`"]`) + request("7", "echo", idOfA)
	answers, err := serve(t, limits.Default, 100, []byte(input))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, answer := range answers {
		line := answer.ID + " " + answer.Versions["kustomize"]
		if answer.Error != nil {
			line += string(answer.Error.Code) + strings.Join(answer.Error.Missing, "")
		}
		for _, resource := range answer.Resources {
			line += string(resource.Object)
		}
		got = append(got, line)
	}
	want := []string{`1 "two"`, "2 panicked", "3 v1", "4 malformed-request", " malformed-request", `6 "one"`, "7 missing-blobs" + idOfA}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestWhatCannotBeStoppedEndsTheProcess(t *testing.T) {
	for kind, want := range map[string]protocol.Code{"hang": protocol.TimedOut, "grow": protocol.TooLarge} {
		grant := limits.Grant{Seconds: 5, Memory: limits.Memory() + 200<<20, OutputBytes: 1000}
		if kind == "hang" {
			grant.Seconds = 0.05
		}
		input := frame(frames.Blob, idOfA+"\none") + request("1", kind, idOfA) + request("2", "echo", idOfA)
		answers, err := serve(t, grant, 100, []byte(input))
		if !errors.Is(err, worker.ErrLast) || len(answers) != 1 || !answers[0].Last || answers[0].Error.Code != want {
			t.Errorf("%s: %v %+v", kind, err, answers)
		}
	}
}
