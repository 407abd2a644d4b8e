// Package sshd serves a Bubble Tea program over SSH, one program a visitor.
//
// It trusts no client: it offers terminal sessions only, limits sizes and
// names, and gives every visitor a place, an idle limit and a time limit. The
// protocol is charm.land/ssh's and golang.org/x/crypto's; the handling of
// sessions is this package's own, because requests must never block the
// connection and must be refused with a line that says why.
package sshd
