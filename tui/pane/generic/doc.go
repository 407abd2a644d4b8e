// Package generic draws the parts of a lab's screen that follow from its Spec
// alone: the knob panel, the cards, the comparison of two runs, the log, the
// banner of troubles, and a picture for a lab that brings none.
package generic
