package helm

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"

	helmchart "helm.sh/helm/v4/pkg/chart"
	"helm.sh/helm/v4/pkg/chart/common"
	chart "helm.sh/helm/v4/pkg/chart/v2"
)

// source is one template of an instance of a chart.
type source struct {
	name  string // `parent/charts/child/templates/file.yaml`
	file  *common.File
	chart *chart.Chart
	scope map[string]any // what it is executed with
	base  string
}

// sources lists the templates of a chart and of those below it with their scope of values, as Helm's engine does:
// deeper ones first, so that of two definitions with one name that of the parent is taken.
func sources(root *chart.Chart, values map[string]any) []source {
	var listed []source
	scope(root, values, &listed)
	slices.SortFunc(listed, func(a, b source) int {
		if byDepth := strings.Count(b.name, "/") - strings.Count(a.name, "/"); byDepth != 0 {
			return byDepth
		}
		return strings.Compare(b.name, a.name)
	})
	return slices.CompactFunc(listed, func(a, b source) bool { return a.name == b.name })
}

func scope(c *chart.Chart, above map[string]any, listed *[]source) map[string]any {
	charts := map[string]any{}
	own := map[string]any{
		"Chart":        metadata(c),
		"Files":        newFiles(c.Files),
		"Release":      above["Release"],
		"Capabilities": above["Capabilities"],
		"Values":       common.Values{},
		"Subcharts":    charts,
	}
	if c.IsRoot() {
		own["Values"] = above["Values"]
	} else if table, err := common.Values(above).Table("Values." + c.Name()); err == nil {
		own["Values"] = table
	}
	for _, child := range c.Dependencies() {
		charts[child.Name()] = scope(child, own, listed)
	}
	full := c.ChartFullPath()
	isLibrary := strings.EqualFold(c.Metadata.Type, "library")
	for _, file := range c.Templates {
		if file == nil || isLibrary && !strings.HasPrefix(filepath.Base(file.Name), "_") {
			continue
		}
		*listed = append(*listed, source{path.Join(full, file.Name), file, c, own, path.Join(full, "templates")})
	}
	return own
}

// metadata is `.Chart`: the fields of Chart.yaml by the names that they have in Go.
func metadata(c *chart.Chart) map[string]any {
	read, err := helmchart.NewAccessor(c)
	if err != nil {
		return nil
	}
	made := read.MetadataAsMap()
	made["IsRoot"] = c.IsRoot()
	return made
}

// point is where a piece of a template's text stands.
type point struct {
	file   string // full name of the template
	text   string // all of the file
	offset int    // of the piece in text
}

func (p point) line(further int) int {
	end := min(p.offset+further, len(p.text))
	return 1 + strings.Count(p.text[:end], "\n")
}

// parsed are the definitions of one template file.
type parsed struct {
	trees  map[string]*parse.Tree
	points map[*byte]point
}

// builtin names the functions that text/template itself brings.
var builtin = map[string]any{}

func init() {
	for _, name := range []string{
		"and", "or", "not", "len", "index", "slice", "eq", "ne", "lt", "le", "gt", "ge", "html", "js", "print",
		"printf", "println", "urlquery", "call",
	} {
		builtin[name] = true
	}
}

// parseTemplate parses a template and puts marks into it: a piece of text without letters before each action, and at
// the start of each loop's body. The writer knows a piece by its address, and so on which line of the template it is
// and that the execution still goes on.
func parseTemplate(name, text string, functions map[string]any) (*parsed, error) {
	trees, err := parse.Parse(name, text, "", "", functions, builtin)
	if err != nil {
		return nil, err
	}
	marked := &parsed{trees, map[*byte]point{}}
	m := marker{name: name, text: text, points: marked.points, functions: functions}
	for _, tree := range trees {
		if tree.Root != nil {
			m.list(tree.Root)
		}
	}
	return marked, nil
}

type marker struct {
	name   string
	text   string
	points map[*byte]point
	spare  []byte // one byte for each mark

	functions map[string]any
}

func (m *marker) mark(at parse.Pos) parse.Node {
	if len(m.spare) == 0 {
		m.spare = make([]byte, 256)
	}
	m.points[&m.spare[0]] = point{m.name, m.text, int(at)}
	piece := m.spare[:0:1]
	m.spare = m.spare[1:]
	return &parse.TextNode{NodeType: parse.NodeText, Pos: at, Text: piece}
}

func (m *marker) list(list *parse.ListNode) {
	if list == nil {
		return
	}
	nodes := make([]parse.Node, 0, 2*len(list.Nodes)+1)
	for _, node := range list.Nodes {
		switch node := node.(type) {
		case *parse.TextNode:
			if len(node.Text) > 0 {
				m.points[&node.Text[0]] = point{m.name, m.text, int(node.Pos)}
			}
			nodes = append(nodes, node)
			continue
		case *parse.IfNode:
			nodes = append(nodes, m.mark(node.Pos))
			m.branch(&node.BranchNode)
		case *parse.WithNode:
			nodes = append(nodes, m.mark(node.Pos))
			m.branch(&node.BranchNode)
		case *parse.RangeNode:
			nodes = append(nodes, m.mark(node.Pos))
			m.branch(&node.BranchNode)
			node.List.Nodes = append([]parse.Node{m.mark(node.Pos)}, node.List.Nodes...)
		case *parse.TemplateNode:
			nodes = append(nodes, m.mark(node.Pos), guard(enterName), node, guard(leaveName))
			continue
		case *parse.ActionNode:
			nodes = append(nodes, m.mark(node.Pos))
			if shows(node.Pipe, m.functions) {
				node.Pipe.Cmds = append(node.Pipe.Cmds, shownCommand)
			}
		}
		nodes = append(nodes, node)
	}
	list.Nodes = nodes
}

func (m *marker) branch(branch *parse.BranchNode) {
	m.list(branch.List)
	m.list(branch.ElseList)
}

// guard is an action that calls one of the functions that count how deep templates call each other.
func guard(name string) parse.Node {
	trees, err := parse.Parse("guard", "{{"+name+"}}", "", "", map[string]any{name: true})
	if err != nil {
		panic(err)
	}
	return trees["guard"].Root.Nodes[0]
}

// set is the templates of a chart with a choice of its subcharts. It executes one rendering at a time.
type set struct {
	root   *template.Template
	points map[*byte]point
	run    *run
	// functions are those that templates are parsed with.
	functions template.FuncMap
}

// mostSets is how many choices of subcharts are kept for one chart.
const mostSets = 16

// set returns the parsed templates for these sources.
func (l *loaded) set(listed []source) (*set, error) {
	var name strings.Builder
	for _, one := range listed {
		fmt.Fprintf(&name, "%s %p\n", one.name, one.file)
	}
	if known, ok := l.sets[name.String()]; ok {
		return known, nil
	}
	made := &set{root: template.New("gotpl").Option("missingkey=zero"), points: map[*byte]point{}}
	made.functions = made.library()
	made.root.Funcs(made.functions)
	for _, one := range listed {
		text := string(one.file.Data)
		parsed, err := parseTemplate(one.name, text, made.functions)
		if err != nil {
			return nil, l.parseError(listed, err)
		}
		if err := made.add(made.root, parsed); err != nil {
			return nil, l.parseError(listed, err)
		}
	}
	if len(l.sets) >= mostSets {
		clear(l.sets)
	}
	l.sets[name.String()] = made
	return made, nil
}

// add puts the definitions of a file into a set. A definition without any text does not replace one that has some.
func (s *set) add(to *template.Template, parsed *parsed) error {
	for name, tree := range parsed.trees {
		if _, err := to.AddParseTree(name, tree); err != nil {
			return err
		}
	}
	for address, place := range parsed.points {
		s.points[address] = place
	}
	return nil
}
