package broker

import (
	"slices"
	"strings"

	"resilab/brokers/minirabbit/codec"
)

// A headersRouter routes by the message's headers: a binding's arguments say
// which fields must be there with which values, and x-match whether all of
// them must or any.
type headersRouter struct {
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
		if headersMatch(b.args, m) {
			to = append(to, b.to)
		}
	}
	return to
}

func headersMatch(args codec.Table, m *Message) bool {
	mode, _ := args.Get("x-match")
	anyOne := mode == "any" || mode == "any-with-x"
	withX := mode == "any-with-x" || mode == "all-with-x"
	for _, want := range args {
		if want.Name == "x-match" || !withX && strings.HasPrefix(want.Name, "x-") {
			continue
		}
		got, ok := m.header(want.Name)
		// A void argument only asks that the field be there.
		ok = ok && (want.Value == nil || canonical(got) == canonical(want.Value))
		if ok == anyOne {
			return anyOne
		}
	}
	return !anyOne
}
