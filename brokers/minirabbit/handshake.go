package minirabbit

import (
	"crypto/subtle"
	"fmt"
	"slices"
	"strings"
	"time"

	"resilab/brokers/minirabbit/broker"
	"resilab/brokers/minirabbit/codec"
)

// protocolHeader is what a client of AMQP 0-9-1 begins with, and what a server
// answers to one that begins with anything it does not know.
const protocolHeader = "AMQP\x00\x00\x09\x01"

// edition returns the edition of the protocol that a header asks for, as RabbitMQ
// does: 0-9 is taken for 0-9-1, and two headers are in use for 0-8.
func edition(header string) (e codec.Edition, ok bool) {
	switch header {
	case protocolHeader, "AMQP\x01\x01\x00\x09":
		return codec.Edition091, true
	case "AMQP\x01\x01\x08\x00", "AMQP\x01\x01\x09\x01":
		return codec.Edition08, true
	}
	return 0, false
}

// mechanisms returns the ways to log in to a version, separated by spaces.
func mechanisms(v *broker.Version) string {
	if v.Anonymous {
		return "PLAIN AMQPLAIN " + anonymous
	}
	return "PLAIN AMQPLAIN"
}

// anonymous is the mechanism that logs in guest, whatever the client sends.
const anonymous = "ANONYMOUS"

// A handshake logs a client in and opens its virtual host.
type handshake struct{ *session }

// run returns an error if the session ends with the handshake.
func (c handshake) run() error {
	c.deadlines.set(time.Now().Add(answerTimeout))
	header, err := c.in.Raw(len(protocolHeader))
	if err != nil {
		return fmt.Errorf("waiting for a client to begin: %w", err)
	}
	version := c.server.broker.Version()
	e, known := edition(string(header))
	if !known || e == codec.Edition08 && !version.Edition08 {
		c.out.add(func(buf []byte) []byte { return append(buf, protocolHeader...) })
		return fmt.Errorf("a client began with %q", header)
	}
	c.methods.Edition = e
	c.out.setEdition(e)
	user, err := c.login()
	if err != nil {
		return err
	}
	if err := c.tune(); err != nil {
		return err
	}
	if err := c.open(user); err != nil {
		return err
	}
	c.deadlines.set(time.Time{})
	return nil
}

// refuse sends connection.close with the reason. It is for a wrong password and a
// wrong virtual host; after other errors the server only closes TCP, like RabbitMQ.
func (c handshake) refuse(err error, id codec.MethodID) error {
	if e, ok := err.(*broker.Error); ok {
		c.sendClose(e, id, closeTimeout)
	}
	return err
}

// await reads the only method that the handshake allows next.
func await[M codec.Method](c handshake) (M, error) {
	var none M
	for {
		f, err := c.in.Next()
		if err != nil {
			return none, err
		}
		if f.Type == codec.FrameHeartbeat {
			continue
		}
		if f.Type != codec.FrameMethod || f.Channel != 0 {
			return none, broker.Refuse(broker.CommandInvalid, "a frame of type %d on channel %d during the handshake", f.Type, f.Channel)
		}
		_, m, err := c.methods.Read(f.Payload)
		if err != nil {
			return none, err
		}
		if want, ok := m.(M); ok {
			return want, nil
		}
		return none, broker.Refuse(broker.CommandInvalid, "a %T during the handshake", m)
	}
}

func (c handshake) login() (user string, err error) {
	offered := mechanisms(c.server.broker.Version())
	start := &codec.ConnectionStart{
		VersionMajor: 0, VersionMinor: 9,
		ServerProperties: c.server.properties(capabilities()),
		Mechanisms:       offered,
		Locales:          "en_US",
	}
	old := c.methods.Edition == codec.Edition08
	if old {
		start.VersionMajor, start.VersionMinor = 8, 0
		start.ServerProperties = c.server.properties(codec.Table{})
	}
	c.out.method(0, start)
	ok, err := await[*codec.ConnectionStartOk](c)
	if err != nil {
		return "", err
	}
	c.client.read(ok.ClientProperties)
	if c.client.can("connection.blocked") && !old {
		c.notices.want()
	}
	if !slices.Contains(strings.Fields(offered), ok.Mechanism) {
		return "", fmt.Errorf("a client asked for the mechanism %q", ok.Mechanism)
	}
	user, password, err := credentials(ok.Mechanism, ok.Response)
	if err != nil {
		return "", err
	}
	want, known := c.server.options.Users[user]
	if known && subtle.ConstantTimeCompare([]byte(password), []byte(want)) == 1 {
		return user, nil
	}
	refusal := broker.Refuse(broker.AccessRefused, "Login was refused using authentication mechanism %s. For details see the broker logfile.", ok.Mechanism)
	if c.client.can("authentication_failure_close") {
		return "", c.refuse(refusal, 0)
	}
	return "", refusal
}

// credentials returns the user and the password in the response of a mechanism.
func credentials(mechanism string, response []byte) (user, password string, err error) {
	if mechanism == anonymous {
		return "guest", "guest", nil
	}
	bad := fmt.Errorf("a client logs in with a malformed answer for %s", mechanism)
	if mechanism == "PLAIN" {
		parts := strings.Split(string(response), "\x00")
		if len(parts) != 3 || parts[0] != "" { // the authorization identity must be empty
			return "", "", bad
		}
		return parts[1], parts[2], nil
	}
	t, err := codec.DecodeTable(response)
	if err != nil {
		return "", "", bad
	}
	login, hasLogin := t.Get("LOGIN")
	secret, hasPassword := t.Get("PASSWORD")
	if !hasLogin || !hasPassword {
		return "", "", bad
	}
	user, _ = login.(string)
	password, _ = secret.(string)
	return user, password, nil
}

// capabilities returns the extensions of 0-9-1 that the server has.
func capabilities() (can codec.Table) {
	for _, name := range []string{
		"publisher_confirms", "exchange_exchange_bindings", "basic.nack", "consumer_cancel_notify",
		"connection.blocked", "consumer_priorities", "authentication_failure_close", "per_consumer_qos",
		"direct_reply_to",
	} {
		can = append(can, codec.Field{Name: name, Value: true})
	}
	return can
}

// properties returns the server's product and what it can do.
func (s *Server) properties(can codec.Table) codec.Table {
	release := s.broker.Version().Release
	return codec.Table{
		{Name: "capabilities", Value: can},
		{Name: "product", Value: s.options.Product},
		{Name: "version", Value: release},
		{Name: "platform", Value: "Go"},
		{Name: "information", Value: "An embedded AMQP 0-9-1 server that behaves like RabbitMQ " + release},
	}
}

// tune negotiates limits: the client may lower what the server offers.
func (c handshake) tune() error {
	o := c.server.options
	c.out.method(0, &codec.ConnectionTune{
		ChannelMax: uint16(o.ChannelMax),
		FrameMax:   uint32(o.FrameMax),
		Heartbeat:  uint16(min(int64(o.Heartbeat/time.Second), 65535)),
	})
	ok, err := await[*codec.ConnectionTuneOk](c)
	if err != nil {
		return err
	}
	if err := negotiated("channel_max", int(ok.ChannelMax), 1, o.ChannelMax); err != nil {
		return err
	}
	if err := negotiated("frame_max", int(ok.FrameMax), c.server.broker.Version().MinFrameMax, o.FrameMax); err != nil {
		return err
	}
	c.channels.max = int(ok.ChannelMax)
	c.in.SetMax(int(ok.FrameMax))
	c.out.setFrameMax(int(ok.FrameMax))
	if interval := time.Duration(ok.Heartbeat) * time.Second; interval > 0 {
		c.deadlines.silence = interval * 5 / 2
		c.heartbeats <- time.NewTicker(interval / 2)
	}
	return nil
}

// negotiated checks a client's choice. 0 means no limit, which is refused.
func negotiated(name string, n, low, high int) error {
	switch {
	case n == 0:
		return broker.Refuse(broker.NotAllowed, "negotiated %s = 0 (no limit) is higher than the maximum allowed value (%d)", name, high)
	case n > high:
		return broker.Refuse(broker.NotAllowed, "negotiated %s = %d is higher than the maximum allowed value (%d)", name, n, high)
	case n < low:
		return broker.Refuse(broker.NotAllowed, "negotiated %s = %d is lower than the minimum allowed value (%d)", name, n, low)
	}
	return nil
}

func (c handshake) open(user string) error {
	open, err := await[*codec.ConnectionOpen](c)
	if err != nil {
		return err
	}
	if c.broker, err = c.server.broker.Connect(open.VirtualHost, user); err != nil {
		return c.refuse(err, open.ID())
	}
	c.out.method(0, &codec.ConnectionOpenOk{})
	return nil
}
