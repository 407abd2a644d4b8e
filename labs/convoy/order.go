package convoy

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// order is what a user publishes. n counts all orders from 0, seq those of the
// user from 1; user counts from 0.
type order struct {
	n    uint64
	user int
	seq  uint64
}

// message is an order as it travels.
type message struct {
	OrderID   string `json:"orderId"`
	User      string `json:"user"`
	Seq       uint64 `json:"seq"`
	Timestamp int64  `json:"timestamp"` // milliseconds since 1970
}

const orderPrefix, userPrefix = "order-", "user"

func orderID(n uint64) string  { return orderPrefix + strconv.FormatUint(n, 10) }
func userName(user int) string { return userPrefix + strconv.Itoa(user+1) }
func (o order) id() string     { return orderID(o.n) }
func (o order) userID() string { return userName(o.user) }

func (o order) encode(at time.Time) []byte {
	b := make([]byte, 0, 96)
	b = append(b, `{"orderId":"order-`...)
	b = strconv.AppendUint(b, o.n, 10)
	b = append(b, `","user":"user`...)
	b = strconv.AppendInt(b, int64(o.user+1), 10)
	b = append(b, `","seq":`...)
	b = strconv.AppendUint(b, o.seq, 10)
	b = append(b, `,"timestamp":`...)
	b = strconv.AppendInt(b, at.UnixMilli(), 10)
	return append(b, '}')
}

// decodeOrder reads a message of this lab.
func decodeOrder(body []byte) (order, error) {
	var m message
	if err := json.Unmarshal(body, &m); err != nil {
		return order{}, fmt.Errorf("reading an order: %w", err)
	}
	n, err := strconv.ParseUint(strings.TrimPrefix(m.OrderID, orderPrefix), 10, 64)
	if err != nil {
		return order{}, fmt.Errorf("reading the order id %q: %w", m.OrderID, err)
	}
	user, err := strconv.Atoi(strings.TrimPrefix(m.User, userPrefix))
	if err != nil || user < 1 || m.Seq < 1 {
		return order{}, fmt.Errorf("order %s has the user %q and the number %d", m.OrderID, m.User, m.Seq)
	}
	return order{n: n, user: user - 1, seq: m.Seq}, nil
}
