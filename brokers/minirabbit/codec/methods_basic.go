package codec

// Methods of the class basic: publishing, consuming, settling.
const (
	idBasicQos          MethodID = ClassBasic<<16 | 10
	idBasicQosOk        MethodID = ClassBasic<<16 | 11
	idBasicConsume      MethodID = ClassBasic<<16 | 20
	idBasicConsumeOk    MethodID = ClassBasic<<16 | 21
	idBasicCancel       MethodID = ClassBasic<<16 | 30
	idBasicCancelOk     MethodID = ClassBasic<<16 | 31
	idBasicPublish      MethodID = ClassBasic<<16 | 40
	idBasicReturn       MethodID = ClassBasic<<16 | 50
	idBasicDeliver      MethodID = ClassBasic<<16 | 60
	idBasicGet          MethodID = ClassBasic<<16 | 70
	idBasicGetOk        MethodID = ClassBasic<<16 | 71
	idBasicGetEmpty     MethodID = ClassBasic<<16 | 72
	idBasicAck          MethodID = ClassBasic<<16 | 80
	idBasicReject       MethodID = ClassBasic<<16 | 90
	idBasicRecoverAsync MethodID = ClassBasic<<16 | 100
	idBasicRecover      MethodID = ClassBasic<<16 | 110
	idBasicRecoverOk    MethodID = ClassBasic<<16 | 111
	idBasicNack         MethodID = ClassBasic<<16 | 120
)

type (
	// BasicQos is basic.qos.
	BasicQos struct {
		PrefetchSize  uint32
		PrefetchCount uint16
		Global        bool
	}
	// BasicQosOk is basic.qos-ok.
	BasicQosOk struct{}
	// BasicConsume is basic.consume.
	BasicConsume struct {
		Queue                             string
		ConsumerTag                       string
		NoLocal, NoAck, Exclusive, NoWait bool
		Arguments                         Table
	}
	// BasicConsumeOk is basic.consume-ok.
	BasicConsumeOk struct {
		ConsumerTag string
	}
	// BasicCancel is basic.cancel.
	BasicCancel struct {
		ConsumerTag string
		NoWait      bool
	}
	// BasicCancelOk is basic.cancel-ok.
	BasicCancelOk struct {
		ConsumerTag string
	}
	// BasicPublish is basic.publish.
	BasicPublish struct {
		Exchange             string
		RoutingKey           string
		Mandatory, Immediate bool
	}
	// BasicReturn is basic.return.
	BasicReturn struct {
		ReplyCode  uint16
		ReplyText  string
		Exchange   string
		RoutingKey string
	}
	// BasicDeliver is basic.deliver.
	BasicDeliver struct {
		ConsumerTag string
		DeliveryTag uint64
		Redelivered bool
		Exchange    string
		RoutingKey  string
	}
	// BasicGet is basic.get.
	BasicGet struct {
		Queue string
		NoAck bool
	}
	// BasicGetOk is basic.get-ok.
	BasicGetOk struct {
		DeliveryTag  uint64
		Redelivered  bool
		Exchange     string
		RoutingKey   string
		MessageCount uint32
	}
	// BasicGetEmpty is basic.get-empty.
	BasicGetEmpty struct{}
	// BasicAck is basic.ack.
	BasicAck struct {
		DeliveryTag uint64
		Multiple    bool
	}
	// BasicReject is basic.reject.
	BasicReject struct {
		DeliveryTag uint64
		Requeue     bool
	}
	// BasicRecoverAsync is basic.recover-async.
	BasicRecoverAsync struct {
		Requeue bool
	}
	// BasicRecover is basic.recover.
	BasicRecover struct {
		Requeue bool
	}
	// BasicRecoverOk is basic.recover-ok.
	BasicRecoverOk struct{}
	// BasicNack is basic.nack.
	BasicNack struct {
		DeliveryTag       uint64
		Multiple, Requeue bool
	}
)

// ID returns the class and the number of the method.
func (*BasicQos) ID() MethodID { return idBasicQos }

// ID returns the class and the number of the method.
func (*BasicQosOk) ID() MethodID { return idBasicQosOk }

// ID returns the class and the number of the method.
func (*BasicConsume) ID() MethodID { return idBasicConsume }

// ID returns the class and the number of the method.
func (*BasicConsumeOk) ID() MethodID { return idBasicConsumeOk }

// ID returns the class and the number of the method.
func (*BasicCancel) ID() MethodID { return idBasicCancel }

// ID returns the class and the number of the method.
func (*BasicCancelOk) ID() MethodID { return idBasicCancelOk }

// ID returns the class and the number of the method.
func (*BasicPublish) ID() MethodID { return idBasicPublish }

// ID returns the class and the number of the method.
func (*BasicReturn) ID() MethodID { return idBasicReturn }

// ID returns the class and the number of the method.
func (*BasicDeliver) ID() MethodID { return idBasicDeliver }

// ID returns the class and the number of the method.
func (*BasicGet) ID() MethodID { return idBasicGet }

// ID returns the class and the number of the method.
func (*BasicGetOk) ID() MethodID { return idBasicGetOk }

// ID returns the class and the number of the method.
func (*BasicGetEmpty) ID() MethodID { return idBasicGetEmpty }

// ID returns the class and the number of the method.
func (*BasicAck) ID() MethodID { return idBasicAck }

// ID returns the class and the number of the method.
func (*BasicReject) ID() MethodID { return idBasicReject }

// ID returns the class and the number of the method.
func (*BasicRecoverAsync) ID() MethodID { return idBasicRecoverAsync }

// ID returns the class and the number of the method.
func (*BasicRecover) ID() MethodID { return idBasicRecover }

// ID returns the class and the number of the method.
func (*BasicRecoverOk) ID() MethodID { return idBasicRecoverOk }

// ID returns the class and the number of the method.
func (*BasicNack) ID() MethodID { return idBasicNack }

func (m *BasicQos) fields(c *coder) {
	c.long(&m.PrefetchSize)
	c.short(&m.PrefetchCount)
	c.bits(&m.Global)
}

func (*BasicQosOk) fields(*coder) {}

func (m *BasicConsume) fields(c *coder) {
	c.reservedShort()
	c.shortstr(&m.Queue)
	c.shortstr(&m.ConsumerTag)
	c.bits(&m.NoLocal, &m.NoAck, &m.Exclusive, &m.NoWait)
	if c.edition != Edition08 {
		c.table(&m.Arguments)
	}
}

func (m *BasicConsumeOk) fields(c *coder) {
	c.shortstr(&m.ConsumerTag)
}

func (m *BasicCancel) fields(c *coder) {
	c.shortstr(&m.ConsumerTag)
	c.bits(&m.NoWait)
}

func (m *BasicCancelOk) fields(c *coder) {
	c.shortstr(&m.ConsumerTag)
}

func (m *BasicPublish) fields(c *coder) {
	c.reservedShort()
	c.shortstr(&m.Exchange)
	c.shortstr(&m.RoutingKey)
	c.bits(&m.Mandatory, &m.Immediate)
}

func (m *BasicReturn) fields(c *coder) {
	c.short(&m.ReplyCode)
	c.shortstr(&m.ReplyText)
	c.shortstr(&m.Exchange)
	c.shortstr(&m.RoutingKey)
}

func (m *BasicDeliver) fields(c *coder) {
	c.shortstr(&m.ConsumerTag)
	c.longlong(&m.DeliveryTag)
	c.bits(&m.Redelivered)
	c.shortstr(&m.Exchange)
	c.shortstr(&m.RoutingKey)
}

func (m *BasicGet) fields(c *coder) {
	c.reservedShort()
	c.shortstr(&m.Queue)
	c.bits(&m.NoAck)
}

func (m *BasicGetOk) fields(c *coder) {
	c.longlong(&m.DeliveryTag)
	c.bits(&m.Redelivered)
	c.shortstr(&m.Exchange)
	c.shortstr(&m.RoutingKey)
	c.long(&m.MessageCount)
}

func (*BasicGetEmpty) fields(c *coder) {
	c.reservedStr()
}

func (m *BasicAck) fields(c *coder) {
	c.longlong(&m.DeliveryTag)
	c.bits(&m.Multiple)
}

func (m *BasicReject) fields(c *coder) {
	c.longlong(&m.DeliveryTag)
	c.bits(&m.Requeue)
}

func (m *BasicRecoverAsync) fields(c *coder) {
	c.bits(&m.Requeue)
}

func (m *BasicRecover) fields(c *coder) {
	c.bits(&m.Requeue)
}

func (*BasicRecoverOk) fields(*coder) {}

func (m *BasicNack) fields(c *coder) {
	c.longlong(&m.DeliveryTag)
	c.bits(&m.Multiple, &m.Requeue)
}
