package sshd

import "time"

// timeLimits are how long a visitor may stay.
type timeLimits struct {
	idle, stay time.Duration // without a key; in all
	warn       time.Duration // how long before the end it is announced
}

// ending is why a session ended, as a key of the texts.
type ending string

const (
	endIdle     ending = "idle"
	endStay     ending = "stay"
	endShutdown ending = "shutdown"
	endPanic    ending = "panic"
	endNoStart  ending = "nostart"
	endCode     ending = "code" // too many wrong personal codes
	endLeft     ending = "left" // with ctrl+c, before the labs
	endLost     ending = "lost" // the connection broke, and the person did not reconnect in time
	endTeacher  ending = "teacher"
	endTaken    ending = "taken" // another session of the person took over
)

// left returns how much time remains and which limit comes first.
func (l timeLimits) left(now, began, lastKey time.Time) (time.Duration, ending) {
	idle, stay := lastKey.Add(l.idle).Sub(now), began.Add(l.stay).Sub(now)
	if stay < idle {
		return stay, endStay
	}
	return idle, endIdle
}
