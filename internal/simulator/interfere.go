// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"context"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// exchange is one request of the API while it is answered.
type exchange struct {
	kind   kind
	faults Faults // those in force when the request came
	reads  []Read // what the answer tells, if that is recorded
	lost   bool   // the answer will not arrive whole

	accountBased bool // rate limiting
	token        Token
}

// fault is what goes wrong with the exchange's kind of request.
func (x *exchange) fault() Fault {
	if x.kind == kindGraphQL {
		return x.faults.GraphQL
	}
	return x.faults.REST
}

// interfere answers in place of the API if a fault says so, and tells whether it did.
func (s *Simulator) interfere(ctx context.Context, w http.ResponseWriter, x *exchange) bool {
	fault := x.fault()
	s.delay(ctx, fault)
	if outage := x.outage(s.now()); outage != nil {
		s.outOfService(w, x, outage)
		return true
	}
	switch {
	case fault.Hang || s.faults.strikes(fault.HangRate):
		s.hang(ctx)
		panic(http.ErrAbortHandler)
	case fault.Unauthorized:
		writeEnvelopeError(w, errInvalidToken())
	case fault.RateLimited || s.faults.strikes(fault.RateLimitedRate):
		if fault.RetryAfterSeconds > 0 && (fault.RetryAfterShare == 0 || s.faults.strikes(fault.RetryAfterShare)) {
			w.Header().Set("Retry-After", strconv.Itoa(fault.RetryAfterSeconds))
		}
		s.writeRateLimited(w, x.kind)
	case s.faults.strikes(fault.ServerErrorRate):
		writeEnvelopeError(w, errInternal())
	case s.faults.strikes(fault.UnavailableRate):
		s.writeUnavailable(w, x.kind)
	case s.faults.strikes(fault.ResetRate):
		reset(w)
	default:
		return false
	}
	return true
}

// delay lets the latency of a request pass. A request whose client has gone meanwhile ends here.
func (s *Simulator) delay(ctx context.Context, fault Fault) {
	latency := fault.LatencySeconds
	if fault.LatencyJitterSeconds > 0 {
		latency += fault.LatencyJitterSeconds * s.faults.roll()
	}
	if latency == 0 {
		return
	}
	s.config.Sleep(ctx, inSeconds(latency))
	if ctx.Err() != nil {
		panic(http.ErrAbortHandler)
	}
}

// inSeconds makes a duration of a number of seconds.
func inSeconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }

// sleep is what [Config.Sleep] is by default.
func (s *Simulator) sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-s.closed:
	}
}

// hang returns when the client has gone away or the simulator is closed.
func (s *Simulator) hang(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-s.closed:
	}
}

// outage returns the outage that there is at an instant, or nil.
func (x *exchange) outage(now time.Time) *Outage {
	i := slices.IndexFunc(x.faults.Outages, func(o Outage) bool { return !now.Before(o.From) && now.Before(o.To) })
	if i < 0 {
		return nil
	}
	return &x.faults.Outages[i]
}

func (s *Simulator) outOfService(w http.ResponseWriter, x *exchange, outage *Outage) {
	if outage.Reset {
		reset(w)
		return
	}
	s.writeUnavailable(w, x.kind)
}

func (s *Simulator) writeUnavailable(w http.ResponseWriter, k kind) {
	if k == kindGraphQL {
		s.writeGraphQLError(w, errBusy(s.faults.pick(len(busyTexts()))))
		return
	}
	writeEnvelopeError(w, errUnavailable())
}

// reset ends the connection with a TCP reset, so that the client reads no answer and no end of one.
func reset(w http.ResponseWriter) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // HTTP/2, and recorders of tests, cannot be hijacked
	}
	if tcp, ok := connection.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // without it, Close would end the stream in good order
	}
	_ = connection.Close()
}

// skewed is what a Date header shows for now.
func (s *Simulator) skewed(now time.Time) time.Time {
	faults := s.faults.get()
	off := faults.ClockSkewSeconds
	if faults.ClockJumpSeconds > 0 {
		off += faults.ClockJumpSeconds * (2*s.faults.roll() - 1)
	}
	return now.Add(inSeconds(off))
}
