package codec

// Methods of the class exchange, with the extension that binds one exchange
// to another.
const (
	idExchangeDeclare   MethodID = ClassExchange<<16 | 10
	idExchangeDeclareOk MethodID = ClassExchange<<16 | 11
	idExchangeDelete    MethodID = ClassExchange<<16 | 20
	idExchangeDeleteOk  MethodID = ClassExchange<<16 | 21
	idExchangeBind      MethodID = ClassExchange<<16 | 30
	idExchangeBindOk    MethodID = ClassExchange<<16 | 31
	idExchangeUnbind    MethodID = ClassExchange<<16 | 40
	idExchangeUnbindOk  MethodID = ClassExchange<<16 | 51
)

type (
	// ExchangeDeclare is exchange.declare.
	ExchangeDeclare struct {
		Exchange                                       string
		Type                                           string
		Passive, Durable, AutoDelete, Internal, NoWait bool
		Arguments                                      Table
	}
	// ExchangeDeclareOk is exchange.declare-ok.
	ExchangeDeclareOk struct{}
	// ExchangeDelete is exchange.delete.
	ExchangeDelete struct {
		Exchange         string
		IfUnused, NoWait bool
	}
	// ExchangeDeleteOk is exchange.delete-ok.
	ExchangeDeleteOk struct{}
	// ExchangeBind is exchange.bind.
	ExchangeBind struct {
		Destination string
		Source      string
		RoutingKey  string
		NoWait      bool
		Arguments   Table
	}
	// ExchangeBindOk is exchange.bind-ok.
	ExchangeBindOk struct{}
	// ExchangeUnbind is exchange.unbind. It has the fields of exchange.bind.
	ExchangeUnbind ExchangeBind
	// ExchangeUnbindOk is exchange.unbind-ok.
	ExchangeUnbindOk struct{}
)

// ID returns the class and the number of the method.
func (*ExchangeDeclare) ID() MethodID { return idExchangeDeclare }

// ID returns the class and the number of the method.
func (*ExchangeDeclareOk) ID() MethodID { return idExchangeDeclareOk }

// ID returns the class and the number of the method.
func (*ExchangeDelete) ID() MethodID { return idExchangeDelete }

// ID returns the class and the number of the method.
func (*ExchangeDeleteOk) ID() MethodID { return idExchangeDeleteOk }

// ID returns the class and the number of the method.
func (*ExchangeBind) ID() MethodID { return idExchangeBind }

// ID returns the class and the number of the method.
func (*ExchangeBindOk) ID() MethodID { return idExchangeBindOk }

// ID returns the class and the number of the method.
func (*ExchangeUnbind) ID() MethodID { return idExchangeUnbind }

// ID returns the class and the number of the method.
func (*ExchangeUnbindOk) ID() MethodID { return idExchangeUnbindOk }

func (m *ExchangeDeclare) fields(c *coder) {
	c.reservedShort()
	c.shortstr(&m.Exchange)
	c.shortstr(&m.Type)
	c.bits(&m.Passive, &m.Durable, &m.AutoDelete, &m.Internal, &m.NoWait)
	c.table(&m.Arguments)
}

func (*ExchangeDeclareOk) fields(*coder) {}

func (m *ExchangeDelete) fields(c *coder) {
	c.reservedShort()
	c.shortstr(&m.Exchange)
	c.bits(&m.IfUnused, &m.NoWait)
}

func (*ExchangeDeleteOk) fields(*coder) {}

func (m *ExchangeBind) fields(c *coder) {
	c.reservedShort()
	c.shortstr(&m.Destination)
	c.shortstr(&m.Source)
	c.shortstr(&m.RoutingKey)
	c.bits(&m.NoWait)
	c.table(&m.Arguments)
}

func (*ExchangeBindOk) fields(*coder) {}

func (m *ExchangeUnbind) fields(c *coder) { (*ExchangeBind)(m).fields(c) }

func (*ExchangeUnbindOk) fields(*coder) {}
