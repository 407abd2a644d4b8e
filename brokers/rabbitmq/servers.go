package rabbitmq

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"
)

const maxPort = 65535

// Servers returns a URL for each server that a URL names, in its order:
// amqp://user:password@a:5672,b,c/vhost names three, with the same user, virtual
// host and parameters. The errors contain no password.
func Servers(url string) ([]string, error) {
	scheme, rest, _ := strings.Cut(url, "://")
	authority, path := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority, path = rest[:i], rest[i:]
	}
	user, hosts := "", authority
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		user, hosts = authority[:i+1], authority[i+1:]
	}
	var servers []string
	for host := range strings.SplitSeq(hosts, ",") {
		server := scheme + "://" + user + host + path
		if _, err := parse(server); err != nil {
			return nil, err
		}
		if host == "" && strings.Contains(hosts, ",") {
			return nil, errors.New("a server without a name")
		}
		servers = append(servers, server)
	}
	return servers, nil
}

// parse reads the URL of one server.
func parse(url string) (amqp.URI, error) {
	uri, err := amqp.ParseURI(url)
	if err != nil {
		return uri, errors.New("no AMQP URL, or a sign in it that must be written as %XX")
	}
	if uri.Port < 1 || uri.Port > maxPort {
		return uri, fmt.Errorf("port %d is not between 1 and %d", uri.Port, maxPort)
	}
	return uri, nil
}

// Addrs returns the hosts and ports of the servers that a URL names, for people.
func Addrs(url string) string {
	servers, err := Servers(url)
	if err != nil {
		return "RabbitMQ"
	}
	var all []string
	for _, server := range servers {
		if uri, err := parse(server); err == nil {
			all = append(all, net.JoinHostPort(uri.Host, strconv.Itoa(uri.Port)))
		}
	}
	return strings.Join(all, ", ")
}
