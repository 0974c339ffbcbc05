package helm

import (
	"fmt"
	"maps"
	"reflect"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig/v3"
)

// numeric are those that make numbers of anything.
var numeric = strings.Fields(`
	int int64 float64 toDecimal add1 add sub div mod mul add1f addf subf divf mulf biggest max min maxf minf ceil floor
	round
`)

// encoders find out by themselves that a map holds itself.
var encoders = map[string]bool{
	"toYaml": true, "mustToYaml": true, "toJson": true, "mustToJson": true, "toPrettyJson": true,
	"mustToPrettyJson": true, "toRawJson": true, "mustToRawJson": true,
}

// small are the functions that make nothing large of anything: they are called as they are.
var small = func() map[string]bool {
	made := map[string]bool{}
	for _, name := range append(strings.Fields(`
		hello unixEpoch duration toDate mustToDate dateModify mustDateModify date_modify must_date_modify
		abbrev abbrevboth trunc trim trimall trimAll trimSuffix trimPrefix substr nospace initials contains hasPrefix
		hasSuffix plural sha1sum sha256sum sha512sum adler32sum atoi eq ne randInt default empty coalesce all any
		ternary typeOf typeIs typeIsLike kindOf kindIs deepEqual base dir clean ext isAbs osBase osClean osDir osExt
		osIsAbs list tuple dict get set unset hasKey first mustFirst last mustLast has mustHas dig genPrivateKey genCA
		genCAWithKey genSelfSignedCert genSelfSignedCertWithKey genSignedCert genSignedCertWithKey buildCustomCert
		uuidv4 now ago semver semverCompare fail regexMatch mustRegexMatch regexFind mustRegexFind lookup required
		getHostByName bcrypt htpasswd
	`), numeric...) {
		made[name] = true
	}
	return made
}()

// bound puts the bounds of the rendering around the functions: those whose output can be far larger than what they
// are given are asked beforehand, and what any of them made is counted afterwards.
func (s *set) bound(functions template.FuncMap) {
	original := sprig.TxtFuncMap()
	functions["repeat"] = func(count int, text string) string {
		if count > 0 {
			s.fits(count, len(text))
		}
		return strings.Repeat(text, count)
	}
	functions["indent"] = s.indented(original["indent"].(func(int, string) string))
	functions["nindent"] = s.indented(original["nindent"].(func(int, string) string))
	functions["until"] = func(count int) []int {
		s.fits(max(count, -count), 8)
		return original["until"].(func(int) []int)(count)
	}
	functions["untilStep"] = func(start, stop, step int) []int {
		s.steps(start, stop, step)
		return original["untilStep"].(func(int, int, int) []int)(start, stop, step)
	}
	functions["seq"] = func(params ...int) string {
		switch len(params) {
		case 1:
			s.steps(1, params[0], 1)
		case 2:
			s.steps(params[0], params[1], 1)
		case 3:
			s.steps(params[0], params[2], params[1])
		}
		return original["seq"].(func(...int) string)(params...)
	}
	functions["replace"] = func(old, with, text string) string {
		s.fits(strings.Count(text, old), len(with))
		return strings.ReplaceAll(text, old, with)
	}
	functions["wrapWith"] = func(width int, separator, text string) string {
		s.fits(len(text)/max(width, 1)+1, len(separator))
		return original["wrapWith"].(func(int, string, string) string)(width, separator, text)
	}
	functions["join"] = func(separator string, items any) string {
		if list := reflect.ValueOf(items); list.IsValid() && (list.Kind() == reflect.Slice || list.Kind() == reflect.Array) {
			s.fits(list.Len(), len(separator))
		}
		s.measure(items)
		return original["join"].(func(string, any) string)(separator, items)
	}
	for _, name := range []string{
		"regexReplaceAll", "mustRegexReplaceAll", "regexReplaceAllLiteral", "mustRegexReplaceAllLiteral",
	} {
		functions[name] = s.replacing(original[name])
	}
	// Those of text/template itself are not in the map and are found after it.
	functions["print"] = func(values ...any) string { s.measure(values...); return fmt.Sprint(values...) }
	functions["println"] = func(values ...any) string { s.measure(values...); return fmt.Sprintln(values...) }
	functions["printf"] = func(format string, values ...any) string {
		s.measure(values...)
		s.fits(strings.Count(format, "%"), widths(format))
		return fmt.Sprintf(format, values...)
	}
	functions["html"] = template.HTMLEscaper
	functions["js"] = template.JSEscaper
	functions["urlquery"] = template.URLQueryEscaper
	functions["eq"] = s.equal
	functions["ne"] = func(first, other reflect.Value) (bool, error) {
		same, err := s.equal(first, other)
		return !same, err
	}
	functions["dict"] = s.dict(original["dict"].(func(...any) map[string]any))
	maps.Copy(functions, s.merging())
	for _, name := range numeric {
		functions[name] = s.printing(functions[name])
	}
	for name, function := range functions {
		switch {
		case encoders[name]:
			functions[name] = s.encoded(function)
		case !small[name]:
			functions[name] = s.counted(function)
		}
	}
}

// fits ends the rendering where count pieces of a size would be too large.
func (s *set) fits(count, size int) {
	if count > 0 && size > 0 && count > mostOutput/size {
		s.run.stop(tooLarge("a function of the templates makes more than %d bytes", mostOutput))
	}
}

func (s *set) steps(start, stop, step int) {
	if step == 0 {
		return
	}
	count := (float64(stop) - float64(start)) / float64(step)
	if count > float64(mostOutput/8) {
		s.run.stop(tooLarge("a function of the templates makes a list of more than %d numbers", mostOutput/8))
	}
}

func (s *set) indented(function func(int, string) string) func(int, string) string {
	return func(spaces int, text string) string {
		s.fits(strings.Count(text, "\n")+1, spaces)
		return function(spaces, text)
	}
}

func (s *set) replacing(function any) any {
	switch function := function.(type) {
	case func(string, string, string) string:
		return func(pattern, text, with string) string {
			s.fits(len(text)+1, len(with))
			return function(pattern, text, with)
		}
	case func(string, string, string) (string, error):
		return func(pattern, text, with string) (string, error) {
			s.fits(len(text)+1, len(with))
			return function(pattern, text, with)
		}
	}
	panic("sprig's functions have changed")
}

// widths is the largest number in a format, which fmt takes for a width (up to a million).
func widths(format string) int {
	largest, current := 1, 0
	for _, letter := range format {
		if letter < '0' || letter > '9' {
			current = 0
			continue
		}
		current = min(current*10+int(letter-'0'), 1_000_000)
		largest = max(largest, current)
	}
	if strings.Contains(format, "*") {
		return 1_000_000
	}
	return largest
}

// measure ends the rendering where values are too large to be written out. A list that holds one text a million times
// is small in memory and large on paper.
func (s *set) measure(values ...any) {
	left := mostOutput
	for _, value := range values {
		if left = room(reflect.ValueOf(value), left, 0); left < 0 {
			s.large("makes", values...)
		}
	}
}

// room returns what is left of a number of bytes once a value is written; less than nothing where it does not fit.
func room(value reflect.Value, left, depth int) int {
	if left--; left < 0 || depth > 1_000 {
		return -1
	}
	switch value.Kind() {
	case reflect.String:
		return left - value.Len()
	case reflect.Interface, reflect.Pointer:
		if value.IsNil() {
			return left
		}
		return room(value.Elem(), left, depth+1)
	case reflect.Slice, reflect.Array:
		for i := 0; i < value.Len() && left >= 0; i++ {
			left = room(value.Index(i), left, depth+1)
		}
	case reflect.Map:
		for item := value.MapRange(); left >= 0 && item.Next(); {
			left = room(item.Value(), room(item.Key(), left, depth+1), depth+1)
		}
	case reflect.Struct:
		for i := 0; i < value.NumField() && left >= 0; i++ {
			left = room(value.Field(i), left, depth+1)
		}
	}
	return left
}

// counted counts what a function made. The kinds of functions that charts call most are written out, since
// reflection costs a microsecond each time.
func (s *set) counted(function any) any {
	switch function := function.(type) {
	case func(string) string:
		return func(a string) string { return s.count(function(a)) }
	case func(string, string) string:
		return func(a, b string) string { return s.count(function(a, b)) }
	case func(string, string, string) string:
		return func(a, b, c string) string { return s.count(function(a, b, c)) }
	case func(int, string) string:
		return func(a int, b string) string { return s.count(function(a, b)) }
	case func(any) string:
		return func(a any) string { s.measure(a); return s.count(function(a)) }
	case func(...any) string:
		return func(a ...any) string { s.measure(a...); return s.count(function(a...)) }
	case func(string, ...any) string:
		return func(a string, b ...any) string { return s.count(function(a, b...)) }
	case func(string) map[string]any:
		return func(a string) map[string]any { s.run.charge(len(a)); return function(a) }
	case func(string) []any:
		return func(a string) []any { s.run.charge(len(a)); return function(a) }
	case func(map[string]any) []any:
		return func(a map[string]any) []any { s.run.charge(16 * len(a)); return function(a) }
	}
	value := reflect.ValueOf(function)
	kind := value.Type()
	return reflect.MakeFunc(kind, func(arguments []reflect.Value) []reflect.Value {
		left := mostOutput
		for _, argument := range arguments {
			if left = room(argument, left, 0); left < 0 {
				s.large("takes", argument.Interface())
			}
		}
		var results []reflect.Value
		if kind.IsVariadic() {
			results = value.CallSlice(arguments)
		} else {
			results = value.Call(arguments)
		}
		made := results[0]
		if made.Kind() == reflect.Interface && !made.IsNil() {
			made = made.Elem()
		}
		switch made.Kind() {
		case reflect.String:
			s.run.charge(made.Len())
		case reflect.Slice, reflect.Map:
			s.run.charge(16 * made.Len())
		}
		return results
	}).Interface()
}

func (s *set) count(text string) string {
	s.run.charge(len(text))
	return text
}
