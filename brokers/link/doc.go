// Package link is a bad wire between a client and a broker: a TCP proxy on the
// loopback interface whose connections are real, and whose latency, losses and
// outages are under control.
//
//	wire, err := link.New(ctx, broker.Addr())
//	…
//	defer wire.Close()
//	client := redis.NewClient(&redis.Options{Addr: wire.Addr()})
//	wire.SetLatency(20*time.Millisecond, 5*time.Millisecond)
//	wire.Cut()
//
// TCP hides lost packets from programs: what they see of one is that everything
// after it comes late, because it has to be sent again. So a loss on a link is a
// stall, and no byte of a connection is ever lost or overtaken while it lasts.
// A connection ends whole: in a cut, in an outage, or because an end closed it.
package link
