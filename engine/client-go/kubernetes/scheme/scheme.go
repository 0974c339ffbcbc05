// Package scheme knows which groups and versions Kubernetes serves, which is all that Helm's SDK asks it for
// (`.Capabilities.APIVersions`). k8s.io/client-go's own package also knows their Go types: with the typed clients they
// are half of what a machine would compile to build the engine.
//
// data/versions.txt is what that package lists, in its order, at the version that engine/go.mod requires;
// engine/conformance holds one against the other.
package scheme

import (
	_ "embed"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Scheme has no types, only versions.
var Scheme = runtime.NewScheme()

//go:embed data/versions.txt
var listed string

func init() {
	for _, line := range strings.Fields(listed) {
		version, err := schema.ParseGroupVersion(line)
		if err != nil {
			panic(err)
		}
		// In the order of the list. Priorities (SetVersionPriority) would come in the random order of a map.
		Scheme.AddKnownTypes(version)
	}
}
