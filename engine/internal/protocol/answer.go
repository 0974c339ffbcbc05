package protocol

import "encoding/json"

// Answer is what came of one request: Resources, or Error.
type Answer struct {
	ID        string     `json:"id"`
	Resources []Resource `json:"resources,omitempty"`
	// Notes are sentences about a rendering that went through.
	Notes []string `json:"notes,omitempty"`
	// Lifted tells that it only went through with the load restriction lifted, and carries what was said before.
	Lifted string `json:"lifted,omitempty"`
	// Unstable are the fields that are something else at each rendering: Argo CD would never be in sync.
	Unstable []Unstable `json:"unstable,omitempty"`
	Error    *Error     `json:"error,omitempty"`
	// Last tells that the process ends with this answer: what it was busy with cannot be stopped otherwise.
	Last     bool              `json:"last,omitempty"`
	Versions map[string]string `json:"versions,omitempty"`
}

// Resource is one object. Object is made the way that Argo CD reads a manifest; numbers stand as they were written.
type Resource struct {
	Object json.RawMessage `json:"object,omitempty"`
	Text   string          `json:"text,omitempty"` // Object as YAML, where Request.Text asks for it
	Origin *Origin         `json:"origin,omitempty"`
}

// Unstable is one field of one resource that differs between two renderings. What is in the answer are the values of
// one of them, the same ones each time.
type Unstable struct {
	// Resource is the index in Resources, or -1 where a template makes more or fewer resources from one time to the
	// next; Template says which one.
	Resource int    `json:"resource"`
	Path     string `json:"path"` // JSON pointer, "" for all of it
	Template string `json:"template,omitempty"`
	// Calls are those of random functions, or of the clock, that the resource's text comes from.
	Calls []Call `json:"calls,omitempty"`
}

// Call is a function that a template calls. Path is that of Request.Files; Line is 0 in a packaged chart.
type Call struct {
	Function string `json:"function"`
	Path     string `json:"path"`
	Line     int    `json:"line,omitempty"`
}

// Origin is where a resource comes from. Paths are those of Request.Files; Line is 1-based.
type Origin struct {
	Path string `json:"path,omitempty"` // the file that holds it
	Line int    `json:"line,omitempty"`
	Repo string `json:"repo,omitempty"`
	Ref  string `json:"ref,omitempty"`
	// ConfiguredIn is the file of the generator or transformer that made it, ConfiguredBy what that is.
	ConfiguredIn string `json:"configuredIn,omitempty"`
	ConfiguredBy string `json:"configuredBy,omitempty"`
	// Chart and Template are the chart's path (`parent/charts/child`) and the template's file in it; Value is the
	// place of the value that decides about it.
	Chart    string `json:"chart,omitempty"`
	Template string `json:"template,omitempty"`
	// Document is the resource's place in what its template writes, from 0 on.
	Document int `json:"document,omitempty"`
	// Values are the entries that decide about the fields that Helm.Explain names.
	Values []Value `json:"values,omitempty"`
}

// Value is an entry of values that decides about a field: with another value there, the field is another one.
type Value struct {
	Field string `json:"field"` // JSON pointer in the resource
	// Source is `parameters`, `fileParameters`, `values`, `valuesObject`, `releaseName`, `valueFiles` or `chart` (its
	// values.yaml).
	Source string `json:"source"`
	Path   string `json:"path,omitempty"` // the file, for valueFiles and chart
	// Line is that in the file or in the text `values`, for valuesObject that in a text of several lines; 0 where it
	// cannot be told.
	Line int    `json:"line,omitempty"`
	Key  string `json:"key"` // JSON pointer, or the name of the parameter
	// Presence tells that without it the resource is not there (the field, where that is no part of the identity),
	// which is told only where nothing decides what the field says.
	Presence bool `json:"presence,omitempty"`
}

// Code says what kind of error it is.
type Code string

// The codes. Every error has one of them, and Message says the rest.
const (
	MalformedRequest Code = "malformed-request" // the request itself is no such document
	MissingBlobs     Code = "missing-blobs"     // Missing lists ids that have to be sent (again)
	MalformedYAML    Code = "malformed-yaml"    // a file is not YAML
	NotFound         Code = "not-found"         // a file that is named does not exist
	Escapes          Code = "escapes"           // a path or a link leads out of the repository
	Restricted       Code = "restricted"        // only the load restriction stands in the way
	NeedsURL         Code = "needs-url"         // URL has to be fetched
	NeedsChart       Code = "needs-chart"       // Chart has to be fetched
	RefusedPlugin    Code = "refused-plugin"    // a program or container would have to be run
	TooLarge         Code = "too-large"         // more bytes, nodes or memory than are granted
	TimedOut         Code = "timed-out"         // more seconds than are granted
	Panicked         Code = "panicked"          // the engine's code has a fault; nothing is known about the files
	NotBuilt         Code = "not-built"         // this engine was built without that kind
	Failed           Code = "failed"            // anything else; Message is the engine's own
)

// Chart names a chart in a repository.
type Chart struct {
	Name    string `json:"name"`
	Repo    string `json:"repo,omitempty"`
	Version string `json:"version,omitempty"`
}

// Error is a failure as data. Message holds the engine's own words.
type Error struct {
	Code     Code     `json:"code"`
	Message  string   `json:"message"`
	File     string   `json:"file,omitempty"`
	Line     int      `json:"line,omitempty"`
	Resource string   `json:"resource,omitempty"`
	URL      string   `json:"url,omitempty"`
	Chart    *Chart   `json:"chart,omitempty"`
	URLs     []string `json:"urls,omitempty"`   // all that have to be fetched, URL among them
	Charts   []Chart  `json:"charts,omitempty"` // all that are missing, Chart is the first one
	Entry    string   `json:"entry,omitempty"`  // of the Application's helm or jsonnet block, `valueFiles[1]`
	Missing  []string `json:"missing,omitempty"`
}

func (e *Error) Error() string { return e.Message }
