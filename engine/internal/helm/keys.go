package helm

import (
	"bytes"
	"strconv"
	"strings"

	goyaml "sigs.k8s.io/yaml/goyaml.v3"
)

// lined is YAML text, which is parsed when the first line is asked for.
type lined struct {
	text      []byte
	documents []*goyaml.Node
}

// line returns the line, from 1 on, of what a JSON pointer leads to; of several documents the last one that has it
// counts, as it does for Helm. 0 where there is no such line.
//
// `further` counts lines into a text that is written as a block (`|`); where it is negative, its beginning is meant.
func (l *lined) line(pointer string, further int) int {
	if len(l.text) > 0 {
		decoder := goyaml.NewDecoder(bytes.NewReader(l.text))
		for {
			var document goyaml.Node
			if err := decoder.Decode(&document); err != nil {
				break
			}
			if len(document.Content) == 1 {
				l.documents = append(l.documents, document.Content[0])
			}
		}
		l.text = nil
	}
	line := 0
	for _, document := range l.documents {
		if found := follow(document, strings.Split(strings.TrimPrefix(pointer, "/"), "/"), further); found > 0 {
			line = found
		}
	}
	return line
}

func follow(node *goyaml.Node, parts []string, further int) int {
	line := node.Line
	for _, part := range parts {
		for node.Kind == goyaml.AliasNode {
			node = node.Alias
		}
		name := unescape(part)
		var next *goyaml.Node
		switch node.Kind {
		case goyaml.MappingNode:
			if key, value := member(node, name, 0); value != nil {
				next, line = value, key.Line
			}
		case goyaml.SequenceNode:
			if index, err := strconv.Atoi(name); err == nil && index < len(node.Content) {
				next = node.Content[index]
				line = next.Line
			}
		}
		if next == nil {
			return 0
		}
		node = next
	}
	if node.Kind == goyaml.ScalarNode && node.Style&goyaml.LiteralStyle != 0 && further >= 0 {
		return node.Line + 1 + further
	}
	return line
}

// deepestMerge bounds maps that are merged (`<<`) into each other.
const deepestMerge = 16

// member finds an entry of a map, the last one of that name, else in what is merged into it.
func member(node *goyaml.Node, name string, depth int) (key, value *goyaml.Node) {
	for node.Kind == goyaml.AliasNode {
		node = node.Alias
	}
	if depth > deepestMerge || node.Kind != goyaml.MappingNode {
		return nil, nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == name {
			key, value = node.Content[i], node.Content[i+1]
		}
	}
	for i := 0; i+1 < len(node.Content) && value == nil; i += 2 {
		if node.Content[i].Tag != "!!merge" {
			continue
		}
		merged := []*goyaml.Node{node.Content[i+1]}
		if merged[0].Kind == goyaml.SequenceNode {
			merged = merged[0].Content
		}
		for _, one := range merged {
			if key, value = member(one, name, depth+1); value != nil {
				break
			}
		}
	}
	return key, value
}
