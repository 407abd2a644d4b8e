// Package endtoend tests the built program from outside: its command line, a
// terminal, OpenSSH visitors, curl-like requests, and real brokers that stop.
package endtoend
