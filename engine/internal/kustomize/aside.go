package kustomize

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"
)

// The schemas of CustomResourceDefinitions are most of what large roots consist of, and kustomize handles them badly:
// kyaml copies each mapping twice for each level above it (`mergeAll` in yaml/rnode.go) whether or not there is
// anything to merge. Hardly anybody changes a schema with kustomize. So a schema is taken out of its file before a
// build and put back into the object afterwards. Its JSON is made by the same code and kept by the file's blob id.
//
// That this changes nothing is not assumed but looked at: a mark that is not there exactly as often as it was read, at
// its place and untouched, a failing build, or any other mention of `openAPIV3Schema` in the files, and the build is
// done again with everything in it.

const (
	schemaField = "openAPIV3Schema"
	mark        = "x-argofix-schema"
)

// schemaAside is a file whose schemas have been taken out.
type schemaAside struct {
	text    []byte            // nil where the file is left as it is
	schemas map[string][]byte // JSON by token
	tokens  []string          // one for each place
	// elsewhere tells that the name of the field stands in something that is no CustomResourceDefinition.
	elsewhere bool
}

// setAside takes the schemas out of a file.
func setAside(data []byte) schemaAside {
	if bytes.Contains(data, []byte(mark)) {
		return schemaAside{elsewhere: true}
	}
	if !bytes.Contains(data, []byte(schemaField)) {
		return schemaAside{}
	}
	documents, err := documentsOf(data)
	if err != nil {
		return schemaAside{elsewhere: true}
	}
	result := schemaAside{schemas: map[string][]byte{}}
	var places []int
	for _, document := range documents {
		if !isCRD(document) {
			result.elsewhere = result.elsewhere || mentions(document)
			continue
		}
		if !isPlain(document, false) {
			return schemaAside{elsewhere: result.elsewhere}
		}
		for _, parent := range versionSchemas(document) {
			key, schema := entry(parent, schemaField)
			if schema == nil || schema.Kind != yaml.MappingNode || schema.Line <= key.Line || !isPlain(schema, true) {
				continue
			}
			text, stable := jsonOf(schema)
			if !stable {
				continue
			}
			sum := sha256.Sum256(text)
			token := hex.EncodeToString(sum[:])
			result.schemas[token] = text
			result.tokens = append(result.tokens, token)
			places = append(places, key.Line)
			*schema = *marked(token)
		}
	}
	if len(places) == 0 {
		return schemaAside{elsewhere: result.elsewhere}
	}
	text := cut(data, places, result.tokens)
	again, err := documentsOf(text)
	if err != nil || !slices.EqualFunc(documents, again, alike) {
		return schemaAside{elsewhere: result.elsewhere}
	}
	result.text = text
	return result
}

// jsonOf is a schema as kustomize writes it. It is not stable where it would be another one after a JSON patch to
// something else in the object: for that kustomize reads its own JSON, and large integers become floats
// (9223372036854775807 as a `maximum`, say).
func jsonOf(schema *yaml.Node) (text []byte, stable bool) {
	text, err := kyaml.NewRNode(schema).MarshalJSON()
	if err != nil {
		return nil, false
	}
	var again kyaml.RNode
	if again.UnmarshalJSON(text) != nil {
		return nil, false
	}
	second, err := again.MarshalJSON()
	return text, err == nil && bytes.Equal(text, second)
}

func marked(token string) *yaml.Node {
	return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: []*yaml.Node{
		{Kind: yaml.ScalarNode, Tag: "!!str", Value: mark}, {Kind: yaml.ScalarNode, Tag: "!!str", Value: token},
	}}
}

// cut replaces the block below each of some lines (1-based, ascending), which hold the schema's key.
func cut(data []byte, places []int, tokens []string) []byte {
	lines := bytes.SplitAfter(data, []byte{'\n'})
	var text bytes.Buffer
	at := 0
	for i, place := range places {
		for ; at < place-1; at++ {
			text.Write(lines[at])
		}
		before, _, _ := bytes.Cut(lines[at], []byte(schemaField))
		text.Write(before)
		text.WriteString(schemaField + ": {" + mark + ": '" + tokens[i] + "'}\n")
		for at++; at < len(lines); at++ {
			stripped := bytes.TrimLeft(lines[at], " ")
			indented := len(lines[at]) - len(stripped)
			if len(bytes.TrimSpace(stripped)) > 0 && indented <= len(before) && stripped[0] != '#' {
				break
			}
		}
	}
	for ; at < len(lines); at++ {
		text.Write(lines[at])
	}
	return text.Bytes()
}

func documentsOf(data []byte) ([]*yaml.Node, error) {
	var documents []*yaml.Node
	for decoder := yaml.NewDecoder(bytes.NewReader(data)); ; {
		document := &yaml.Node{}
		if err := decoder.Decode(document); errors.Is(err, io.EOF) {
			return documents, nil
		} else if err != nil {
			return nil, err
		}
		if len(document.Content) == 1 {
			documents = append(documents, document.Content[0])
		}
	}
}

func isCRD(document *yaml.Node) bool {
	_, kind := entry(document, "kind")
	return kind != nil && kind.Value == "CustomResourceDefinition"
}

// versionSchemas are the `schema` mappings of a CustomResourceDefinition's versions.
func versionSchemas(document *yaml.Node) []*yaml.Node {
	_, spec := entry(document, "spec")
	_, versions := entry(spec, "versions")
	var found []*yaml.Node
	if versions != nil && versions.Kind == yaml.SequenceNode {
		for _, version := range versions.Content {
			if _, schema := entry(version, "schema"); schema != nil {
				found = append(found, schema)
			}
		}
	}
	return found
}

// entry finds a key of a mapping and its value; nil where it is not there exactly once.
func entry(node *yaml.Node, name string) (key, value *yaml.Node) {
	if node == nil || node.Kind != yaml.MappingNode {
		return nil, nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == name {
			if key != nil {
				return nil, nil
			}
			key, value = node.Content[i], node.Content[i+1]
		}
	}
	return key, value
}

// isPlain tells that there are no anchors, aliases or merge keys, which reach across a file, and for a schema that it
// holds no nulls either: kustomize drops some of them where a patch meets the object.
func isPlain(node *yaml.Node, schema bool) bool {
	if node.Anchor != "" || node.Kind == yaml.AliasNode || node.Tag == "!!merge" || schema && node.Tag == "!!null" {
		return false
	}
	for _, child := range node.Content {
		if !isPlain(child, schema) {
			return false
		}
	}
	return true
}

func mentions(node *yaml.Node) bool {
	return strings.Contains(node.Value, schemaField) || slices.ContainsFunc(node.Content, mentions)
}

// alike compares what two nodes say; places, comments and styles aside.
func alike(one, other *yaml.Node) bool {
	return one.Kind == other.Kind && one.Tag == other.Tag && one.Value == other.Value && one.Anchor == other.Anchor &&
		slices.EqualFunc(one.Content, other.Content, alike)
}
