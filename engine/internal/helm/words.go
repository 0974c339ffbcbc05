package helm

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"text/template"

	"github.com/argofix/argofix/engine/internal/protocol"
)

var warning = regexp.MustCompile(warningStart + `((?s).*)` + warningEnd)

// mostSteps is how many templates on the way to a fault are told: the first ones, and the last one.
const mostSteps = 25

// parseError is what Helm says where a template cannot be parsed (cleanupParseError, pkg/engine/engine.go).
func (l *loaded) parseError(listed []source, err error) error {
	told := &protocol.Error{Code: protocol.Failed}
	told.File, told.Line = l.place(listed, err)
	parts := strings.Split(err.Error(), ": ")
	if len(parts) == 1 {
		told.Message = "parse error: " + err.Error()
	} else {
		told.Message = fmt.Sprintf("parse error at (%s): %s", parts[1], parts[len(parts)-1])
	}
	return told
}

// executeError is what Helm says where a template fails (reformatExecErrorMsg, pkg/engine/engine.go): the message of
// `required` or `fail` with the place of the template, else each place on the way to the fault.
func (l *loaded) executeError(listed []source, name string, err error) error {
	told := &protocol.Error{Code: protocol.Failed, Message: err.Error()}
	told.File, told.Line = l.place(listed, err)
	var execution template.ExecError
	if !errors.As(err, &execution) {
		return told
	}
	parts := strings.SplitN(err.Error(), ": ", 3)
	if len(parts) != 3 {
		told.Message = fmt.Sprintf("execution error in (%s): %v", name, err)
		return told
	}
	if found := warning.FindStringSubmatch(parts[2]); found != nil {
		told.Message = fmt.Sprintf("execution error at (%s): %s", parts[1], found[1])
		return told
	}
	var steps []step
	for current := err; current != nil; current = errors.Unwrap(current) {
		found, ok := stepOf(current.Error())
		if !ok {
			return told
		}
		switch {
		case len(steps) > 0 && steps[len(steps)-1] == found:
		case len(steps) < mostSteps:
			steps = append(steps, found)
		default:
			steps[mostSteps-1] = found
		}
	}
	var said strings.Builder
	for _, one := range steps {
		said.WriteString(one.String())
	}
	told.Message = strings.TrimSpace(said.String())
	return told
}

// step is one template on the way to a fault.
type step struct{ place, executed, message string }

func (s step) String() string {
	var said strings.Builder
	if s.place != "" {
		said.WriteString(s.place + "\n  ")
	}
	if s.executed != "" {
		said.WriteString(s.executed + "\n    ")
	}
	if s.message != "" {
		said.WriteString(s.message + "\n")
	}
	return said.String()
}

func stepOf(text string) (step, bool) {
	rest, ok := strings.CutPrefix(text, "template: ")
	if !ok {
		return step{}, false
	}
	if strings.HasPrefix(rest, "no template ") {
		return step{message: text}, true
	}
	if place, after, ok := strings.Cut(rest, ": executing \""); ok {
		name, after, ok := strings.Cut(after, "\"")
		after, ok2 := strings.CutPrefix(after, " at <")
		where, message, ok3 := strings.Cut(after, ">: ")
		if !ok || !ok2 || !ok3 {
			return step{}, false
		}
		message, _, _ = strings.Cut(message, " template:")
		return step{place, "executing \"" + name + "\" at <" + where + ">:", message}, true
	}
	cut := strings.LastIndex(rest, ": ")
	if cut < 0 {
		return step{}, false
	}
	message, _, _ := strings.Cut(rest[cut+2:], " template:")
	return step{place: rest[:cut], message: message}, true
}
