//go:build !unix

package cli

import "context"

// terminalWatch needs files that are handed to a second process.
type terminalWatch struct{}

func watchTerminal(World) (*terminalWatch, error) { return &terminalWatch{}, nil }

func (*terminalWatch) await() error { return nil }

func (*terminalWatch) close() error { return nil }

func isTerminalWatch(World) bool { return false }

func beTerminalWatch(context.Context, World) int { return exitFailed }
