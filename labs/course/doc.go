// Package course is the guided part of resilab: experiment cards that a
// student works through. Predict, take run A, change something, take run B,
// and an expression over the lab's metrics decides.
//
// Cards are files (content/), not code. They are checked against their lab's
// Spec when they are loaded. Everything here is pure: it draws nothing, and
// the caller passes the present time.
package course
