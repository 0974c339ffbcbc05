package helm

import (
	"bytes"
	"strconv"
	"strings"

	goyaml "sigs.k8s.io/yaml/goyaml.v3"
)

// lineIn returns the line, from 1 on, of what a JSON pointer leads to in YAML text; of several documents the last one
// that has it counts, as it does for Helm. 0 where there is no such line.
func lineIn(data []byte, pointer string) int {
	if len(data) == 0 {
		return 0
	}
	decoder := goyaml.NewDecoder(bytes.NewReader(data))
	line := 0
	for {
		var document goyaml.Node
		if err := decoder.Decode(&document); err != nil {
			return line
		}
		if len(document.Content) == 1 {
			if found := follow(document.Content[0], strings.Split(strings.TrimPrefix(pointer, "/"), "/")); found > 0 {
				line = found
			}
		}
	}
}

func follow(node *goyaml.Node, parts []string) int {
	line := node.Line
	for _, part := range parts {
		for node.Kind == goyaml.AliasNode {
			node = node.Alias
		}
		name := unescape(part)
		var next *goyaml.Node
		switch node.Kind {
		case goyaml.MappingNode:
			for i := 0; i+1 < len(node.Content); i += 2 {
				if node.Content[i].Value == name {
					next, line = node.Content[i+1], node.Content[i].Line
				}
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
	return line
}
