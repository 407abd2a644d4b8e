//go:build !linux

package redis

import "syscall"

// tiedToParent can tie nothing here: a program that is killed leaves its
// server running.
func tiedToParent() *syscall.SysProcAttr { return nil }
