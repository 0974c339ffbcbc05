package kustomize

import (
	"bytes"
	"fmt"
	"math"

	"go.yaml.in/yaml/v3"

	"github.com/argofix/argofix/engine/internal/protocol"
	"github.com/argofix/argofix/engine/internal/store"
)

// maxExpanded is how many bytes the aliases of one file may make of it.
const maxExpanded = 32 << 20

// refuseBombs looks for files whose aliases would make more of them than memory holds: kustomize copies what an alias
// stands for.
func refuseBombs(files *store.Files, opaque map[string]bool) error {
	for _, name := range files.Paths() {
		if !opaque[name] && factsOf(files, name).expands {
			return &protocol.Error{
				Code: protocol.TooLarge, File: name,
				Message: fmt.Sprintf("the aliases of %s make more than %d MB of it", name, maxExpanded>>20),
			}
		}
	}
	return nil
}

func expands(data []byte) bool {
	for decoder := yaml.NewDecoder(bytes.NewReader(data)); ; {
		var document yaml.Node
		if decoder.Decode(&document) != nil {
			return false // the end, or kustomize says what is wrong
		}
		if expanded(&document, map[*yaml.Node]float64{}) > maxExpanded {
			return true
		}
	}
}

// mayExpand tells whether aliases could make too much of a file: k of them at most 3^(k/3) times its size.
func mayExpand(data []byte) bool {
	if bytes.IndexByte(data, '&') < 0 {
		return false
	}
	aliases := float64(bytes.Count(data, []byte{'*'}))
	return float64(len(data))*math.Pow(1.4423, min(aliases, 100)) > maxExpanded
}

// expanded is about how many bytes a node is with its aliases written out.
func expanded(node *yaml.Node, known map[*yaml.Node]float64) float64 {
	if node == nil {
		return 0
	}
	if size, ok := known[node]; ok {
		return size
	}
	known[node] = math.Inf(1) // one that holds itself
	size := float64(len(node.Value) + 8)
	if node.Kind == yaml.AliasNode {
		size = expanded(node.Alias, known)
	}
	for _, child := range node.Content {
		size += expanded(child, known)
	}
	known[node] = size
	return size
}
