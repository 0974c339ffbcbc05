package helm

import (
	"fmt"
	"reflect"
	"text/template/parse"

	"dario.cat/mergo"
)

// A template can put a map into itself, and nothing in Go that walks such a map ends but with the stack of the whole
// process: fmt, mergo, copystructure. So what walks one of the values that a template makes is asked here before.

// mostMerged is how many pairs of maps one call may merge.
const mostMerged = 50_000

const shownName = "argofixShown"

var shownCommand = guard(shownName).(*parse.ActionNode).Pipe.Cmds[0]

// large ends the rendering over values that cannot be written out, with what is the matter with them.
func (s *set) large(what string, values ...any) {
	for _, value := range values {
		if holdsItself(reflect.ValueOf(value), map[held]bool{}) {
			s.run.stop(failed("a map or list of the templates holds itself, and Helm overflows its stack over it"))
		}
	}
	s.run.stop(tooLarge("a function of the templates %s more than %d bytes", what, mostOutput))
}

// held is a map, or the part of a list that a value shows.
type held struct {
	address uintptr
	length  int
}

// deepestLoop is how deep a loop is looked for.
const deepestLoop = 100_000

// holdsItself looks at each map and list once. In seen are those that were looked at, true while that lasts.
func holdsItself(value reflect.Value, seen map[held]bool) bool {
	for value.Kind() == reflect.Interface {
		value = value.Elem()
	}
	if value.Kind() != reflect.Map && value.Kind() != reflect.Slice || value.Len() == 0 || len(seen) > deepestLoop {
		return false
	}
	one := held{value.Pointer(), value.Len()}
	if open, known := seen[one]; known {
		return open
	}
	seen[one] = true
	if value.Kind() == reflect.Slice {
		for i := range value.Len() {
			if holdsItself(value.Index(i), seen) {
				return true
			}
		}
	} else {
		for item := value.MapRange(); item.Next(); {
			if holdsItself(item.Value(), seen) {
				return true
			}
		}
	}
	seen[one] = false
	return false
}

// merging are sprig's functions of that kind, with a bound on the maps that mergo goes through: where one map lies in
// both of two that are merged, it may never be done.
func (s *set) merging() map[string]any {
	merge := func(into map[string]any, from []map[string]any, options ...func(*mergo.Config)) (any, error) {
		for _, one := range from {
			pairs := &pairs{set: s, values: []any{into, one}}
			if err := mergo.Merge(&into, one, append(options, mergo.WithTransformers(pairs))...); err != nil {
				return nil, err
			}
		}
		return into, nil
	}
	plain := func(into map[string]any, from ...map[string]any) (any, error) { return merge(into, from) }
	over := func(into map[string]any, from ...map[string]any) (any, error) {
		return merge(into, from, mergo.WithOverride)
	}
	quiet := func(loud func(map[string]any, ...map[string]any) (any, error)) any {
		return func(into map[string]any, from ...map[string]any) any {
			made, err := loud(into, from...)
			if err != nil {
				return ""
			}
			return made
		}
	}
	return map[string]any{
		"merge": quiet(plain), "mustMerge": plain, "mergeOverwrite": quiet(over), "mustMergeOverwrite": over,
	}
}

// pairs counts the maps that mergo merges, which asks it about each.
type pairs struct {
	set    *set
	values []any
	count  int
}

func (p *pairs) Transformer(reflect.Type) func(dst, src reflect.Value) error {
	if p.count++; p.count > mostMerged {
		p.set.large("merges", p.values...)
	}
	return nil
}

// shown stands at the end of each action that writes what may be a map or list. It is a function of reflect.Value, so
// that what it is given is written as if it were not there.
func (s *set) shown(value reflect.Value) reflect.Value {
	inner := inside(value)
	switch inner.Kind() {
	case reflect.Map, reflect.Slice, reflect.Array:
		s.measure(inner.Interface())
	}
	return value
}

// shows tells whether an action may write a map or list.
func shows(pipe *parse.PipeNode, functions map[string]any) bool {
	if len(pipe.Decl) > 0 {
		return false
	}
	switch first := pipe.Cmds[len(pipe.Cmds)-1].Args[0].(type) {
	case *parse.IdentifierNode:
		kind := reflect.TypeOf(functions[first.Ident])
		return kind == nil || kind.Out(0).Kind() != reflect.String
	case *parse.StringNode, *parse.NumberNode, *parse.BoolNode:
		return false
	}
	return true
}

// printing are the functions that write a map or list into the words of an error, or into a key.
func (s *set) printing(function any) any {
	switch function := function.(type) {
	case func(any) int:
		return func(a any) int { s.scalar(a); return function(a) }
	case func(any) int64:
		return func(a any) int64 { s.scalar(a); return function(a) }
	case func(any) float64:
		return func(a any) float64 { s.scalar(a); return function(a) }
	case func(...any) int64:
		return func(a ...any) int64 { s.scalar(a...); return function(a...) }
	case func(...any) float64:
		return func(a ...any) float64 { s.scalar(a...); return function(a...) }
	case func(any, any) int64:
		return func(a, b any) int64 { s.scalar(a, b); return function(a, b) }
	case func(any, ...any) int64:
		return func(a any, b ...any) int64 { s.scalar(a); s.scalar(b...); return function(a, b...) }
	case func(any, ...any) float64:
		return func(a any, b ...any) float64 { s.scalar(a); s.scalar(b...); return function(a, b...) }
	case func(any, int, ...float64) float64:
		return func(a any, b int, c ...float64) float64 { s.scalar(a); return function(a, b, c...) }
	}
	panic(fmt.Sprintf("sprig's functions have changed: %T", function))
}

// scalar measures those values that are none.
func (s *set) scalar(values ...any) {
	for _, value := range values {
		switch value.(type) {
		case string, bool, int, int64, float64, nil:
		default:
			s.measure(value)
		}
	}
}

// encoded are the functions that notice by themselves that a map holds itself.
func (s *set) encoded(function any) any {
	measure := func(a any) {
		if value := reflect.ValueOf(a); room(value, mostOutput, 0) < 0 && !holdsItself(value, map[held]bool{}) {
			s.large("makes", a)
		}
	}
	switch function := function.(type) {
	case func(any) string:
		return func(a any) string { measure(a); return s.count(function(a)) }
	case func(any) (string, error):
		return func(a any) (string, error) {
			measure(a)
			text, err := function(a)
			return s.count(text), err
		}
	}
	panic(fmt.Sprintf("sprig's functions have changed: %T", function))
}

// dict measures its keys, which sprig writes as text.
func (s *set) dict(function func(...any) map[string]any) any {
	return func(values ...any) map[string]any {
		for i := 0; i < len(values); i += 2 {
			s.scalar(values[i])
		}
		return function(values...)
	}
}
