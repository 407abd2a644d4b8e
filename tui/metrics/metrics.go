// Package metrics counts what a server does, for Prometheus.
package metrics

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Server counts what an SSH server does. A nil Server counts nothing. It is safe
// for concurrent use.
type Server struct {
	registry   *prometheus.Registry
	open       *prometheus.GaugeVec // by kind: session, watch, console
	began      *prometheus.CounterVec
	refusals   *prometheus.CounterVec
	errors     *prometheus.CounterVec
	frame      prometheus.Histogram
	keyToFrame prometheus.Histogram
	sent       prometheus.Counter
}

// New returns metrics of a server, with those of the process and the runtime.
func New() *Server {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	f := promauto.With(r)
	label := func(opts prometheus.CounterOpts, name string) *prometheus.CounterVec {
		return f.NewCounterVec(opts, []string{name})
	}
	return &Server{
		registry: r,
		open: f.NewGaugeVec(prometheus.GaugeOpts{Name: "resilab_sessions",
			Help: "Sessions that are open."}, []string{"kind"}),
		began: label(prometheus.CounterOpts{Name: "resilab_sessions_began_total",
			Help: "Sessions that have begun."}, "kind"),
		refusals: label(prometheus.CounterOpts{Name: "resilab_refusals_total",
			Help: "What was refused, by reason."}, "reason"),
		errors: label(prometheus.CounterOpts{Name: "resilab_broker_errors_total",
			Help: "Failed work with brokers: starting or leaving a visitor's labs, reading or writing the state."}, "work"),
		frame: f.NewHistogram(prometheus.HistogramOpts{Name: "resilab_frame_seconds",
			Help: "Time to draw a frame.", Buckets: prometheus.ExponentialBuckets(0.0001, 2, 12)}),
		keyToFrame: f.NewHistogram(prometheus.HistogramOpts{Name: "resilab_key_to_frame_seconds",
			Help: "Time from a key to the next bytes for the terminal.", Buckets: prometheus.ExponentialBuckets(0.002, 2, 11)}),
		sent: f.NewCounter(prometheus.CounterOpts{Name: "resilab_sent_bytes_total",
			Help: "Bytes sent to terminals, before encryption."}),
	}
}

// Began counts a session of a kind; the caller must call the function at its end.
func (s *Server) Began(kind string) (ended func()) {
	if s == nil {
		return func() {}
	}
	s.began.WithLabelValues(kind).Inc()
	open := s.open.WithLabelValues(kind)
	open.Inc()
	return open.Dec
}

// Refused counts a refusal. The reasons are few and the server's own words.
func (s *Server) Refused(reason string) {
	if s != nil {
		s.refusals.WithLabelValues(reason).Inc()
	}
}

// BrokerError counts failed work with a broker. The kinds of work are few.
func (s *Server) BrokerError(work string) {
	if s != nil {
		s.errors.WithLabelValues(work).Inc()
	}
}

// Frame records how long a frame took to draw.
func (s *Server) Frame(took time.Duration) {
	if s != nil {
		s.frame.Observe(took.Seconds())
	}
}

// KeyToFrame records how long a key waited for its answer.
func (s *Server) KeyToFrame(took time.Duration) {
	if s != nil {
		s.keyToFrame.Observe(took.Seconds())
	}
}

// Sent counts bytes for a terminal.
func (s *Server) Sent(bytes int) {
	if s != nil {
		s.sent.Add(float64(bytes))
	}
}

// readTimeout bounds how long a client may take to ask.
const readTimeout = 5 * time.Second

// Serve serves the metrics at /metrics until ctx ends. ready, which may be nil,
// is called with the address that it listens on.
func (s *Server) Serve(ctx context.Context, addr string, ready func(net.Addr)) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("serving metrics: %w", err)
	}
	if ready != nil {
		ready(l.Addr())
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{}))
	server := &http.Server{Handler: mux, ReadTimeout: readTimeout, WriteTimeout: readTimeout}
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		_ = server.Close()
	})
	err = server.Serve(l)
	if !stop() {
		<-stopped
	}
	if ctx.Err() != nil && errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serving metrics: %w", err)
}
