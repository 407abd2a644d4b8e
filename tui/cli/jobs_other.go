//go:build !unix

package cli

func hasJobControl() bool { return false }
