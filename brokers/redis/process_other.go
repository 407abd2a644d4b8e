//go:build !linux

package redis

import "syscall"

// tiedToParent can tie nothing here: a program that is killed leaves its
// server running.
func tiedToParent() *syscall.SysProcAttr { return nil }

// runs reports true, because it cannot be known here: abandoned folders stay.
func runs(int) bool { return true }
