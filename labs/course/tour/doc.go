// Package tour plays tours: demonstrations that run by themselves on a live lab.
// A step changes settings or injects a fault, says one sentence, and waits until
// the figures show what it announced. Tours are files of the course, one for each
// lab and one of the whole; package tour knows no screen.
package tour
