package policy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"time"
)

// Class is what an outcome means to a retry.
type Class int

// The classes of outcomes.
const (
	Success   Class = iota
	Transient       // may pass if tried again
	Permanent       // would fail in the same way again
)

func (c Class) String() string {
	return [...]string{"success", "transient", "permanent"}[c]
}

// StatusError is an answer that is not a success.
type StatusError struct {
	Status int           // the HTTP status
	After  time.Duration // Retry-After, 0 if the server named none
	Msg    string        // what the server said
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("%d %s: %s", e.Status, http.StatusText(e.Status), e.Msg)
}

// RetryAfter is the wait the server asked for, 0 if none.
func (e *StatusError) RetryAfter() time.Duration { return e.After }

// Classify sorts errors by what is known about them. Time-outs, connections
// that break or do not come about, and the statuses 408, 425, 429, 500, 502, 503 and 504 are transient.
// An error may declare it with a method Transient() bool. Everything else is
// permanent: a retry must have a reason.
func Classify(err error) Class {
	var self interface{ Transient() bool }
	var status *StatusError
	var network net.Error
	switch {
	case err == nil:
		return Success
	case errors.As(err, &self):
		return transientIf(self.Transient())
	case errors.As(err, &status):
		return transientIf(transientStatus(status.Status))
	case errors.Is(err, context.Canceled):
		return Permanent
	case errors.As(err, &network) && network.Timeout():
		return Transient
	}
	return transientIf(brokenConnection(err))
}

// Blind takes every error for transient, as a client without a classifier does.
func Blind(err error) Class {
	if err == nil {
		return Success
	}
	return Transient
}

func transientIf(yes bool) Class {
	if yes {
		return Transient
	}
	return Permanent
}

func transientStatus(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests,
		http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

func brokenConnection(err error) bool {
	for _, broken := range []error{
		syscall.ECONNRESET, syscall.ECONNREFUSED, syscall.EHOSTUNREACH, syscall.ENETUNREACH,
		syscall.EPIPE, io.EOF, io.ErrUnexpectedEOF,
	} {
		if errors.Is(err, broken) {
			return true
		}
	}
	return false
}
