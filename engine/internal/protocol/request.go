// Package protocol holds what is asked of the engine and what it answers, one JSON document each. The names of the
// JSON fields are the contract with the Python side.
package protocol

import "encoding/json"

// Kind says which engine a request is for.
type Kind string

// The kinds of requests.
const (
	KindKustomize Kind = "kustomize"
	KindHelm      Kind = "helm"
	KindJsonnet   Kind = "jsonnet"
	KindVersions  Kind = "versions" // answered with Versions only
)

// Request asks for one rendering. Exactly one of Kustomize, Helm and Jsonnet is set, the one that Kind names.
type Request struct {
	ID   string `json:"id"` // repeated in the answer
	Kind Kind   `json:"kind"`

	// Files maps paths of the repository (relative, slashes, no dots) to the ids of blobs that were sent before. What
	// is not listed does not exist.
	Files map[string]string `json:"files"`
	// Links maps the path of a symbolic link to its target as git holds it.
	Links map[string]string `json:"links,omitempty"`
	// Opaque lists those of Files that are only copied and never read as YAML.
	Opaque []string `json:"opaque,omitempty"`

	// Text asks for each resource as `kustomize build` spells it in YAML, in the place of its object.
	Text bool `json:"text,omitempty"`

	Limits Limits `json:"limits,omitzero"`

	Kustomize *Kustomize `json:"kustomize,omitempty"`
	Helm      *Helm      `json:"helm,omitempty"`
	Jsonnet   *Jsonnet   `json:"jsonnet,omitempty"`
}

// Limits of one request. Zero means what the process was started with; nothing raises that.
type Limits struct {
	Seconds     float64 `json:"seconds,omitempty"`
	OutputBytes int     `json:"outputBytes,omitempty"`
}

// Kustomize asks for what `kustomize build` prints of one directory.
type Kustomize struct {
	Root string `json:"root"` // directory of the kustomization, "" for the repository's root
	// LoadRestrictorNone is --load-restrictor=LoadRestrictionsNone.
	LoadRestrictorNone bool `json:"loadRestrictorNone,omitempty"`
	// KeepRestriction tells not to try again without the load restriction where only that stands in the way.
	KeepRestriction bool `json:"keepRestriction,omitempty"`
	EnableHelm      bool `json:"enableHelm,omitempty"` // --enable-helm
	// EnablePlugins is --enable-alpha-plugins or --enable-exec. Plugins are refused all the same, in other words.
	EnablePlugins bool `json:"enablePlugins,omitempty"`
	// KubeVersion and APIVersions are --helm-kube-version and --helm-api-versions.
	KubeVersion string   `json:"kubeVersion,omitempty"`
	APIVersions []string `json:"apiVersions,omitempty"`
}

// Parameter is one --set, or --set-string with ForceString.
type Parameter struct {
	Name        string `json:"name"`
	Value       string `json:"value"`
	ForceString bool   `json:"forceString,omitempty"`
}

// FileParameter is one --set-file.
type FileParameter struct {
	Name string `json:"name"`
	Path string `json:"path"`
}

// Helm asks for what Argo CD makes of one chart: the fields are those of an Application's helm block, as written.
type Helm struct {
	Chart string `json:"chart"`          // directory of the chart, a path of Files
	Root  string `json:"root,omitempty"` // directory of the source's repository, "" for all of Files
	// Refs are the other sources that `$name/...` may name: `$name` and the directory that holds their repository.
	Refs map[string]string `json:"refs,omitempty"`
	// SeveralSources tells that the Application has `sources`: each `$name/` has to be one of Refs then.
	SeveralSources bool `json:"severalSources,omitempty"`
	// Environment is the build environment (ARGOCD_APP_NAME...).
	Environment map[string]string `json:"environment,omitempty"`
	// Remote maps URLs that were fetched to paths of Files.
	Remote map[string]string `json:"remote,omitempty"`
	// ValueFileSchemes are those of URLs that may be values files, null for https and http.
	ValueFileSchemes []string `json:"valueFileSchemes,omitempty"`

	ReleaseName             string          `json:"releaseName"`
	Namespace               string          `json:"namespace"`
	Version                 string          `json:"version,omitempty"`
	ValueFiles              []string        `json:"valueFiles,omitempty"` // later ones win
	IgnoreMissingValueFiles bool            `json:"ignoreMissingValueFiles,omitempty"`
	Values                  string          `json:"values,omitempty"` // YAML, on top of the files
	ValuesObject            json.RawMessage `json:"valuesObject,omitempty"`
	Parameters              []Parameter     `json:"parameters,omitempty"`
	FileParameters          []FileParameter `json:"fileParameters,omitempty"`
	KubeVersion             string          `json:"kubeVersion,omitempty"` // "" for that of Helm itself
	APIVersions             []string        `json:"apiVersions,omitempty"`
	SkipCRDs                bool            `json:"skipCrds,omitempty"`
	SkipTests               bool            `json:"skipTests,omitempty"`
	SkipSchemaValidation    bool            `json:"skipSchemaValidation,omitempty"`

	// Explain asks which entries of values decide about fields of the resources.
	Explain []Question `json:"explain,omitempty"`

	// What only kustomize asks for.
	ValuesData [][]byte `json:"-"` // values files that are none of Files
	SkipHooks  bool     `json:"-"`
}

// Question is a field of a resource of the answer, which is the same for the same request.
type Question struct {
	Resource int    `json:"resource"` // index in Resources
	Field    string `json:"field"`    // JSON pointer to a scalar: `/metadata/name`
}

// Variable is a top-level argument or an external variable of Jsonnet. Code tells that Value is Jsonnet, not text.
type Variable struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Code  bool   `json:"code,omitempty"`
}

// Jsonnet asks for the evaluation of one file, as a directory source of Argo CD does it.
type Jsonnet struct {
	File        string            `json:"file"`
	Directory   string            `json:"directory"`      // the Application's path
	Root        string            `json:"root,omitempty"` // directory of the source's repository, "" for all of Files
	Environment map[string]string `json:"environment,omitempty"`
	TLAs        []Variable        `json:"tlas,omitempty"`
	ExtVars     []Variable        `json:"extVars,omitempty"`
	Libs        []string          `json:"libs,omitempty"` // directories below Root
}
