package helm

import (
	"encoding/json"
	"path"
	"strings"
	"text/template/parse"

	chart "helm.sh/helm/v4/pkg/chart/v2"

	"github.com/argofix/argofix/engine/internal/protocol"
)

// change is what is other in a trial than in the request; nil and "" for what is not.
type change struct {
	given   *layers
	chart   func(*chart.Chart)
	release string
}

// with renders with a change, one template alone or all of them. Whether a schema likes it is not asked.
func (w *work) with(edit change, template string) ([]document, error) {
	given, asked := w.given, *w.asked
	if edit.given != nil {
		given = edit.given
	}
	if edit.release != "" {
		asked.ReleaseName = edit.release
	}
	asked.SkipSchemaValidation = true
	values, err := given.merge()
	if err != nil {
		return nil, err
	}
	c := instance(w.loaded.root)
	if edit.chart != nil {
		edit.chart(c)
	}
	trial := *w
	trial.asked, trial.only = &asked, template
	return trial.renderWith(newChance(0), c, values)
}

// object is a resource of a trial.
type object struct {
	slot slot
	id   string // kind, namespace and name
	kind string
	json json.RawMessage
}

func (o object) scalar(field string) (string, bool) { return scalarAt(o.json, field) }

func objects(made []protocol.Resource) []object {
	var all []object
	for i, at := range slots(made) {
		var head struct {
			Version  any `json:"apiVersion"`
			Kind     any `json:"kind"`
			Metadata struct {
				Name      any `json:"name"`
				Namespace any `json:"namespace"`
			} `json:"metadata"`
		}
		_ = json.Unmarshal(made[i].Object, &head)
		kind, _ := json.Marshal([]any{head.Version, head.Kind})
		id, _ := json.Marshal([]any{head.Version, head.Kind, head.Metadata.Namespace, head.Metadata.Name})
		all = append(all, object{at, string(id), string(kind), made[i].Object})
	}
	return all
}

type outcome int

const (
	unknown   outcome = iota // it does not render
	same                     // the field says what it said
	differs                  // the resource is there, and the field says something else
	fieldGone                // the resource is there without the field
	gone                     // there is no such resource
)

// compare finds the resource in what a trial made. Its place among the documents is no sign by itself: with fewer of
// them before it, it has another one.
func (s *search) compare(after []object) (outcome, string) {
	ours := s.before[s.ours]
	nth := 0 // of those with one identity
	known := map[string]int{}
	for i, one := range s.before {
		known[one.id]++
		if i < s.ours && one.id == ours.id {
			nth++
		}
	}
	var fresh []object
	for _, one := range after {
		if one.id == ours.id {
			if nth == 0 {
				return s.value(one)
			}
			nth--
		}
		if known[one.id]--; known[one.id] < 0 && one.kind == ours.kind {
			fresh = append(fresh, one)
		}
	}
	if len(after) == len(s.before) {
		for _, one := range fresh {
			if one.slot == ours.slot {
				return s.value(one)
			}
		}
	}
	// It has another name. Where as many are missing as are new, they are the same ones in the same order.
	missing, place := 0, 0
	for i, one := range s.before {
		if i == s.ours {
			place = missing
		}
		if known[one.id]--; known[one.id] >= 0 && one.kind == ours.kind {
			missing++
		}
	}
	if missing == len(fresh) && place < missing {
		return s.value(fresh[place])
	}
	return gone, ""
}

func (s *search) value(now object) (outcome, string) {
	value, ok := now.scalar(s.field)
	switch {
	case !ok:
		return fieldGone, ""
	case value == s.now:
		return same, value
	}
	return differs, value
}

// spoken are the names that the template of a resource and those that it calls speak of, and those that conditions and
// tags of dependencies do.
func (e *explanation) spoken(at slot) map[string]bool {
	template := path.Join(at.chart, at.template)
	if known, ok := e.words[template]; ok {
		return known
	}
	words := map[string]bool{}
	for name := range strings.SplitSeq(at.chart, "/") {
		words[name] = true // below its name stand the values of a subchart
	}
	var conditions func(c *chart.Chart)
	conditions = func(c *chart.Chart) {
		for _, one := range c.Metadata.Dependencies {
			for _, word := range append(strings.FieldsFunc(one.Condition, func(r rune) bool { return r == ',' || r == '.' }), one.Tags...) {
				words[strings.TrimSpace(word)] = true
			}
		}
		for _, child := range c.Dependencies() {
			conditions(child)
		}
	}
	conditions(e.loaded.root)
	for _, made := range e.loaded.sets {
		speaker{made, words, map[string]bool{}}.template(template)
	}
	e.words[template] = words
	return words
}

type speaker struct {
	set   *set
	words map[string]bool
	seen  map[string]bool
}

func (s speaker) template(name string) {
	found := s.set.root.Lookup(name)
	if found == nil || found.Tree == nil || s.seen[name] {
		return
	}
	s.seen[name] = true
	s.node(found.Root)
}

func (s speaker) node(node parse.Node) {
	switch node := node.(type) {
	case *parse.ListNode:
		if node != nil {
			for _, one := range node.Nodes {
				s.node(one)
			}
		}
	case *parse.IfNode:
		s.branch(&node.BranchNode)
	case *parse.WithNode:
		s.branch(&node.BranchNode)
	case *parse.RangeNode:
		s.branch(&node.BranchNode)
	case *parse.TemplateNode:
		s.template(node.Name)
		s.node(node.Pipe)
	case *parse.ActionNode:
		s.node(node.Pipe)
	case *parse.PipeNode:
		if node != nil {
			for _, command := range node.Cmds {
				for _, argument := range command.Args {
					s.node(argument)
				}
			}
		}
	case *parse.ChainNode:
		s.node(node.Node)
		s.add(node.Field)
	case *parse.FieldNode:
		s.add(node.Ident)
	case *parse.VariableNode:
		s.add(node.Ident)
	case *parse.StringNode: // of `include`, `index`, `dig`
		s.template(node.Text)
		s.add([]string{node.Text})
	}
}

func (s speaker) branch(branch *parse.BranchNode) {
	s.node(branch.Pipe)
	s.node(branch.List)
	s.node(branch.ElseList)
}

func (s speaker) add(names []string) {
	for _, name := range names {
		s.words[name] = true
	}
}
