package codec

// An Edition is an edition of the protocol. The zero value is 0-9-1.
type Edition int

// The editions that clients of RabbitMQ 3.10 speak.
const (
	Edition091 Edition = iota
	// Edition08 is 0-8: it has no extensions, closes a connection by other ids, and
	// two of its methods have fewer arguments.
	Edition08
)

// ids08 are the ids in 0-8 of the methods that have another one there. A 0 is for a
// method that 0-8 does not have. It is never changed.
var ids08 = map[MethodID]MethodID{
	idConnectionClose:          ClassConnection<<16 | 60,
	idConnectionCloseOk:        ClassConnection<<16 | 61,
	idConnectionBlocked:        0,
	idConnectionUnblocked:      0,
	idConnectionUpdateSecret:   0,
	idConnectionUpdateSecretOk: 0,
	idExchangeBind:             0,
	idExchangeBindOk:           0,
	idExchangeUnbind:           0,
	idExchangeUnbindOk:         0,
	idBasicNack:                0,
	idConfirmSelect:            0,
	idConfirmSelectOk:          0,
}

// wire returns the id of a method on the wire.
func (e Edition) wire(id MethodID) MethodID {
	if e == Edition091 {
		return id
	}
	if other, differs := ids08[id]; differs {
		return other
	}
	return id
}

// method returns the method that has an id on the wire, 0 if there is none.
func (e Edition) method(wire MethodID) MethodID {
	if e == Edition091 || wire == 0 {
		return wire
	}
	for id, other := range ids08 {
		if other == wire {
			return id
		}
	}
	if _, differs := ids08[wire]; differs {
		return 0
	}
	return wire
}
