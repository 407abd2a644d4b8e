// Package kit is what the engines of the labs are built from: the life cycle of
// a lab (Runner), arrivals that can be paused and stepped, histograms,
// stopwatches, random streams and a log that bounds routine lines.
//
// A lab writes an Engine, which says what the work is and what is measured; the
// Runner makes a lab.Lab of it.
package kit
