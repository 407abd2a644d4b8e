//go:build !unix

package embedded

import (
	"io"
	"net"
)

// countArrivals returns what reads from a connection. How many bytes have arrived
// is not known here.
func countArrivals(conn net.Conn) (io.Reader, func() int64) {
	return conn, func() int64 { return 0 }
}
