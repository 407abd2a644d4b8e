package codec

import (
	"errors"
	"fmt"
	"math"
)

// Classes of methods.
const (
	ClassConnection = 10
	ClassChannel    = 20
	ClassExchange   = 40
	ClassQueue      = 50
	ClassBasic      = 60
	ClassConfirm    = 85
	ClassTx         = 90
)

// A MethodID names a method: the class in the upper 16 bits, the method in the
// lower.
type MethodID uint32

// Class is the class half of the id.
func (id MethodID) Class() uint16 { return uint16(id >> 16) }

// Method is the method half of the id.
func (id MethodID) Method() uint16 { return uint16(id) }

// A Method is one AMQP method with its arguments. The set is closed: only this
// package's types are methods.
type Method interface {
	ID() MethodID
	// fields lists the arguments in wire order, for both directions.
	fields(c *coder)
}

// ErrUnknownMethod reports a method frame with a method that this package does not
// have.
var ErrUnknownMethod = errors.New("unknown method")

// An UndecodableError reports that a method's arguments cannot be decoded.
type UndecodableError struct {
	Arguments []byte // valid as long as the frame is
}

// Error returns the text that RabbitMQ replies with, as far as a reply text holds
// it.
func (e *UndecodableError) Error() string {
	shown := e.Arguments[:min(len(e.Arguments), math.MaxUint8)]
	return "cannot decode " + erlangNumbers(shown, math.MaxInt, "")
}

// Is reports whether target is ErrSyntax.
func (e *UndecodableError) Is(target error) bool { return target == ErrSyntax }

// A MethodReader reads methods. It reuses the structures of the methods that
// come with every message, so those cost no allocation.
type MethodReader struct {
	Edition Edition // of the client

	publish BasicPublish
	ack     BasicAck
	c       coder
}

// Read decodes the payload of a method frame. The id is valid whenever at
// least four bytes were there. A *BasicPublish or *BasicAck is only valid
// until the next call.
func (r *MethodReader) Read(payload []byte) (MethodID, Method, error) {
	var id MethodID
	r.c = coder{buf: payload, edition: r.Edition}
	r.c.long((*uint32)(&id))
	if r.c.err != nil {
		return 0, nil, r.c.err
	}
	m := r.method(r.Edition.method(id))
	if m == nil {
		return id, nil, fmt.Errorf("%w: class %d, method %d", ErrUnknownMethod, id.Class(), id.Method())
	}
	m.fields(&r.c)
	if r.c.err == (textError{}) {
		return 0, nil, r.c.err // RabbitMQ does not name the method either
	}
	if r.c.err != nil || len(r.c.buf) > 0 {
		return id, nil, &UndecodableError{Arguments: payload[4:]}
	}
	return id, m, nil
}

func (r *MethodReader) method(id MethodID) Method {
	switch id {
	case idBasicPublish:
		return &r.publish
	case idBasicAck:
		return &r.ack
	}
	if empty, ok := methods[id]; ok {
		return empty()
	}
	return nil
}

// IsMethod reports whether match accepts one of the methods.
func IsMethod(match func(Method) bool) bool {
	if match(&BasicPublish{}) || match(&BasicAck{}) {
		return true
	}
	for _, empty := range methods {
		if match(empty()) {
			return true
		}
	}
	return false
}

// methods returns an empty structure for every method except the two that a
// MethodReader reuses. It is never changed.
var methods = map[MethodID]func() Method{
	idConnectionStart:     func() Method { return &ConnectionStart{} },
	idConnectionStartOk:   func() Method { return &ConnectionStartOk{} },
	idConnectionTune:      func() Method { return &ConnectionTune{} },
	idConnectionTuneOk:    func() Method { return &ConnectionTuneOk{} },
	idConnectionOpen:      func() Method { return &ConnectionOpen{} },
	idConnectionOpenOk:    func() Method { return &ConnectionOpenOk{} },
	idConnectionClose:     func() Method { return &ConnectionClose{} },
	idConnectionCloseOk:   func() Method { return &ConnectionCloseOk{} },
	idConnectionBlocked:   func() Method { return &ConnectionBlocked{} },
	idConnectionUnblocked: func() Method { return &ConnectionUnblocked{} },

	idConnectionUpdateSecret:   func() Method { return &ConnectionUpdateSecret{} },
	idConnectionUpdateSecretOk: func() Method { return &ConnectionUpdateSecretOk{} },

	idChannelOpen:       func() Method { return &ChannelOpen{} },
	idChannelOpenOk:     func() Method { return &ChannelOpenOk{} },
	idChannelFlow:       func() Method { return &ChannelFlow{} },
	idChannelFlowOk:     func() Method { return &ChannelFlowOk{} },
	idChannelClose:      func() Method { return &ChannelClose{} },
	idChannelCloseOk:    func() Method { return &ChannelCloseOk{} },
	idExchangeDeclare:   func() Method { return &ExchangeDeclare{} },
	idExchangeDeclareOk: func() Method { return &ExchangeDeclareOk{} },
	idExchangeDelete:    func() Method { return &ExchangeDelete{} },
	idExchangeDeleteOk:  func() Method { return &ExchangeDeleteOk{} },
	idExchangeBind:      func() Method { return &ExchangeBind{} },
	idExchangeBindOk:    func() Method { return &ExchangeBindOk{} },
	idExchangeUnbind:    func() Method { return &ExchangeUnbind{} },
	idExchangeUnbindOk:  func() Method { return &ExchangeUnbindOk{} },
	idQueueDeclare:      func() Method { return &QueueDeclare{} },
	idQueueDeclareOk:    func() Method { return &QueueDeclareOk{} },
	idQueueBind:         func() Method { return &QueueBind{} },
	idQueueBindOk:       func() Method { return &QueueBindOk{} },
	idQueueUnbind:       func() Method { return &QueueUnbind{} },
	idQueueUnbindOk:     func() Method { return &QueueUnbindOk{} },
	idQueuePurge:        func() Method { return &QueuePurge{} },
	idQueuePurgeOk:      func() Method { return &QueuePurgeOk{} },
	idQueueDelete:       func() Method { return &QueueDelete{} },
	idQueueDeleteOk:     func() Method { return &QueueDeleteOk{} },
	idBasicQos:          func() Method { return &BasicQos{} },
	idBasicQosOk:        func() Method { return &BasicQosOk{} },
	idBasicConsume:      func() Method { return &BasicConsume{} },
	idBasicConsumeOk:    func() Method { return &BasicConsumeOk{} },
	idBasicCancel:       func() Method { return &BasicCancel{} },
	idBasicCancelOk:     func() Method { return &BasicCancelOk{} },
	idBasicReturn:       func() Method { return &BasicReturn{} },
	idBasicDeliver:      func() Method { return &BasicDeliver{} },
	idBasicGet:          func() Method { return &BasicGet{} },
	idBasicGetOk:        func() Method { return &BasicGetOk{} },
	idBasicGetEmpty:     func() Method { return &BasicGetEmpty{} },
	idBasicReject:       func() Method { return &BasicReject{} },
	idBasicRecoverAsync: func() Method { return &BasicRecoverAsync{} },
	idBasicRecover:      func() Method { return &BasicRecover{} },
	idBasicRecoverOk:    func() Method { return &BasicRecoverOk{} },
	idBasicNack:         func() Method { return &BasicNack{} },
	idConfirmSelect:     func() Method { return &ConfirmSelect{} },
	idConfirmSelectOk:   func() Method { return &ConfirmSelectOk{} },
	idTxSelect:          func() Method { return &TxSelect{} },
	idTxSelectOk:        func() Method { return &TxSelectOk{} },
	idTxCommit:          func() Method { return &TxCommit{} },
	idTxCommitOk:        func() Method { return &TxCommitOk{} },
	idTxRollback:        func() Method { return &TxRollback{} },
	idTxRollbackOk:      func() Method { return &TxRollbackOk{} },
}
