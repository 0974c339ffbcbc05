package kustomize

import (
	"sigs.k8s.io/kustomize/kyaml/openapi"

	"github.com/argofix/argofix/engine/internal/store"
)

// kyaml keeps one OpenAPI schema for the whole process. Once parsed, the built-in one serves every build. A
// kustomization's own schema (`openapi`) is added to what is there, and stays: `openapi.SetSchema` never takes a custom
// schema back. So a build that may bring one begins with nothing parsed, as in a process of its own, and what it leaves
// behind is thrown away.

// forgetSchema drops the schema before a build that may bring one.
func forgetSchema(files *store.Files) {
	for _, name := range files.Paths() {
		if isKustomization(name) && factsOf(files, name).schema {
			openapi.ResetOpenAPI()
			return
		}
	}
}

// restoreSchema drops the schema after a build that brought one.
func restoreSchema() {
	if version := openapi.GetSchemaVersion(); version != builtIn {
		openapi.ResetOpenAPI()
	}
}

// builtIn is the version of the schema that is used where nothing else is asked for.
var builtIn = func() string {
	openapi.ResetOpenAPI()
	return openapi.GetSchemaVersion()
}()
