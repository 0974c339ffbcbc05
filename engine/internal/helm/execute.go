package helm

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/template"

	"helm.sh/helm/v4/pkg/chart/common"
)

var (
	// mostOutput is what all templates of one rendering may write, in bytes, and one text that a function makes. It
	// is never changed but by tests.
	mostOutput = 64 << 20
	// mostMade is what all functions of one rendering may make, in bytes.
	mostMade = 512 << 20
)

const (
	// deepest is how often templates may call each other without coming back. Helm's own bound is this for each name;
	// an error that goes back through more of them takes minutes.
	deepest        = 1_000
	deepestInclude = 1_000
	enterName      = "argofixEnter"
	leaveName      = "argofixLeave"
)

// run is the state of one rendering.
type run struct {
	ctx      context.Context
	random   *chance
	included map[string]int
	depth    int
	written  int
	made     int
	writes   int
	limit    error // why the rendering was stopped, if it was
	noting
}

// stop ends the rendering from within a function: text/template makes an error of the panic.
func (r *run) stop(err error) {
	if r.limit == nil {
		r.limit = err
	}
	panic(r.limit)
}

// check ends the rendering when its time is over.
func (r *run) check() error {
	if r.writes++; r.writes&63 == 0 {
		if err := r.ctx.Err(); err != nil {
			r.limit = timedOut()
			return r.limit
		}
	}
	return nil
}

// charge counts the bytes that a function made.
func (r *run) charge(bytes int) {
	r.made += bytes
	if bytes > mostOutput || r.made > mostMade {
		r.stop(tooLarge("the templates make more than %d bytes of text", mostMade))
	}
	if err := r.check(); err != nil {
		panic(err)
	}
}

// enter counts a template that is called by another one.
func (r *run) enter() {
	if r.depth++; r.depth > deepest {
		r.stop(failed("templates call each other more than %d deep", deepest))
	}
	if err := r.check(); err != nil {
		panic(err)
	}
}

// mark is a place in the output and what of the template wrote it.
type mark struct {
	offset int
	point  point
}

// writer takes what a template writes, up to the bounds of the rendering. With marks it notes which line of the file
// `file` wrote what.
type writer struct {
	run    *run
	text   strings.Builder
	file   string
	points map[*byte]point
	marks  []mark
}

func (w *writer) Write(piece []byte) (int, error) {
	if err := w.run.check(); err != nil {
		return 0, err
	}
	if w.points != nil && cap(piece) > 0 {
		if where, ok := w.points[&piece[:1][0]]; ok {
			w.run.site = where
			if where.file == w.file {
				w.marks = append(w.marks, mark{w.text.Len(), where})
			}
		}
	}
	w.run.written += len(piece)
	if w.run.written > mostOutput {
		w.run.limit = tooLarge("the templates write more than %d bytes", mostOutput)
		return 0, w.run.limit
	}
	return w.text.Write(piece)
}

// include is Helm's function of that name.
func (s *set) include(t *template.Template) func(string, any) (string, error) {
	return func(name string, data any) (string, error) {
		r := s.run
		if r.included[name] > deepestInclude {
			return "", fmt.Errorf("rendering template has a nested reference name: %s: %w", name,
				errors.New("unable to execute template"))
		}
		r.enter()
		r.included[name]++
		back := r.site
		out := writer{run: r, points: s.points}
		err := t.ExecuteTemplate(&out, name, data)
		r.site = back
		r.included[name]--
		r.depth--
		return out.text.String(), err
	}
}

// tpl is Helm's function of that name: the text sees the templates of the chart, and what it defines is seen by
// itself alone.
func (s *set) tpl(parent *template.Template) func(string, any) (string, error) {
	return func(text string, data any) (string, error) {
		if !strings.Contains(text, "{{") {
			return strings.ReplaceAll(text, noValue, ""), nil
		}
		r := s.run
		r.enter()
		defer func() { r.depth-- }()
		t, err := parent.Clone()
		if err != nil {
			return "", fmt.Errorf("cannot clone template: %w", err)
		}
		t.Option("missingkey=zero")
		t.Funcs(template.FuncMap{"include": s.include(t), "tpl": s.tpl(t)})
		parsed, err := parseTemplate(parent.Name(), text, s.functions)
		if err != nil {
			return "", fmt.Errorf("cannot parse template %q: %w", text, err)
		}
		t = t.New(parent.Name())
		for name, tree := range parsed.trees {
			if _, err := t.AddParseTree(name, tree); err != nil {
				return "", fmt.Errorf("cannot parse template %q: %w", text, err)
			}
		}
		back := r.site
		out := writer{run: r, points: s.points}
		defer func() { r.site = back }()
		if err := t.Execute(&out, data); err != nil {
			return "", fmt.Errorf("error during tpl function execution for %q: %w", text, err)
		}
		return strings.ReplaceAll(out.text.String(), noValue, ""), nil
	}
}

// noValue is what text/template writes for a key that is not there.
const noValue = "<no value>"

// rendered is the output of one template.
type rendered struct {
	source source
	text   string
	marks  []mark
	calls  []call
}

// execute renders every template that is no partial.
func (s *set) execute(ctx context.Context, listed []source, random *chance, l *loaded) ([]rendered, error) {
	r := &run{ctx: ctx, random: random, included: map[string]int{}}
	s.run = r
	random.noted = r.note
	defer func() { s.run, random.noted = nil, nil }()
	var all []rendered
	for _, one := range listed {
		if isPartial(one.name) {
			continue
		}
		one.scope["Template"] = common.Values{"Name": one.name, "BasePath": one.base}
		out := writer{run: r, file: one.name, points: s.points}
		r.noting = noting{top: &out}
		if err := s.root.ExecuteTemplate(&out, one.name, one.scope); err != nil {
			if r.limit != nil {
				told := *typed(r.limit)
				where := l.places[one.file]
				told.File = where.path
				if len(out.marks) > 0 && where.inside == "" {
					told.Line = out.marks[len(out.marks)-1].point.line(0)
				}
				return nil, &told
			}
			return nil, l.executeError(listed, one.name, err)
		}
		text, marks := withoutNoValue(out.text.String(), out.marks)
		all = append(all, rendered{one, text, marks, r.finish(listed, l, out.text.String())})
	}
	return all, nil
}

// withoutNoValue takes `<no value>` out, as Helm does, and moves the marks along.
func withoutNoValue(text string, marks []mark) (string, []mark) {
	if !strings.Contains(text, noValue) {
		return text, marks
	}
	var kept strings.Builder
	taken, next := 0, 0
	for rest := text; ; {
		at := strings.Index(rest, noValue)
		end := len(text)
		if at >= 0 {
			end = len(text) - len(rest) + at
		}
		for ; next < len(marks) && marks[next].offset <= end; next++ {
			marks[next].offset -= taken
		}
		if at < 0 {
			kept.WriteString(rest)
			return kept.String(), marks
		}
		kept.WriteString(rest[:at])
		rest = rest[at+len(noValue):]
		taken += len(noValue)
	}
}

func isPartial(name string) bool {
	return strings.HasPrefix(name[strings.LastIndexByte(name, '/')+1:], "_")
}
