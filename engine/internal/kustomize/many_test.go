package kustomize_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/argofix/argofix/engine/internal/kustomize"
	"github.com/argofix/argofix/engine/internal/protocol"
	"github.com/argofix/argofix/engine/internal/store"
)

func many(count int) map[string]string {
	var text strings.Builder
	for i := range count {
		fmt.Fprintf(&text, "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: cm-%d, namespace: shop}\ndata: {key: value-%d}\n", i, i)
	}
	return map[string]string{"kustomization.yaml": "resources: [all.yaml]\n", "all.yaml": text.String()}
}

func BenchmarkMany(b *testing.B) {
	files, err := store.FromMap(many(2000), nil)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		answer, err := kustomize.Renderer{}.Render(context.Background(), files, &protocol.Request{Kustomize: &protocol.Kustomize{}})
		if err != nil || answer.Error != nil {
			b.Fatal(err, answer)
		}
	}
}
