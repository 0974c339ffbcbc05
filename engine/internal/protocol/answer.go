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
	// Unstable tells that two renderings of the same request differ.
	Unstable bool   `json:"unstable,omitempty"`
	Error    *Error `json:"error,omitempty"`
	// Last tells that the process ends with this answer: what it was busy with cannot be stopped otherwise.
	Last     bool              `json:"last,omitempty"`
	Versions map[string]string `json:"versions,omitempty"`
}

// Resource is one object. Object is made the way that Argo CD reads a manifest; numbers stand as they were written.
type Resource struct {
	Object json.RawMessage `json:"object"`
	Origin *Origin         `json:"origin,omitempty"`
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
	Value    *Value `json:"value,omitempty"`
}

// Value is an entry of values.
type Value struct {
	Path string `json:"path,omitempty"` // the values file, "" for values that came with the request
	Line int    `json:"line,omitempty"`
	Key  string `json:"key"` // dotted
}

// Code says what kind of error it is.
type Code string

// The codes. Every error has one of them, and Message says the rest.
const (
	MalformedRequest Code = "malformed-request" // the request itself is no such document
	MissingBlobs     Code = "missing-blobs"     // Missing lists ids that have to be sent (again)
	MalformedYAML    Code = "malformed-yaml"    // a file is not YAML
	NotFound         Code = "not-found"         // a file that is named does not exist
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
	URLs     []string `json:"urls,omitempty"` // all that have to be fetched, URL among them
	Missing  []string `json:"missing,omitempty"`
}

func (e *Error) Error() string { return e.Message }
