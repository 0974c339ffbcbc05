package helm

import (
	"reflect"
	"slices"

	"github.com/argofix/argofix/engine/internal/protocol"
)

// mostCalls is how many calls of random functions are noted of one template.
const mostCalls = 500

// call is one call of a random function: where it stands, and how much the template had written by then.
type call struct {
	function string
	point    point
	where    place
	offset   int
}

// noting is what is known of the template that is executed.
type noting struct {
	top     *writer // what it writes to
	site    point   // the piece of a template that is executed
	calling string  // the function that is called
	calls   []call
}

// note keeps where a random function is called.
func (r *run) note() {
	if r.top == nil || r.calling == "" || len(r.calls) >= mostCalls {
		return
	}
	made := call{function: r.calling, point: r.site, offset: r.top.text.Len()}
	if !slices.Contains(r.calls, made) {
		r.calls = append(r.calls, made)
	}
}

// noted is a function that says its name when it is called.
func (s *set) noted(name string, function any) any {
	original := reflect.ValueOf(function)
	return reflect.MakeFunc(original.Type(), func(arguments []reflect.Value) []reflect.Value {
		outer := s.run.calling
		s.run.calling = name
		defer func() {
			if s.run != nil {
				s.run.calling = outer
			}
		}()
		if original.Type().IsVariadic() {
			return original.CallSlice(arguments)
		}
		return original.Call(arguments)
	}).Interface()
}

// callsOf returns the calls within one document of a template's output, all before it where there are none: a variable
// is set in one place and used in another.
func callsOf(one rendered, pieces []string, offsets []int, index int) []call {
	if len(one.calls) == 0 {
		return nil
	}
	from, to := 0, len(one.text)+1
	if index > 0 {
		from = offsets[index-1] + len(pieces[index-1])
	}
	if index+1 < len(offsets) {
		to = offsets[index] + len(pieces[index])
	}
	var inside, before []call
	for _, made := range one.calls {
		switch {
		case made.offset >= to:
		case made.offset >= from:
			inside = append(inside, made)
		default:
			before = append(before, made)
		}
	}
	if len(inside) > 0 {
		return inside
	}
	return before
}

// finish returns the calls of the template that was executed, with the files that they stand in and their offsets in
// the text without `<no value>`.
func (r *run) finish(listed []source, l *loaded, text string) []call {
	if len(r.calls) == 0 {
		return nil
	}
	marks := make([]mark, len(r.calls))
	for i, made := range r.calls {
		marks[i] = mark{offset: made.offset}
	}
	_, marks = withoutNoValue(text, marks)
	var kept []call
	for i, made := range r.calls {
		at := slices.IndexFunc(listed, func(one source) bool { return one.name == made.point.file })
		if at < 0 {
			continue
		}
		made.where, made.offset = l.places[listed[at].file], marks[i].offset
		kept = append(kept, made)
	}
	return kept
}

// calls are those of each document in the words of an answer.
func calls(documents []document) map[slot][]protocol.Call {
	found := map[slot][]protocol.Call{}
	for _, one := range documents {
		at := slot{chart: one.chart, template: one.template, document: one.index}
		for _, made := range one.calls {
			each := protocol.Call{Function: made.function, Path: made.where.path}
			if made.where.inside == "" {
				each.Line = made.point.line(0)
			}
			if !slices.Contains(found[at], each) {
				found[at] = append(found[at], each)
			}
		}
	}
	return found
}
