package main

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"
)

// TestMain is also the server that is measured, and the attackers.
func TestMain(m *testing.M) {
	if status, is := child(context.Background()); is {
		os.Exit(status)
	}
	os.Exit(m.Run())
}

// Thirty visits that quit, are cut and are killed leave the server as it was.
func TestVisitsLeaveNothing(t *testing.T) {
	l := load{sessions: 5, cycles: 30}
	s, err := startServer(t.Context(), l.places())
	if err != nil {
		t.Fatal(err)
	}
	l.addr, l.server = s.addr, s
	if err := l.comeAndLeave(t.Context()); err != nil {
		t.Error(err)
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
}

// Every attack leaves the server and its other clients as they were.
func TestAttacksLeaveNothing(t *testing.T) {
	l := load{sessions: 2, duration: time.Millisecond, attacks: "all", attackers: 2}
	if err := l.hostile(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestUnknownAttack(t *testing.T) {
	l := load{sessions: 1, duration: time.Millisecond, attacks: "keys,nothing"}
	if err := l.hostile(t.Context()); err == nil || !strings.Contains(err.Error(), `unknown attack "nothing"; allowed: all, half,`) {
		t.Error(err)
	}
}
