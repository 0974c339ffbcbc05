package helm

import (
	"errors"
	"fmt"
	"reflect"
)

// equal is text/template's `eq`, which has no other door: the values that it cannot compare stand in its error.
func (s *set) equal(first reflect.Value, others ...reflect.Value) (bool, error) {
	if len(others) == 0 {
		return false, errors.New("missing argument for comparison")
	}
	first = inside(first)
	for _, other := range others {
		same, err := s.same(first, inside(other))
		if same || err != nil {
			return same, err
		}
	}
	return false, nil
}

func (s *set) same(a, b reflect.Value) (bool, error) {
	one, other := basic(a), basic(b)
	switch {
	case one == reflect.Int && other == reflect.Uint:
		return a.Int() >= 0 && uint64(a.Int()) == b.Uint(), nil
	case one == reflect.Uint && other == reflect.Int:
		return b.Int() >= 0 && a.Uint() == uint64(b.Int()), nil
	case one != other:
		if a.IsValid() && b.IsValid() {
			return false, fmt.Errorf("incompatible types for comparison: %v and %v", a.Type(), b.Type())
		}
		return false, nil
	}
	switch one {
	case reflect.Bool:
		return a.Bool() == b.Bool(), nil
	case reflect.Complex128:
		return a.Complex() == b.Complex(), nil
	case reflect.Float64:
		return a.Float() == b.Float(), nil
	case reflect.Int:
		return a.Int() == b.Int(), nil
	case reflect.String:
		return a.String() == b.String(), nil
	case reflect.Uint:
		return a.Uint() == b.Uint(), nil
	}
	differ := a.IsValid() && b.IsValid() && a.Kind() != b.Kind()
	if !differ && (isEmpty(a) || isEmpty(b)) {
		return isEmpty(a) == isEmpty(b), nil
	}
	if differ || !b.Type().Comparable() {
		s.scalar(a.Interface(), b.Interface())
	}
	switch {
	case differ:
		return false, fmt.Errorf("non-comparable types %s: %v, %s: %v", a, a.Type(), b.Type(), b)
	case !b.Type().Comparable():
		return false, fmt.Errorf("non-comparable type %s: %v", b, b.Type())
	}
	return a.Interface() == b.Interface(), nil
}

// inside is what an interface holds: no value where that is nil.
func inside(value reflect.Value) reflect.Value {
	if value.Kind() == reflect.Interface {
		return value.Elem()
	}
	return value
}

// basic is the kind that text/template compares by: one for all numbers of a sort, Invalid for what is none.
func basic(value reflect.Value) reflect.Kind {
	switch value.Kind() {
	case reflect.Bool, reflect.String:
		return value.Kind()
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return reflect.Int
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return reflect.Uint
	case reflect.Float32, reflect.Float64:
		return reflect.Float64
	case reflect.Complex64, reflect.Complex128:
		return reflect.Complex128
	}
	return reflect.Invalid
}

func isEmpty(value reflect.Value) bool {
	switch value.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Chan, reflect.Func, reflect.Interface, reflect.Map, reflect.Pointer, reflect.Slice:
		return value.IsNil()
	}
	return false
}
