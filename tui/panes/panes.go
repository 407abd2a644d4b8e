// Package panes registers the labs' own pictures.
package panes

import (
	"resilab/tui/pane"
	"resilab/tui/pane/cacheaside"
	"resilab/tui/pane/convoy"
	"resilab/tui/pane/retry"
)

// All returns the pictures by the id of their lab. A lab without one is shown
// with the generic pane.
func All() pane.Registry {
	return pane.Registry{"retry": retry.Picture{}, "convoy": convoy.Picture{}, "cacheaside": cacheaside.Picture{}}
}
