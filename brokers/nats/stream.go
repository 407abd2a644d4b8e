package nats

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	// AckWait is how long the server waits for a consumer that is silent. It does not
	// notice that a consumer has died: what that one had is delivered again when AckWait
	// is over.
	AckWait = 5 * time.Second
	// Heartbeat is how often a consumer reports that it still works.
	Heartbeat = time.Second

	// Duplicates is how long the server remembers the ids of messages.
	Duplicates = 30 * time.Second

	// What a program leaves that was killed: the server deletes consumers that are not
	// used for inactiveAfter, and messages after maxAge. The streams remain, until Sweep.
	inactiveAfter = 5 * time.Minute
	maxAge        = 24 * time.Hour
)

// streamMark marks the streams that Sweep may delete.
const streamMark = "resilab"

// Stream is a stream of lanes, as one connection sees it. The subject of a message that
// has no lane yet ends in its key; the server replaces it by the subject of a lane.
type Stream struct {
	conn  *Conn
	name  string
	keyed bool
}

// StreamName returns a name that a stream can have.
func StreamName(namespace string) string { return strings.ReplaceAll(namespace, ".", "_") }

// Stream returns the stream with a name, which Declare declares. keyed makes the server
// share messages out by their keys.
func (c *Conn) Stream(name string, keyed bool) *Stream {
	return &Stream{conn: c, name: name, keyed: keyed}
}

// KeySubject is where a message goes that has a key: a word without spaces, dots, * and >.
func (s *Stream) KeySubject(key string) string { return s.name + ".order." + key }

// LaneSubject is where a message with a key goes if it is for a lane, from 0.
func (s *Stream) LaneSubject(lane int, key string) string {
	return fmt.Sprintf("%s.lane.%d.%s", s.name, lane, key)
}

// DeadSubject is where a message with a key goes that no consumer can handle.
func (s *Stream) DeadSubject(key string) string { return s.deadName() + "." + key }

func (s *Stream) deadName() string { return s.name + "-dead" }

// config returns the stream with so many lanes. What is acknowledged is deleted, so that
// the stream holds what is to be handled.
func (s *Stream) config(lanes int) jetstream.StreamConfig {
	c := jetstream.StreamConfig{
		Name: s.name, Subjects: []string{s.KeySubject("*"), s.name + ".lane.*.*"},
		Retention: jetstream.WorkQueuePolicy, Discard: jetstream.DiscardNew, Storage: jetstream.FileStorage,
		MaxAge: maxAge, Duplicates: Duplicates, Metadata: map[string]string{streamMark: "lanes"},
	}
	if s.keyed {
		c.SubjectTransform = &jetstream.SubjectTransformConfig{
			Source: s.KeySubject("*"), Destination: fmt.Sprintf("%s.lane.{{partition(%d,1)}}.{{wildcard(1)}}", s.name, lanes),
		}
	}
	return c
}

// Declare declares the stream with so many lanes, without their consumers. It reports
// whether the server did not have the stream.
func (s *Stream) Declare(ctx context.Context, lanes int) (created bool, err error) {
	_, err = s.conn.js.Stream(ctx, s.name)
	created = errors.Is(err, jetstream.ErrStreamNotFound)
	if err != nil && !created {
		return false, s.failed("looking for", err)
	}
	dead := jetstream.StreamConfig{Name: s.deadName(), Subjects: []string{s.DeadSubject("*")}, Storage: jetstream.FileStorage,
		MaxAge: maxAge, Duplicates: Duplicates, Metadata: map[string]string{streamMark: "dead"}}
	for _, config := range []jetstream.StreamConfig{s.config(lanes), dead} {
		if _, err = s.conn.js.CreateOrUpdateStream(ctx, config); err != nil {
			return created, s.failed("declaring", err)
		}
	}
	return created, nil
}

// SetLanes makes the server share the keys out among so many lanes.
func (s *Stream) SetLanes(ctx context.Context, lanes int) error {
	if _, err := s.conn.js.UpdateStream(ctx, s.config(lanes)); err != nil {
		return s.failed(fmt.Sprintf("setting %d lanes of", lanes), err)
	}
	return nil
}

// Consumer declares the consumer of a lane, which may have so many messages
// unacknowledged.
func (s *Stream) Consumer(ctx context.Context, lane, unacked int) (jetstream.Consumer, error) {
	c, err := s.conn.js.CreateOrUpdateConsumer(ctx, s.name, jetstream.ConsumerConfig{
		Durable: consumerName(lane), FilterSubject: s.LaneSubject(lane, "*"),
		AckPolicy: jetstream.AckExplicitPolicy, AckWait: AckWait, MaxAckPending: unacked, InactiveThreshold: inactiveAfter,
	})
	if err != nil {
		return nil, s.failed(fmt.Sprintf("declaring the consumer of lane %d in", lane), err)
	}
	return c, nil
}

// RemoveConsumer removes the consumer of a lane.
func (s *Stream) RemoveConsumer(ctx context.Context, lane int) error {
	if err := s.conn.js.DeleteConsumer(ctx, s.name, consumerName(lane)); err != nil {
		return s.failed(fmt.Sprintf("removing the consumer of lane %d in", lane), err)
	}
	return nil
}

// Unacked counts the messages of a lane that are not acknowledged, delivered or not.
func (s *Stream) Unacked(ctx context.Context, lane int) (int, error) {
	c, err := s.conn.js.Consumer(ctx, s.name, consumerName(lane))
	if err != nil {
		return 0, s.failed(fmt.Sprintf("looking at lane %d in", lane), err)
	}
	info := c.CachedInfo() // just fetched
	return int(info.NumPending) + info.NumAckPending, nil
}

// DeadLetter stores a message that no consumer can handle. Within Duplicates a message with the
// same id is stored once.
func (s *Stream) DeadLetter(ctx context.Context, key, id string, body []byte) error {
	if _, err := s.conn.js.Publish(ctx, s.DeadSubject(key), body, jetstream.WithMsgID(id)); err != nil {
		return s.failed("moving a message to the dead letters of", err)
	}
	return nil
}

// Delete removes the stream with all that is in it.
func (s *Stream) Delete(ctx context.Context) error {
	return errors.Join(s.conn.js.DeleteStream(ctx, s.name), s.conn.js.DeleteStream(ctx, s.deadName()))
}

// Sweep deletes the streams that killed programs have left: those whose consumers the
// server has deleted because nobody used them.
func (c *Conn) Sweep(ctx context.Context) error { return c.sweep(ctx, time.Now()) }

func (c *Conn) sweep(ctx context.Context, now time.Time) error {
	all := c.js.ListStreams(ctx)
	var left []string
	for info := range all.Info() {
		if info.Config.Metadata[streamMark] == "lanes" && info.State.Consumers == 0 && now.Sub(info.Created) > inactiveAfter {
			left = append(left, info.Config.Name)
		}
	}
	errs := []error{all.Err()}
	for _, name := range left {
		errs = append(errs, c.Stream(name, false).Delete(ctx))
	}
	return errors.Join(errs...)
}

func consumerName(lane int) string { return "lane-" + strconv.Itoa(lane) }

func (s *Stream) failed(doing string, err error) error {
	return fmt.Errorf("%s the stream %s in NATS at %s: %w", doing, s.name, s.conn.addr, err)
}
