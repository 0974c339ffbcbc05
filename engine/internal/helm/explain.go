package helm

import (
	"cmp"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/argofix/argofix/engine/internal/protocol"
)

// Bounds on how often a template is executed again, which is what finding the values that decide costs.
const (
	mostAlike  = 24  // for one question, with values that say what the field says, those that say most of it first
	mostSpoken = 80  // for one question, with other values that the template speaks of
	mostOthers = 40  // for one question, with values that it does not
	mostTrials = 800 // for all questions of a request
)

// explain answers which entries decide about a field. That is tried, so no rule about precedence can be wrong: with
// another value in its place the field is another one, while the resource stays. First tried are values, and names of
// entries, that are a part of the field's text or hold it. Where none of them decides, each value that says something is
// tried, and whether the resource (or the field) is there without it, which is told as presence.
func (w *work) explain(questions []protocol.Question, made []protocol.Resource) error {
	if len(questions) == 0 {
		return nil
	}
	e := &explanation{work: w, made: made, slots: slots(made), entries: w.entries(), words: map[string]map[string]bool{}, tried: map[string][]object{}}
	for _, question := range questions {
		if question.Resource < 0 || question.Resource >= len(made) {
			return &protocol.Error{Code: protocol.MalformedRequest, Message: fmt.Sprintf(
				"there is no resource %d to explain", question.Resource)}
		}
		values := e.answer(question)
		for i := range values {
			values[i].Field = question.Field
		}
		origin := made[question.Resource].Origin
		origin.Values = append(origin.Values, values...)
	}
	return nil
}

// explanation is what the questions of one request share.
type explanation struct {
	*work
	made    []protocol.Resource
	slots   []slot // of made
	entries []setting
	words   map[string]map[string]bool
	tried   map[string][]object // by the template, the entry and what was done to it
	trials  int
}

// search is one question.
type search struct {
	*explanation
	field string
	now   string
	// template is the one that is executed; "" for all of them, where it makes another thing alone.
	template string
	before   []object
	ours     int // in before
	left     int // trials
}

func (e *explanation) answer(question protocol.Question) []protocol.Value {
	origin := e.made[question.Resource].Origin
	s := &search{explanation: e, field: question.Field, template: path.Join(origin.Chart, origin.Template)}
	var ok bool
	if s.now, ok = scalarAt(e.made[question.Resource].Object, question.Field); !ok {
		return nil
	}
	if !s.begin(e.slots[question.Resource]) {
		return nil
	}
	found := s.alike()
	if !slices.ContainsFunc(found, func(one protocol.Value) bool { return one.Source != "releaseName" }) {
		found = append(found, s.others()...)
	}
	return found
}

// begin finds the resource in what its template makes when it is executed alone.
func (s *search) begin(wanted slot) bool {
	for _, template := range []string{s.template, ""} {
		s.template = template
		s.before = s.rendered("nothing", change{})
		index := slices.IndexFunc(s.before, func(one object) bool { return one.slot == wanted })
		if index < 0 {
			continue
		}
		if value, ok := s.before[index].scalar(s.field); ok && value == s.now {
			s.ours = index
			return true
		}
	}
	return false
}

// rendered are the objects of a trial, nil where it does not render.
func (s *search) rendered(name string, edit change) []object {
	key := s.template + "\n" + name
	known, ok := s.tried[key]
	if !ok && s.trials < mostTrials && s.ctx.Err() == nil {
		s.trials++
		if documents, err := s.with(edit, s.template); err == nil {
			if made, err := resources(documents); err == nil {
				known = objects(made)
				if known == nil {
					known = []object{}
				}
			}
		}
		s.tried[key] = known
	}
	return known
}

// try tells what becomes of the field with an entry edited.
func (s *search) try(index int, name string, edit change) (outcome, string) {
	before := s.trials
	after := s.rendered(fmt.Sprintf("%d %s", index, name), edit)
	s.left -= s.trials - before
	if after == nil {
		return unknown, ""
	}
	return s.compare(after)
}

// alike tries what says a part of the field, or says it as a part, in whatever case.
func (s *search) alike() []protocol.Value {
	type like struct{ index, length int }
	var likes []like
	now := strings.ToLower(s.now)
	for i, one := range s.entries {
		text := strings.ToLower(strings.TrimSpace(one.text))
		switch {
		case text == "" || one.container && !one.key:
		case strings.Contains(now, text):
			likes = append(likes, like{i, len(text)})
		case !one.key && strings.Contains(one.text, s.now) && len(now) > 2:
			likes = append(likes, like{i, len(now)})
		}
	}
	slices.SortStableFunc(likes, func(a, b like) int {
		first, second := s.entries[a.index], s.entries[b.index]
		if first.key != second.key { // names only where no value says it
			return cmp.Compare(truth(first.key), truth(second.key))
		}
		if a.length != b.length || !first.key {
			return cmp.Compare(b.length, a.length)
		}
		return cmp.Compare(len(second.value.Key), len(first.value.Key)) // what is named most closely
	})
	var found []protocol.Value
	values := false
	s.left = mostAlike
	for _, one := range likes {
		from := s.entries[one.index]
		if s.left <= 0 || from.key && values {
			break
		}
		edited, text := from.other(s.now)
		state, value := s.try(one.index, "other "+s.now, edited)
		if state == differs && (!from.key || strings.Contains(strings.ToLower(value), strings.ToLower(text))) {
			found = append(found, from.told(s.now))
			values = values || !from.key && from.value.Source != "releaseName"
		}
	}
	return found
}

// others tries whatever says something, what the template speaks of first.
func (s *search) others() []protocol.Value {
	var order []int
	for i, one := range s.entries {
		if !one.key && (one.container || strings.TrimSpace(one.text) != "") && one.value.Source != "releaseName" {
			order = append(order, i)
		}
	}
	words := s.spoken(s.before[s.ours].slot)
	slices.SortStableFunc(order, func(a, b int) int {
		first, second := s.entries[a], s.entries[b]
		if by := cmp.Compare(first.distance(words), second.distance(words)); by != 0 {
			return by
		}
		return cmp.Compare(truth(first.container), truth(second.container))
	})
	identity := s.field == "/metadata/name" || s.field == "/metadata/namespace"
	var found, outer []protocol.Value
	s.left = mostSpoken
	for spoken, i := true, 0; i < len(order); i++ {
		index := order[i]
		one := s.entries[index]
		if spoken && one.distance(words) > 0 {
			spoken, s.left = false, mostOthers
		}
		if s.left <= 0 && !spoken || !spoken && len(found)+len(outer) > 0 {
			break
		}
		if s.left <= 0 {
			continue
		}
		if !one.container {
			edited, _ := one.other(s.now)
			if state, _ := s.try(index, "other "+s.now, edited); state == differs {
				found = append(found, one.told(s.now))
				continue
			}
		}
		if one.empty {
			continue
		}
		state, _ := s.try(index, "emptied", one.emptied())
		told := one.told("")
		switch {
		case state == differs:
		case identity && state == gone, !identity && state == fieldGone:
			told.Presence = true
		default:
			continue
		}
		if one.container {
			outer = append(outer, told)
		} else {
			found = append(found, told)
		}
	}
	// What holds something that decides is not told beside it.
	slices.SortStableFunc(outer, func(a, b protocol.Value) int { return cmp.Compare(len(b.Key), len(a.Key)) })
	for _, one := range outer {
		if !slices.ContainsFunc(found, func(inner protocol.Value) bool {
			return inner.Source == one.Source && inner.Path == one.Path && strings.HasPrefix(inner.Key, one.Key+"/")
		}) {
			found = append(found, one)
		}
	}
	return found
}

func truth(value bool) int {
	if value {
		return 1
	}
	return 0
}

func scalarAt(data json.RawMessage, pointer string) (string, bool) {
	var value any
	if json.Unmarshal(data, &value) != nil {
		return "", false
	}
	found, ok := pointed(value, pointer)
	if !ok {
		return "", false
	}
	return scalar(found)
}

func scalar(value any) (string, bool) {
	switch value := value.(type) {
	case string:
		return value, true
	case float64:
		return strconv.FormatFloat(value, 'f', -1, 64), true
	case int64:
		return strconv.FormatInt(value, 10), true
	case bool:
		return strconv.FormatBool(value), true
	}
	return "", false
}
