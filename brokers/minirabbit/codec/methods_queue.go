package codec

// Methods of the class queue.
const (
	idQueueDeclare   MethodID = ClassQueue<<16 | 10
	idQueueDeclareOk MethodID = ClassQueue<<16 | 11
	idQueueBind      MethodID = ClassQueue<<16 | 20
	idQueueBindOk    MethodID = ClassQueue<<16 | 21
	idQueueUnbind    MethodID = ClassQueue<<16 | 50
	idQueueUnbindOk  MethodID = ClassQueue<<16 | 51
	idQueuePurge     MethodID = ClassQueue<<16 | 30
	idQueuePurgeOk   MethodID = ClassQueue<<16 | 31
	idQueueDelete    MethodID = ClassQueue<<16 | 40
	idQueueDeleteOk  MethodID = ClassQueue<<16 | 41
)

type (
	// QueueDeclare is queue.declare.
	QueueDeclare struct {
		Queue                                           string
		Passive, Durable, Exclusive, AutoDelete, NoWait bool
		Arguments                                       Table
	}
	// QueueDeclareOk is queue.declare-ok.
	QueueDeclareOk struct {
		Queue         string
		MessageCount  uint32
		ConsumerCount uint32
	}
	// QueueBind is queue.bind.
	QueueBind struct {
		Queue      string
		Exchange   string
		RoutingKey string
		NoWait     bool
		Arguments  Table
	}
	// QueueBindOk is queue.bind-ok.
	QueueBindOk struct{}
	// QueueUnbind is queue.unbind.
	QueueUnbind struct {
		Queue      string
		Exchange   string
		RoutingKey string
		Arguments  Table
	}
	// QueueUnbindOk is queue.unbind-ok.
	QueueUnbindOk struct{}
	// QueuePurge is queue.purge.
	QueuePurge struct {
		Queue  string
		NoWait bool
	}
	// QueuePurgeOk is queue.purge-ok.
	QueuePurgeOk struct {
		MessageCount uint32
	}
	// QueueDelete is queue.delete.
	QueueDelete struct {
		Queue                     string
		IfUnused, IfEmpty, NoWait bool
	}
	// QueueDeleteOk is queue.delete-ok.
	QueueDeleteOk struct {
		MessageCount uint32
	}
)

// ID returns the class and the number of the method.
func (*QueueDeclare) ID() MethodID { return idQueueDeclare }

// ID returns the class and the number of the method.
func (*QueueDeclareOk) ID() MethodID { return idQueueDeclareOk }

// ID returns the class and the number of the method.
func (*QueueBind) ID() MethodID { return idQueueBind }

// ID returns the class and the number of the method.
func (*QueueBindOk) ID() MethodID { return idQueueBindOk }

// ID returns the class and the number of the method.
func (*QueueUnbind) ID() MethodID { return idQueueUnbind }

// ID returns the class and the number of the method.
func (*QueueUnbindOk) ID() MethodID { return idQueueUnbindOk }

// ID returns the class and the number of the method.
func (*QueuePurge) ID() MethodID { return idQueuePurge }

// ID returns the class and the number of the method.
func (*QueuePurgeOk) ID() MethodID { return idQueuePurgeOk }

// ID returns the class and the number of the method.
func (*QueueDelete) ID() MethodID { return idQueueDelete }

// ID returns the class and the number of the method.
func (*QueueDeleteOk) ID() MethodID { return idQueueDeleteOk }

func (m *QueueDeclare) fields(c *coder) {
	c.reservedShort()
	c.shortstr(&m.Queue)
	c.bits(&m.Passive, &m.Durable, &m.Exclusive, &m.AutoDelete, &m.NoWait)
	c.table(&m.Arguments)
}

func (m *QueueDeclareOk) fields(c *coder) {
	c.shortstr(&m.Queue)
	c.long(&m.MessageCount)
	c.long(&m.ConsumerCount)
}

func (m *QueueBind) fields(c *coder) {
	c.reservedShort()
	c.shortstr(&m.Queue)
	c.shortstr(&m.Exchange)
	c.shortstr(&m.RoutingKey)
	c.bits(&m.NoWait)
	c.table(&m.Arguments)
}

func (*QueueBindOk) fields(*coder) {}

func (m *QueueUnbind) fields(c *coder) {
	c.reservedShort()
	c.shortstr(&m.Queue)
	c.shortstr(&m.Exchange)
	c.shortstr(&m.RoutingKey)
	c.table(&m.Arguments)
}

func (*QueueUnbindOk) fields(*coder) {}

func (m *QueuePurge) fields(c *coder) {
	c.reservedShort()
	c.shortstr(&m.Queue)
	c.bits(&m.NoWait)
}

func (m *QueuePurgeOk) fields(c *coder) {
	c.long(&m.MessageCount)
}

func (m *QueueDelete) fields(c *coder) {
	c.reservedShort()
	c.shortstr(&m.Queue)
	c.bits(&m.IfUnused, &m.IfEmpty, &m.NoWait)
}

func (m *QueueDeleteOk) fields(c *coder) {
	c.long(&m.MessageCount)
}
