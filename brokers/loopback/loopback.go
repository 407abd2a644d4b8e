// Package loopback opens listeners that only this machine can reach.
package loopback

import (
	"context"
	"errors"
	"net"
)

// addresses are tried in this order. Some containers have only one of them.
var addresses = []string{"127.0.0.1:0", "[::1]:0"}

// Listen returns a TCP listener on a free port of the loopback interface: of IPv4
// where the machine has it, otherwise of IPv6. The error joins both causes.
func Listen(ctx context.Context) (net.Listener, error) {
	return listen(ctx, new(net.ListenConfig).Listen)
}

func listen(ctx context.Context, open func(ctx context.Context, network, address string) (net.Listener, error)) (net.Listener, error) {
	var errs []error
	for _, address := range addresses {
		l, err := open(ctx, "tcp", address)
		if err == nil {
			return l, nil
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
}
