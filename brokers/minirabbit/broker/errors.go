package broker

import (
	"fmt"
	"math"

	"resilab/brokers/minirabbit/codec"
)

// Reply codes of AMQP 0-9-1.
const (
	ReplySuccess       = 200
	NoRoute            = 312
	ConnectionForced   = 320
	AccessRefused      = 403
	NotFound           = 404
	ResourceLocked     = 405
	PreconditionFailed = 406
	FrameError         = 501
	SyntaxError        = 502
	CommandInvalid     = 503
	ChannelError       = 504
	UnexpectedFrame    = 505
	ResourceError      = 506
	NotAllowed         = 530
	NotImplemented     = 540
	InternalError      = 541
)

var replyNames = map[int]string{
	ConnectionForced:   "CONNECTION_FORCED",
	AccessRefused:      "ACCESS_REFUSED",
	NotFound:           "NOT_FOUND",
	ResourceLocked:     "RESOURCE_LOCKED",
	PreconditionFailed: "PRECONDITION_FAILED",
	FrameError:         "FRAME_ERROR",
	SyntaxError:        "SYNTAX_ERROR",
	CommandInvalid:     "COMMAND_INVALID",
	ChannelError:       "CHANNEL_ERROR",
	UnexpectedFrame:    "UNEXPECTED_FRAME",
	ResourceError:      "RESOURCE_ERROR",
	NotAllowed:         "NOT_ALLOWED",
	NotImplemented:     "NOT_IMPLEMENTED",
	InternalError:      "INTERNAL_ERROR",
}

// An Error is a reply code with RabbitMQ's text. Soft errors close the channel, hard
// ones the connection.
type Error struct {
	Code int
	Text string // with the code's name in front
	Hard bool
}

// Error returns the code and the text.
func (e *Error) Error() string { return fmt.Sprintf("%d %s", e.Code, e.Text) }

// Refuse returns the error for a code, which determines whether it is hard.
func Refuse(code int, format string, args ...any) *Error {
	return &Error{
		Code: code,
		Text: replyNames[code] + " - " + fmt.Sprintf(format, args...),
		Hard: code >= FrameError || code == ConnectionForced,
	}
}

// internalError is the reply to arguments over which RabbitMQ crashes. It has no
// explanation.
func internalError() *Error {
	return &Error{Code: InternalError, Text: replyNames[InternalError], Hard: true}
}

// notPermitted is the reply to the use of a deprecated feature, as
// rabbit_deprecated_features writes it.
func notPermitted(feature string) *Error {
	return Refuse(InternalError, "Feature `%s` is deprecated.\nBy default, this feature is not permitted anymore.\n"+
		"The feature will be removed from a future major RabbitMQ version, regardless of the configuration; "+
		"actual version to be determined.\nTo continue using this feature when it is not permitted by default, "+
		"set the following parameter in your configuration:\n    \"deprecated_features.permit.%[1]s = true\"", feature)
}

// Crash reports whether the error is that of a crash, which RabbitMQ attributes to
// no method.
func (e *Error) Crash() bool { return e.Text == replyNames[InternalError] }

// A resource is a named queue or exchange of a virtual host. String returns how
// RabbitMQ names it in errors.
type resource struct {
	kind, name, vhost string
}

func (r resource) String() string {
	return fmt.Sprintf("%s '%s' in vhost '%s'", r.kind, r.name, r.vhost)
}

func (r resource) missing() *Error { return Refuse(NotFound, "no %s", r) }

func (r resource) locked() *Error {
	return Refuse(ResourceLocked, "cannot obtain exclusive access to locked %s. It could be originally declared on another connection or the exclusive property value does not match that of the original declaration.", r)
}

// sameField refuses a re-declaration whose field differs.
func (r resource) sameField(name string, current, received any) error {
	if current == received {
		return nil
	}
	return Refuse(PreconditionFailed, "inequivalent arg '%s' for %s: received '%v' but current is '%v'", name, r, received, current)
}

// sameArgument refuses a re-declaration whose argument differs. Integers of
// different widths with the same value are the same, and so are floats.
func (r resource) sameArgument(name string, current, received codec.Table) error {
	was, had := current.Get(name)
	is, has := received.Get(name)
	switch {
	case !had && !has:
		return nil
	case had && has:
		if canonical(was) == canonical(is) {
			return nil
		}
		return Refuse(PreconditionFailed, "inequivalent arg '%s' for %s: received '%v' but current is '%v'", name, r, is, was)
	}
	return Refuse(PreconditionFailed, "inequivalent arg '%s' for %s: received %s but current is %s", name, r, describe(is, has), describe(was, had))
}

// canonical returns a value that == can compare.
func canonical(v any) any {
	if n, ok := integer(v); ok {
		return n
	}
	switch v := v.(type) {
	case float32:
		return float64(v)
	case []byte, codec.Table, codec.Array:
		return fmt.Sprintf("%T%v", v, v)
	}
	return v
}

func describe(v any, present bool) string {
	if !present {
		return "none"
	}
	return fmt.Sprintf("the value '%v' of type '%s'", v, typeName(v))
}

// typeName returns RabbitMQ's name for the type of a field value.
func typeName(v any) string {
	switch v.(type) {
	case bool:
		return "bool"
	case int8:
		return "byte"
	case uint8:
		return "unsignedbyte"
	case int16:
		return "short"
	case uint16:
		return "unsignedshort"
	case int32:
		return "signedint"
	case uint32:
		return "unsignedint"
	case int64, uint64:
		return "long"
	case float32:
		return "float"
	case float64:
		return "double"
	case codec.Decimal:
		return "decimal"
	case codec.Timestamp:
		return "timestamp"
	case string:
		return "longstr"
	case []byte:
		return "binary"
	case codec.Table:
		return "table"
	case codec.Array:
		return "array"
	}
	return "void"
}

// integer widens any of the table's integer types.
func integer(v any) (int64, bool) {
	switch v := v.(type) {
	case int8:
		return int64(v), true
	case uint8:
		return int64(v), true
	case int16:
		return int64(v), true
	case uint16:
		return int64(v), true
	case int32:
		return int64(v), true
	case uint32:
		return int64(v), true
	case int64:
		return v, true
	case uint64:
		return int64(min(v, math.MaxInt64)), true
	}
	return 0, false
}
