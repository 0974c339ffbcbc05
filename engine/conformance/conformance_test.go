package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// write makes a directory out of a text in which `-- path --` begins a file.
func write(t *testing.T, directory, text string) {
	t.Helper()
	var file *os.File
	for line := range strings.Lines(text) {
		if header, ok := strings.CutPrefix(strings.TrimSpace(line), "-- "); ok && strings.HasSuffix(header, " --") {
			name := filepath.Join(directory, strings.TrimSuffix(header, " --"))
			err := os.MkdirAll(filepath.Dir(name), 0o755)
			if err == nil {
				file, err = os.Create(name)
			}
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
		} else if file != nil {
			_, _ = file.WriteString(line)
		}
	}
}

func hold(t *testing.T, directory string, roots int) {
	t.Helper()
	holdWith(t, directory, roots, "")
}

func holdWith(t *testing.T, directory string, roots int, helm string) {
	t.Helper()
	engine, kustomize, err := programs(t.TempDir(), os.Getenv("CONFORMANCE_ENGINE"), os.Getenv("CONFORMANCE_KUSTOMIZE"))
	if err != nil {
		t.Fatal(err)
	}
	one := comparison{reference: kustomize, program: engine, helm: helm}
	if err := one.compare(directory); err != nil {
		t.Fatal(err)
	}
	t.Log(one.summary(directory))
	if len(one.differing) > 0 || one.rendered+one.failed < roots || one.rendered < roots/2 {
		t.Errorf("%v differ", one.differing)
	}
}

func TestConstructs(t *testing.T) {
	directory := t.TempDir()
	for name, text := range constructs {
		write(t, filepath.Join(directory, name), base+text)
	}
	hold(t, directory, len(constructs))
}

// Kustomizations made of random fields over the same resources; what fails has to fail in the same words.
func TestGenerated(t *testing.T) {
	directory := t.TempDir()
	source := rand.New(rand.NewPCG(20, 26))
	const roots = 80
	for i := range roots {
		text := "\n-- kustomization.yaml --\nresources: [workload.yaml, others.yaml]\n"
		for _, n := range source.Perm(len(fields))[:2+source.IntN(4)] {
			text += fields[n] + "\n"
		}
		name := fmt.Sprintf("%03d", i)
		if source.IntN(3) == 0 { // as a base of an overlay
			write(t, filepath.Join(directory, name), "-- kustomization.yaml --\nresources: [base]\n"+overlays[source.IntN(len(overlays))]+"\n")
			name += "/base"
		}
		write(t, filepath.Join(directory, name), base+text)
	}
	hold(t, directory, roots)
}
