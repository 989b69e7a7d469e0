// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package workersmetricsreceiver

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/receiver/workersmetricsreceiver/internal/aggregate"
)

const (
	// maxBodyBytes is what the bodies of all requests take together at most; more are told to come again.
	maxBodyBytes = 64 << 20
	// bodyStep is how much of that a body takes at a time.
	bodyStep = 32 << 10

	retryAfter = time.Second
)

// server has the routes. Authentication, decompression and the limits of time and size are confighttp's.
type server struct {
	writer    *writer
	telemetry *telemetry
	keyTTL    time.Duration
	bodies    *semaphore.Weighted
	mux       *http.ServeMux
}

// answer is what a request is answered with.
type answer struct {
	status      int
	contentType string
	body        []byte
	retryAfter  time.Duration // 0: nothing is said
}

// httpError is a refusal with a status of its own.
type httpError struct {
	status  int
	message string
}

func (e *httpError) Error() string { return e.message }

func failure(status int, format string, args ...any) error {
	return &httpError{status: status, message: fmt.Sprintf(format, args...)}
}

func newServer(w *writer, t *telemetry, config *Config) *server {
	s := &server{
		writer: w, telemetry: t, keyTTL: config.Idempotency.TTL, bodies: semaphore.NewWeighted(maxBodyBytes), mux: http.NewServeMux(),
	}
	for pattern, r := range map[string]struct {
		route  route
		handle func(*http.Request, []byte) (answer, error)
	}{
		"POST /{$}":        {otlpRoute, s.otlp},
		"POST /v1/metrics": {otlpRoute, s.otlp},

		"GET /metrics":           {readRoute, s.read},
		"POST /metrics":          {pushRoute, s.push},
		"PATCH /metrics/{name}":  {incrementRoute, s.increment},
		"DELETE /metrics/{name}": {deleteRoute, s.delete},

		"POST /metrics/job/{labels...}":          {groupRoute, s.pushGroup},
		"PUT /metrics/job/{labels...}":           {groupRoute, s.pushGroup},
		"DELETE /metrics/job/{labels...}":        {groupRoute, s.deleteGroup},
		"POST /metrics/job@base64/{labels...}":   {groupRoute, s.pushGroup},
		"PUT /metrics/job@base64/{labels...}":    {groupRoute, s.pushGroup},
		"DELETE /metrics/job@base64/{labels...}": {groupRoute, s.deleteGroup},
	} {
		s.mux.HandleFunc(pattern, func(w http.ResponseWriter, req *http.Request) { s.handle(w, req, r.route, r.handle) })
	}
	return s
}

// ServeHTTP answers one request.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

func (s *server) handle(w http.ResponseWriter, r *http.Request, to route, do func(*http.Request, []byte) (answer, error)) {
	body := s.newBody(r)
	defer body.release()
	content, err := body.read()
	var a answer
	if err == nil {
		a, err = do(r, content)
	}
	if err != nil {
		a = s.refusal(err)
		if to == otlpRoute {
			a = otlpRefusal(r, a)
		}
	}
	s.telemetry.request(request{to, a.status})
	a.write(w)
}

func (a answer) write(w http.ResponseWriter) {
	if a.retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(max(a.retryAfter, time.Second)/time.Second)))
	}
	if a.contentType != "" {
		w.Header().Set("Content-Type", a.contentType)
		w.Header().Set("X-Content-Type-Options", "nosniff")
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // whoever asked has gone
}

// refusal says why something was not done.
func (s *server) refusal(err error) answer {
	a := answer{status: http.StatusInternalServerError, contentType: "text/plain; charset=utf-8", body: []byte(err.Error() + "\n")}
	var refused *aggregate.Refusal
	var known *httpError
	var unsaved notSavedError
	switch {
	case errors.As(err, &known):
		a.status = known.status
	case errors.As(err, &refused):
		a.status = status(refused.Reason)
		if refused.Reason == aggregate.Busy {
			a.retryAfter = s.keyTTL / 8
		}
	case errors.Is(err, errOverloaded), errors.Is(err, errStopped), errors.Is(err, errTooMuch):
		a.status, a.retryAfter = http.StatusServiceUnavailable, retryAfter
	case errors.As(err, &unsaved):
		a.status, a.retryAfter = http.StatusServiceUnavailable, 10*retryAfter
		a.body = []byte("nothing was counted, since it could not be saved; the receiver's log says why\n")
	}
	return a
}

func status(reason aggregate.Reason) int {
	switch reason {
	case aggregate.Conflict:
		return http.StatusConflict
	case aggregate.Full, aggregate.KeyReused:
		return http.StatusUnprocessableEntity
	case aggregate.Busy:
		return http.StatusServiceUnavailable
	case aggregate.Invalid:
	}
	return http.StatusBadRequest
}

// change has the store changed, once if the request has an idempotency key, and counts the points of its outcome.
func (s *server) change(r *http.Request, body []byte, do func(*aggregate.Store) (aggregate.Outcome, error)) (aggregate.Outcome, error) {
	key, err := keyOf(r, body)
	if err != nil {
		return aggregate.Outcome{}, err
	}
	var outcome aggregate.Outcome
	err = s.writer.submit(func(store *aggregate.Store) error {
		_, err := store.Once(key, func() error {
			var err error
			outcome, err = do(store)
			return err
		})
		return err
	}, false)
	if err != nil {
		return aggregate.Outcome{}, err
	}
	s.telemetry.points(outcome)
	return outcome, nil
}

var errTooMuch = errors.New("the requests at hand take too much memory")

// body is the body of a request, which takes of the memory that all bodies share as it comes in.
type body struct {
	server *server
	from   *http.Request
	taken  int64
}

func (s *server) newBody(r *http.Request) *body { return &body{server: s, from: r} }

func (b *body) take(n int64) error {
	if !b.server.bodies.TryAcquire(n) {
		return errTooMuch
	}
	b.taken += n
	return nil
}

func (b *body) release() { b.server.bodies.Release(b.taken) }

func (b *body) read() ([]byte, error) {
	r := b.from
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	size := int64(0)
	if r.ContentLength > 0 && r.ContentLength < bodyStep {
		size = r.ContentLength
	}
	content := make([]byte, 0, size+512)
	for {
		if int64(cap(content)) > b.taken {
			if err := b.take(int64(cap(content)) - b.taken); err != nil {
				return nil, err
			}
		}
		n, err := r.Body.Read(content[len(content):cap(content)])
		content = content[:len(content)+n]
		switch {
		case errors.Is(err, io.EOF):
			return content, nil
		case err != nil:
			return nil, bodyError(err)
		case len(content) == cap(content):
			content = append(content, 0)[:len(content)]
		}
	}
}

func bodyError(err error) error {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return failure(http.StatusRequestEntityTooLarge, "the body is larger than %d bytes (http::max_request_body_size)", tooLarge.Limit)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return failure(http.StatusRequestTimeout, "the body came too slowly")
	}
	return failure(http.StatusBadRequest, "the body cannot be read: %v", err)
}
