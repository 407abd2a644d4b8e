// Command resilab is a terminal lab environment for three cloud patterns:
// Retry, Sequential Convoy and Cache-Aside.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"resilab/labs"
	"resilab/tui/cli"
	"resilab/tui/panes"
)

// version is set by packagers who build from an archive without a repository:
// go build -ldflags '-X main.version=v1.2.3'. Go records it otherwise.
var version string

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	return cli.Main(ctx, cli.World{
		Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, Hangup: hangup,
		Labs: labs.All(), Panes: panes.All(), Version: version,
	})
}
