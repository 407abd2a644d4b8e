package transport

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Order is what a user publishes.
type Order struct {
	N       uint64    // counts all orders from 0
	User    int       // from 0
	Seq     uint64    // counts the user's orders from 1
	Poison  bool      // no consumer can handle it
	Created time.Time // in the lab's time
}

// ID returns the order's id as people and messages write it.
func (o Order) ID() string { return orderPrefix + strconv.FormatUint(o.N, 10) }

// UserName returns the name of the user who placed the order.
func (o Order) UserName() string { return UserName(o.User) }

// UserName returns the name of a user, which is the key of the user's orders.
func UserName(user int) string { return userPrefix + strconv.Itoa(user+1) }

const orderPrefix, userPrefix = "order-", "user"

// message is an order as it travels.
type message struct {
	OrderID   string `json:"orderId"`
	User      string `json:"user"`
	Seq       uint64 `json:"seq"`
	Timestamp int64  `json:"timestamp"` // milliseconds since 1970
	Poison    bool   `json:"poison"`
}

// encode returns the message of an order.
func encode(o Order) []byte {
	b := make([]byte, 0, 112)
	b = append(b, `{"orderId":"order-`...)
	b = strconv.AppendUint(b, o.N, 10)
	b = append(b, `","user":"user`...)
	b = strconv.AppendInt(b, int64(o.User+1), 10)
	b = append(b, `","seq":`...)
	b = strconv.AppendUint(b, o.Seq, 10)
	b = append(b, `,"timestamp":`...)
	b = strconv.AppendInt(b, o.Created.UnixMilli(), 10)
	if o.Poison {
		b = append(b, `,"poison":true`...)
	}
	return append(b, '}')
}

// decode reads a message of this lab. Created is exact to the millisecond.
func decode(body []byte) (Order, error) {
	var m message
	if err := json.Unmarshal(body, &m); err != nil {
		return Order{}, fmt.Errorf("reading an order: %w", err)
	}
	n, err := strconv.ParseUint(strings.TrimPrefix(m.OrderID, orderPrefix), 10, 64)
	if err != nil {
		return Order{}, fmt.Errorf("reading the order id %q: %w", m.OrderID, err)
	}
	user, err := strconv.Atoi(strings.TrimPrefix(m.User, userPrefix))
	if err != nil || user < 1 || m.Seq < 1 {
		return Order{}, fmt.Errorf("order %s has the user %q and the number %d", m.OrderID, m.User, m.Seq)
	}
	return Order{N: n, User: user - 1, Seq: m.Seq, Poison: m.Poison, Created: time.UnixMilli(m.Timestamp)}, nil
}
