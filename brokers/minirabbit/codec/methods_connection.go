package codec

// Methods of the class connection: negotiation, closing, and the extension
// that tells a publisher that it is blocked.
const (
	idConnectionStart     MethodID = ClassConnection<<16 | 10
	idConnectionStartOk   MethodID = ClassConnection<<16 | 11
	idConnectionTune      MethodID = ClassConnection<<16 | 30
	idConnectionTuneOk    MethodID = ClassConnection<<16 | 31
	idConnectionOpen      MethodID = ClassConnection<<16 | 40
	idConnectionOpenOk    MethodID = ClassConnection<<16 | 41
	idConnectionClose     MethodID = ClassConnection<<16 | 50
	idConnectionCloseOk   MethodID = ClassConnection<<16 | 51
	idConnectionBlocked   MethodID = ClassConnection<<16 | 60
	idConnectionUnblocked MethodID = ClassConnection<<16 | 61

	idConnectionUpdateSecret   MethodID = ClassConnection<<16 | 70
	idConnectionUpdateSecretOk MethodID = ClassConnection<<16 | 71
)

type (
	// ConnectionStart is connection.start.
	ConnectionStart struct {
		VersionMajor     uint8
		VersionMinor     uint8
		ServerProperties Table
		Mechanisms       string
		Locales          string
	}
	// ConnectionStartOk is connection.start-ok.
	ConnectionStartOk struct {
		ClientProperties Table
		Mechanism        string
		Response         []byte
		Locale           string
	}
	// ConnectionTune is connection.tune.
	ConnectionTune struct {
		ChannelMax uint16
		FrameMax   uint32
		Heartbeat  uint16
	}
	// ConnectionTuneOk is connection.tune-ok.
	ConnectionTuneOk struct {
		ChannelMax uint16
		FrameMax   uint32
		Heartbeat  uint16
	}
	// ConnectionOpen is connection.open.
	ConnectionOpen struct {
		VirtualHost string
	}
	// ConnectionOpenOk is connection.open-ok.
	ConnectionOpenOk struct{}
	// ConnectionClose is connection.close.
	ConnectionClose struct {
		ReplyCode uint16
		ReplyText string
		ClassID   uint16
		MethodID  uint16
	}
	// ConnectionCloseOk is connection.close-ok.
	ConnectionCloseOk struct{}
	// ConnectionBlocked is connection.blocked.
	ConnectionBlocked struct {
		Reason string
	}
	// ConnectionUnblocked is connection.unblocked.
	ConnectionUnblocked struct{}
	// ConnectionUpdateSecret is connection.update-secret.
	ConnectionUpdateSecret struct {
		NewSecret []byte
		Reason    string
	}
	// ConnectionUpdateSecretOk is connection.update-secret-ok.
	ConnectionUpdateSecretOk struct{}
)

// ID returns the class and the number of the method.
func (*ConnectionStart) ID() MethodID { return idConnectionStart }

// ID returns the class and the number of the method.
func (*ConnectionStartOk) ID() MethodID { return idConnectionStartOk }

// ID returns the class and the number of the method.
func (*ConnectionTune) ID() MethodID { return idConnectionTune }

// ID returns the class and the number of the method.
func (*ConnectionTuneOk) ID() MethodID { return idConnectionTuneOk }

// ID returns the class and the number of the method.
func (*ConnectionOpen) ID() MethodID { return idConnectionOpen }

// ID returns the class and the number of the method.
func (*ConnectionOpenOk) ID() MethodID { return idConnectionOpenOk }

// ID returns the class and the number of the method.
func (*ConnectionClose) ID() MethodID { return idConnectionClose }

// ID returns the class and the number of the method.
func (*ConnectionCloseOk) ID() MethodID { return idConnectionCloseOk }

// ID returns the class and the number of the method.
func (*ConnectionBlocked) ID() MethodID { return idConnectionBlocked }

// ID returns the class and the number of the method.
func (*ConnectionUnblocked) ID() MethodID { return idConnectionUnblocked }

// ID returns the class and the number of the method.
func (*ConnectionUpdateSecret) ID() MethodID { return idConnectionUpdateSecret }

// ID returns the class and the number of the method.
func (*ConnectionUpdateSecretOk) ID() MethodID { return idConnectionUpdateSecretOk }

func (m *ConnectionStart) fields(c *coder) {
	c.octet(&m.VersionMajor)
	c.octet(&m.VersionMinor)
	c.table(&m.ServerProperties)
	c.longstr(&m.Mechanisms)
	c.longstr(&m.Locales)
}

func (m *ConnectionStartOk) fields(c *coder) {
	c.table(&m.ClientProperties)
	c.shortstr(&m.Mechanism)
	c.longBytes(&m.Response)
	c.shortstr(&m.Locale)
}

func (m *ConnectionTune) fields(c *coder) {
	c.short(&m.ChannelMax)
	c.long(&m.FrameMax)
	c.short(&m.Heartbeat)
}

func (m *ConnectionTuneOk) fields(c *coder) {
	c.short(&m.ChannelMax)
	c.long(&m.FrameMax)
	c.short(&m.Heartbeat)
}

func (m *ConnectionOpen) fields(c *coder) {
	c.shortstr(&m.VirtualHost)
	c.reservedStr()
	c.reservedBits()
}

func (*ConnectionOpenOk) fields(c *coder) {
	c.reservedStr()
}

func (m *ConnectionClose) fields(c *coder) {
	c.short(&m.ReplyCode)
	c.shortstr(&m.ReplyText)
	c.short(&m.ClassID)
	c.short(&m.MethodID)
}

func (*ConnectionCloseOk) fields(*coder) {}

func (m *ConnectionBlocked) fields(c *coder) {
	c.shortstr(&m.Reason)
}

func (*ConnectionUnblocked) fields(*coder) {}

func (m *ConnectionUpdateSecret) fields(c *coder) {
	c.longBytes(&m.NewSecret)
	c.shortstr(&m.Reason)
}

func (*ConnectionUpdateSecretOk) fields(*coder) {}
