package main

import (
	"os"
	"slices"
	"strings"
	"testing"

	"k8s.io/client-go/kubernetes/scheme"
)

// The engine replaces k8s.io/client-go by a list of the versions that this module, which does not, finds there. A
// template may print them, so their order counts.
func TestTheEngineKnowsTheVersionsOfKubernetes(t *testing.T) {
	text, err := os.ReadFile("../client-go/kubernetes/scheme/data/versions.txt")
	if err != nil {
		t.Fatal(err)
	}
	var served []string
	for _, version := range scheme.Scheme.PrioritizedVersionsAllGroups() {
		served = append(served, version.String())
	}
	known := strings.Fields(string(text))
	if !slices.Equal(known, served) {
		t.Errorf("client-go serves\n%v\nand data/versions.txt lists\n%v", served, known)
	}
}
