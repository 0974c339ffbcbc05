package kustomize_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"testing"

	"github.com/argofix/argofix/engine/internal/kustomize"
	"github.com/argofix/argofix/engine/internal/protocol"
	"github.com/argofix/argofix/engine/internal/refused"
	"github.com/argofix/argofix/engine/internal/store"
)

func TestMain(m *testing.M) {
	os.Clearenv()
	refused.Network()
	os.Stderr = nil
	log.SetOutput(io.Discard)
	os.Exit(m.Run())
}

// tree reads files out of a text in which `-- path --` begins one, and `-- path -> target --` is a link.
func tree(t testing.TB, text string) *store.Files {
	t.Helper()
	contents, links := map[string]string{}, map[string]string{}
	name := ""
	for line := range strings.Lines(text) {
		header, ok := strings.CutPrefix(strings.TrimSpace(line), "-- ")
		if ok && strings.HasSuffix(header, " --") {
			name = strings.TrimSuffix(header, " --")
			if path, target, isLink := strings.Cut(name, " -> "); isLink {
				links[path] = target
			} else {
				contents[name] = ""
			}
			continue
		}
		if name != "" {
			contents[name] += line
		}
	}
	files, err := store.FromMap(contents, links)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func render(t testing.TB, text string, asked protocol.Kustomize) *protocol.Answer {
	t.Helper()
	return renderWith(t, kustomize.Renderer{}, text, asked)
}

func renderWith(t testing.TB, renderer kustomize.Renderer, text string, asked protocol.Kustomize) *protocol.Answer {
	t.Helper()
	answer, err := renderer.Render(context.Background(), tree(t, text), &protocol.Request{Kustomize: &asked})
	if err != nil {
		told, ok := err.(*protocol.Error)
		if !ok {
			t.Fatal(err)
		}
		return &protocol.Answer{Error: told}
	}
	return answer
}

// told is an answer in lines: the error, or the objects and where they come from.
func told(answer *protocol.Answer) string {
	var text strings.Builder
	if answer.Lifted != "" {
		fmt.Fprintf(&text, "lifted: %s\n", answer.Lifted)
	}
	if answer.Error != nil {
		fmt.Fprintf(&text, "%s: %s\n", answer.Error.Code, answer.Error.Message)
	}
	for _, one := range answer.Resources {
		origin, _ := json.Marshal(one.Origin)
		fmt.Fprintf(&text, "%s %s\n", one.Object, origin)
	}
	return text.String()
}

func mustContain(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in\n%s", part, text)
		}
	}
}

const configMap = "\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {key: value}\n"
