package chash

import (
	"time"

	"resilab/brokers/minirabbit/codec"
)

// HashField returns the hash of a header value, in 0 to 2^27-1: phash2 of the tuple
// of RabbitMQ's name for the field type and the value. The value has one of the
// types that [codec.Table] lists, or is an int or a time.Time, which amqp091-go
// sends as a 32-bit integer and as a timestamp. A value of any other type hashes
// like an absent header.
func HashField(value any) uint32 {
	h, ok := field(tuple(0, 2), value)
	if !ok {
		return HashUndefined
	}
	return h & mask27
}

// field continues h with two terms, the name of the field type and the value. It
// reports whether a field can have that type.
func field(h uint32, value any) (_ uint32, ok bool) {
	if h, ok := integerField(h, value); ok {
		return h, true
	}
	switch v := value.(type) {
	case nil:
		return atomTerm(atomTerm(h, "void"), "undefined"), true
	case bool:
		if v {
			return atomTerm(atomTerm(h, "bool"), "true"), true
		}
		return atomTerm(atomTerm(h, "bool"), "false"), true
	case string:
		return binary(atomTerm(h, "longstr"), v), true
	case []byte:
		return binary(atomTerm(h, "binary"), v), true
	case float32:
		return float(atomTerm(h, "float"), float64(v)), true
	case float64:
		return float(atomTerm(h, "double"), v), true
	case codec.Decimal: // {decimal, {Scale, Value}}
		return decimal(atomTerm(h, "decimal"), v), true
	case codec.Array: // {array, [{Type, Value}]}
		return list(atomTerm(h, "array"), v, func(h uint32, element any) (uint32, bool) {
			return field(tuple(h, 2), element)
		})
	case codec.Table: // {table, [{Name, Type, Value}]}
		return list(atomTerm(h, "table"), v, tableField)
	}
	return h, false
}

// decimal continues h with {Scale, Value}; RabbitMQ reads both as unsigned.
func decimal(h uint32, v codec.Decimal) uint32 {
	return integer(integer(tuple(h, 2), int64(v.Scale)), int64(uint32(v.Value)))
}

// tableField continues h with {Name, Type, Value}.
func tableField(h uint32, f codec.Field) (_ uint32, ok bool) {
	return field(binary(tuple(h, 3), f.Name), f.Value)
}

// HashValue returns the number that seeds the generator for a header value where
// headers have no type: an integer itself, of an array or a table the hash of the
// first element, and otherwise phash2 of the value. Of an integer it keeps the low 32
// bits, which are more than the generator uses. The value is as for HashField.
func HashValue(value any) uint32 {
	if name, n, ok := wholeNumber(value); ok {
		if name == "timestamp" {
			n *= 1000
		}
		return uint32(n)
	}
	switch v := value.(type) {
	case bool:
		if v {
			return atom("true") & mask27
		}
		return atom("false") & mask27
	case string:
		return Hash(v)
	case []byte:
		return Hash(v)
	case float32:
		return float(0, float64(v)) & mask27
	case float64:
		return float(0, v) & mask27
	case codec.Decimal:
		return decimal(0, v) & mask27
	case codec.Array:
		if len(v) == 0 {
			return hashEmptyList
		}
		return HashField(v[0])
	case codec.Table:
		if len(v) == 0 {
			return hashEmptyList
		}
		if h, ok := tableField(0, v[0]); ok {
			return h & mask27
		}
	}
	return HashUndefined
}

// hashEmptyList is phash2 of an empty list.
const hashEmptyList = 113427502

// HashKeys returns phash2 of a list of routing keys, which is what x-modulus-hash
// exchanges divide.
func HashKeys(keys []string) uint32 {
	h, _ := list(0, keys, func(h uint32, key string) (uint32, bool) { return binary(h, key), true })
	return h & mask27
}

// integerField is field for values that RabbitMQ keeps as integers.
func integerField(h uint32, value any) (_ uint32, ok bool) {
	name, n, ok := wholeNumber(value)
	if !ok {
		return h, false
	}
	return integer(atomTerm(h, name), n), true
}

// wholeNumber returns the type and the value of what RabbitMQ keeps as an integer.
func wholeNumber(value any) (name string, n int64, ok bool) {
	switch v := value.(type) {
	case int8:
		name, n = "byte", int64(v)
	case uint8:
		name, n = "unsignedbyte", int64(v)
	case int16:
		name, n = "short", int64(v)
	case uint16:
		name, n = "unsignedshort", int64(v)
	case int32:
		name, n = "signedint", int64(v)
	case uint32:
		name, n = "unsignedint", int64(v)
	case int:
		name, n = "signedint", int64(int32(v))
	case int64:
		name, n = "long", v
	case uint64:
		name, n = "long", int64(v) // RabbitMQ reads it as signed
	case codec.Timestamp:
		name, n = "timestamp", int64(v)
	case time.Time:
		name, n = "timestamp", v.Unix()
	default:
		return "", 0, false
	}
	return name, n, true
}

// list continues h with the terms of a proper list that is not a string.
func list[E any](h uint32, elements []E, term func(h uint32, e E) (uint32, bool)) (_ uint32, ok bool) {
	for _, e := range elements {
		if h, ok = term(h, e); !ok {
			return h, false
		}
	}
	return mixIn(h, saltNil, nilWord, 0), true
}

// tuple continues h with the head of a tuple; its elements follow.
func tuple(h, arity uint32) uint32 { return mixIn(h, saltTuple, arity, 0) }

// atomTerm continues h with an atom.
func atomTerm(h uint32, name string) uint32 { return mixIn(h, saltAtom, atom(name), 0) }
