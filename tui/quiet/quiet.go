// Package quiet keeps the program from questioning its terminal at start.
//
// Bubble Tea v1 asks the terminal for its background as soon as it is linked
// in, before main, and waits up to five seconds for an answer. A terminal that
// does not answer shows nothing until then, and the first keys are lost; a
// command that draws nothing asks as well. Terminals called "dumb" are not
// asked, so that is what the terminal is called while Bubble Tea initialises.
//
// The order is the language's: packages are initialised in the order of their
// import paths, each as soon as what it imports is. This one needs only
// syscall, Bubble Tea needs time, and "resilab/…" stands before "time".
package quiet

import "syscall"

const variable = "TERM"

// term is what the terminal is called, until Done has given it back.
var term, named = syscall.Getenv(variable)

func init() {
	// Where this fails the question is asked: slower, but not wrong. A terminal
	// without a name is asked as well.
	_ = syscall.Setenv(variable, "dumb")
}

// Done gives the terminal its name back. A package that imports Bubble Tea
// calls it while it is initialised, and so after Bubble Tea.
func Done() {
	if named {
		_ = syscall.Setenv(variable, term)
		return
	}
	_ = syscall.Unsetenv(variable)
}
