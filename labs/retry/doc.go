// Package retry is the Retry lab: operations of a shop call a gateway that fails
// on purpose, over real HTTP, under a policy that can be tuned while they run.
//
// Every operation gets the same random faults in every run of a seed, whatever the
// policy, so that "with retry" and "without" can be compared in one run: without,
// the operation would have ended with its first attempt.
package retry
