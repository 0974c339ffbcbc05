package kustomize

import _ "unsafe" // for go:linkname

// Release is the release of kustomize whose go.mod names the version of its api that this module pins. kustomize
// writes it into objects (`buildMetadata: [managedByLabel]`), and knows it only where the command itself was built.
const Release = "v5.8.1"

//go:linkname provenanceVersion sigs.k8s.io/kustomize/api/provenance.version
var provenanceVersion string

func init() { provenanceVersion = "kustomize/" + Release }
