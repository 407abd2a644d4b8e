// Package sshd serves a Bubble Tea program over SSH, one program a visitor.
//
// It trusts no client: nothing but a terminal session is offered, sizes and
// names are cut to what is sane, and every visitor has a slot, an idle limit
// and a time limit. The protocol is charm.land/ssh's and golang.org/x/crypto's;
// the handling of sessions is this package's own, because their requests must
// never block the connection and must be refused with a line that says why.
package sshd
