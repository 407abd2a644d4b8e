package broker

import (
	"math"
	"reflect"
	"slices"
	"strings"

	"resilab/brokers/minirabbit/codec"
)

// A headersRouter routes by the message's headers: a binding's arguments are the
// fields and values that a message must have, and x-match is whether it must have
// all or any of them.
type headersRouter struct {
	byValue  bool // how values are compared: exchangeRules.termsByValue
	bindings []*binding
}

func (r *headersRouter) check(b *binding) error {
	v, ok := b.args.Get("x-match")
	if !ok {
		return nil
	}
	s, ok := v.(string)
	switch {
	case !ok:
		return Refuse(PreconditionFailed, "Invalid x-match field type %s (value %v); expected longstr", typeName(v), v)
	case s == "all", s == "any", s == "all-with-x", s == "any-with-x":
		return nil
	}
	return Refuse(PreconditionFailed, "Invalid x-match field value <<%q>>; expected all, any, all-with-x, or any-with-x", s)
}

func (r *headersRouter) add(b *binding) { r.bindings = append(r.bindings, b) }

func (r *headersRouter) remove(b *binding) {
	r.bindings = slices.DeleteFunc(r.bindings, func(o *binding) bool { return o == b })
}

func (r *headersRouter) route(_ string, m *Message, to []destination) []destination {
	for _, b := range r.bindings {
		if r.matches(b.args, m) {
			to = append(to, b.to)
		}
	}
	return to
}

func (r *headersRouter) matches(args codec.Table, m *Message) bool {
	mode, _ := args.Get("x-match")
	anyOne := mode == "any" || mode == "any-with-x"
	withX := mode == "any-with-x" || mode == "all-with-x"
	for _, want := range args {
		if want.Name == "x-match" || !withX && strings.HasPrefix(want.Name, "x-") {
			continue
		}
		got, ok := m.header(want.Name)
		// A void argument matches any value.
		ok = ok && (want.Value == nil || r.same(got, want.Value))
		if ok == anyOne {
			return anyOne
		}
	}
	return !anyOne
}

// same reports whether a message's header has the value that a binding asks for.
func (r *headersRouter) same(got, want any) bool {
	if r.byValue {
		return sameTerm(got, want)
	}
	if t, ok := got.(codec.Timestamp); ok {
		got = int64(t) * 1000 // only those of messages count in milliseconds
	}
	if isFloat(got) != isFloat(want) {
		return false
	}
	return sameTerm(got, want)
}

func isFloat(v any) bool {
	switch v.(type) {
	case float32, float64:
		return true
	}
	return false
}

// sameTerm compares values as Erlang does, without their field types: numbers by
// their values and texts by their bytes.
func sameTerm(a, b any) bool {
	if x, ok := octets(a); ok {
		y, ok := octets(b)
		return ok && x == y
	}
	n, aInteger := wholeNumber(a)
	m, bInteger := wholeNumber(b)
	if aInteger || bInteger {
		return aInteger && bInteger && n == m
	}
	if x, ok := a.(float32); ok {
		a = float64(x)
	}
	if y, ok := b.(float32); ok {
		b = float64(y)
	}
	return reflect.DeepEqual(a, b)
}

func octets(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case []byte:
		return string(v), true
	}
	return "", false
}

// wholeNumber returns the value of a number of any type without a fraction.
func wholeNumber(v any) (int64, bool) {
	switch v := v.(type) {
	case codec.Timestamp:
		return int64(v), true
	case float32:
		return wholeNumber(float64(v))
	case float64:
		return int64(v), v == math.Trunc(v) && math.Abs(v) < 1<<63
	}
	return integer(v)
}
