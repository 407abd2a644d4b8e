// Package lab is the vocabulary that every lab is written in.
//
// A lab declares its knobs, metrics and actions once, in a Spec. The knob
// panel, the command-line flags, the JSON field names, the variables of a
// course check and the keys of the translations all come from that Spec.
//
// A Lab is the running engine. It never waits for a screen: the screen takes a
// Snapshot. An Experiment runs one lab, keeps its settings and seed, and captures
// runs for comparison.
package lab
