package helm

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	chart "helm.sh/helm/v4/pkg/chart/v2"

	"github.com/argofix/argofix/engine/internal/protocol"
	"github.com/argofix/argofix/engine/internal/store"
)

// schema is a compiled values.schema.json, or why it could not be compiled. Only what does not depend on the request
// is kept: a schema that names documents outside of itself is compiled each time.
type schema struct {
	compiled *jsonschema.Schema
	err      error
}

const schemaName = "file:///values.schema.json"

// validate holds values against the schemas of a chart and of its subcharts, with Helm's own messages
// (pkg/chart/common/util/jsonschema.go). Helm's validator fetches `$ref` from the network and reads host files; here
// a URL is taken from Remote or told as one to fetch, and a file of the host does not exist.
func (l *loaded) validate(files *store.Files, asked *protocol.Helm, c *chart.Chart, values map[string]any) error {
	said, err := l.violations(files, asked, c, values)
	if err != nil {
		return err
	}
	if said != "" {
		return failed("values don't meet the specifications of the schema(s) in the following chart(s):\n%s", said)
	}
	return nil
}

func (l *loaded) violations(
	files *store.Files, asked *protocol.Helm, c *chart.Chart, values map[string]any,
) (string, error) {
	var said strings.Builder
	if c.Schema != nil {
		message, err := l.against(files, asked, c.Schema, values)
		if err != nil {
			return "", err
		}
		if message != "" {
			said.WriteString(c.Name() + ":\n" + message)
		}
	}
	for _, child := range c.Dependencies() {
		raw, ok := values[child.Name()]
		if !ok || raw == nil {
			continue
		}
		below, ok := raw.(map[string]any)
		if !ok {
			fmt.Fprintf(&said, "%s:\ninvalid type for values: expected object (map), got %T\n", child.Name(), raw)
			continue
		}
		message, err := l.violations(files, asked, child, below)
		if err != nil {
			return "", err
		}
		said.WriteString(message)
	}
	return said.String(), nil
}

func (l *loaded) against(
	files *store.Files, asked *protocol.Helm, data []byte, values map[string]any,
) (message string, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			message = fmt.Sprintf("unable to validate schema: %s", fault)
		}
	}()
	compiled := l.compile(files, asked, data)
	if compiled.err != nil {
		var outside *protocol.Error
		if errors.As(compiled.err, &outside) {
			told := *outside
			told.Message = "values.schema.json: " + outside.Message
			return "", &told
		}
		return compiled.err.Error(), nil
	}
	if err := compiled.compiled.Validate(values); err != nil {
		said := strings.TrimPrefix(err.Error(), "jsonschema validation failed with '"+schemaName+"#'\n")
		return sorted(said) + "\n", nil
	}
	return "", nil
}

// sorted puts the lines of a message in order, each with what is indented below it: the validator goes through the
// properties in the random order of a Go map.
func sorted(said string) string {
	var blocks [][]string
	indent := -1
	for line := range strings.SplitSeq(said, "\n") {
		own := len(line) - len(strings.TrimLeft(line, " "))
		if indent < 0 {
			indent = own
		}
		if own <= indent || len(blocks) == 0 {
			blocks = append(blocks, nil)
		}
		blocks[len(blocks)-1] = append(blocks[len(blocks)-1], line)
	}
	texts := make([]string, len(blocks))
	for i, block := range blocks {
		texts[i] = block[0]
		if len(block) > 1 {
			texts[i] += "\n" + sorted(strings.Join(block[1:], "\n"))
		}
	}
	slices.Sort(texts)
	return strings.Join(texts, "\n")
}

func (l *loaded) compile(files *store.Files, asked *protocol.Helm, data []byte) *schema {
	if len(data) == 0 {
		_, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		return &schema{err: err}
	}
	if known, ok := l.schemas[&data[0]]; ok {
		return known
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return &schema{err: err}
	}
	outside := &references{files: files, asked: asked}
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(outside)
	if err := compiler.AddResource(schemaName, document); err != nil {
		return &schema{err: err}
	}
	compiled, err := compiler.Compile(schemaName)
	if outside.refused != nil {
		err = outside.refused
	}
	made := &schema{compiled, err}
	if !outside.used {
		l.schemas[&data[0]] = made
	}
	return made
}

// references answers for the documents that a schema names by URL.
type references struct {
	files *store.Files
	asked *protocol.Helm
	used  bool
	// refused is the first document that there is not: the compiler's own error does not wrap it.
	refused error
}

// Load returns a document that came with the request. Helm itself takes an unknown `urn:` for a schema that permits
// anything.
func (r *references) Load(address string) (any, error) {
	r.used = true
	document, err := r.find(address)
	if err != nil && r.refused == nil {
		r.refused = err
	}
	return document, err
}

func (r *references) find(address string) (any, error) {
	parsed, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	switch parsed.Scheme {
	case "urn":
		return true, nil
	case "http", "https":
		local, ok := r.asked.Remote[address]
		if !ok {
			return nil, needsURL(address)
		}
		data, err := r.files.Read(local)
		if err != nil {
			return nil, at(local, err)
		}
		return jsonschema.UnmarshalJSON(bytes.NewReader(data))
	case "file":
		return nil, absent(parsed.Path)
	}
	return nil, failed("no URLLoader registered for %q", address)
}
