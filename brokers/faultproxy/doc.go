// Package faultproxy is a TCP proxy on the loopback interface that adds faults
// to the connections between a client and a broker: latency, refused
// connections, silence, and cuts. The connections themselves are real.
//
// A connection either stays whole or ends. No byte of a connection is lost or
// reordered while the connection lasts, because TCP hides lost packets from
// programs.
package faultproxy
