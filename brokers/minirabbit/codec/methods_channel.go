package codec

// Methods of the class channel.
const (
	idChannelOpen    MethodID = ClassChannel<<16 | 10
	idChannelOpenOk  MethodID = ClassChannel<<16 | 11
	idChannelFlow    MethodID = ClassChannel<<16 | 20
	idChannelFlowOk  MethodID = ClassChannel<<16 | 21
	idChannelClose   MethodID = ClassChannel<<16 | 40
	idChannelCloseOk MethodID = ClassChannel<<16 | 41
)

type (
	// ChannelOpen is channel.open.
	ChannelOpen struct{}
	// ChannelOpenOk is channel.open-ok.
	ChannelOpenOk struct{}
	// ChannelFlow is channel.flow.
	ChannelFlow struct {
		Active bool
	}
	// ChannelFlowOk is channel.flow-ok.
	ChannelFlowOk struct {
		Active bool
	}
	// ChannelClose is channel.close.
	ChannelClose struct {
		ReplyCode uint16
		ReplyText string
		ClassID   uint16
		MethodID  uint16
	}
	// ChannelCloseOk is channel.close-ok.
	ChannelCloseOk struct{}
)

// ID returns the class and the number of the method.
func (*ChannelOpen) ID() MethodID { return idChannelOpen }

// ID returns the class and the number of the method.
func (*ChannelOpenOk) ID() MethodID { return idChannelOpenOk }

// ID returns the class and the number of the method.
func (*ChannelFlow) ID() MethodID { return idChannelFlow }

// ID returns the class and the number of the method.
func (*ChannelFlowOk) ID() MethodID { return idChannelFlowOk }

// ID returns the class and the number of the method.
func (*ChannelClose) ID() MethodID { return idChannelClose }

// ID returns the class and the number of the method.
func (*ChannelCloseOk) ID() MethodID { return idChannelCloseOk }

func (*ChannelOpen) fields(c *coder) {
	c.reservedStr()
}

func (*ChannelOpenOk) fields(c *coder) {
	if c.edition != Edition08 {
		c.reservedLongStr()
	}
}

func (m *ChannelFlow) fields(c *coder) {
	c.bits(&m.Active)
}

func (m *ChannelFlowOk) fields(c *coder) {
	c.bits(&m.Active)
}

func (m *ChannelClose) fields(c *coder) {
	c.short(&m.ReplyCode)
	c.shortstr(&m.ReplyText)
	c.short(&m.ClassID)
	c.short(&m.MethodID)
}

func (*ChannelCloseOk) fields(*coder) {}

// The extension for publisher confirms.
const (
	idConfirmSelect   MethodID = ClassConfirm<<16 | 10
	idConfirmSelectOk MethodID = ClassConfirm<<16 | 11
)

type (
	// ConfirmSelect is confirm.select.
	ConfirmSelect struct {
		NoWait bool
	}
	// ConfirmSelectOk is confirm.select-ok.
	ConfirmSelectOk struct{}
)

// ID returns the class and the number of the method.
func (*ConfirmSelect) ID() MethodID { return idConfirmSelect }

// ID returns the class and the number of the method.
func (*ConfirmSelectOk) ID() MethodID { return idConfirmSelectOk }

func (m *ConfirmSelect) fields(c *coder) {
	c.bits(&m.NoWait)
}

func (*ConfirmSelectOk) fields(*coder) {}

// Methods of the class tx: local transactions.
const (
	idTxSelect     MethodID = ClassTx<<16 | 10
	idTxSelectOk   MethodID = ClassTx<<16 | 11
	idTxCommit     MethodID = ClassTx<<16 | 20
	idTxCommitOk   MethodID = ClassTx<<16 | 21
	idTxRollback   MethodID = ClassTx<<16 | 30
	idTxRollbackOk MethodID = ClassTx<<16 | 31
)

type (
	// TxSelect is tx.select.
	TxSelect struct{}
	// TxSelectOk is tx.select-ok.
	TxSelectOk struct{}
	// TxCommit is tx.commit.
	TxCommit struct{}
	// TxCommitOk is tx.commit-ok.
	TxCommitOk struct{}
	// TxRollback is tx.rollback.
	TxRollback struct{}
	// TxRollbackOk is tx.rollback-ok.
	TxRollbackOk struct{}
)

// ID returns the class and the number of the method.
func (*TxSelect) ID() MethodID { return idTxSelect }

// ID returns the class and the number of the method.
func (*TxSelectOk) ID() MethodID { return idTxSelectOk }

// ID returns the class and the number of the method.
func (*TxCommit) ID() MethodID { return idTxCommit }

// ID returns the class and the number of the method.
func (*TxCommitOk) ID() MethodID { return idTxCommitOk }

// ID returns the class and the number of the method.
func (*TxRollback) ID() MethodID { return idTxRollback }

// ID returns the class and the number of the method.
func (*TxRollbackOk) ID() MethodID { return idTxRollbackOk }

func (*TxSelect) fields(*coder) {}

func (*TxSelectOk) fields(*coder) {}

func (*TxCommit) fields(*coder) {}

func (*TxCommitOk) fields(*coder) {}

func (*TxRollback) fields(*coder) {}

func (*TxRollbackOk) fields(*coder) {}
