package helm

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/argofix/argofix/engine/internal/protocol"
	"github.com/argofix/argofix/engine/internal/store"
)

// recorded is a generated chart, with a digest of what `helm template` made of it: `python -m benchmarks.conformance
// --keep` writes them. In Files is `ask.json`, the request.
type recorded struct {
	Files  map[string]string `json:"files"`
	Digest string            `json:"digest"`
}

func TestGeneratedChartsRenderAsHelmRenderedThem(t *testing.T) {
	file, err := os.Open("testdata/charts.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	renderer, count, refused := New(), 0, 0
	for lines := bufio.NewScanner(file); lines.Scan(); count++ {
		var one recorded
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			t.Fatal(err)
		}
		if one.Digest == "fails" {
			refused++
		}
		if got := one.render(t, renderer); got != one.Digest {
			t.Errorf("%s, where helm made %s, of\n%v", got, one.Digest, one.Files)
		}
	}
	if count < 100 || refused == 0 || refused > count*2/3 {
		t.Errorf("%d charts, of which helm refused %d, say little", count, refused)
	}
}

func (r *recorded) render(t *testing.T, renderer *Renderer) string {
	var asked protocol.Helm
	if err := json.Unmarshal([]byte(r.Files["ask.json"]), &asked); err != nil {
		t.Fatal(err)
	}
	files, err := store.FromMap(r.Files, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := renderer.Render(context.Background(), files, &protocol.Request{Helm: &asked})
	if err != nil {
		return "fails"
	}
	var objects []string
	for _, resource := range answer.Resources {
		object, err := yaml.YAMLToJSON(resource.Object)
		if err != nil {
			t.Fatal(err)
		}
		objects = append(objects, string(object))
	}
	sum := sha256.Sum256([]byte(strings.Join(objects, "\n")))
	return hex.EncodeToString(sum[:8])
}
