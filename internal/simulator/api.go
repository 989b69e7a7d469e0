// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"time"
)

// maxBody bounds a request's body. A document of ten zones, six datasets and ten windows has some 50 kB.
const maxBody = 1 << 20

// api puts in front of a handler what all endpoints of the API have in common: counting, faults, authentication and
// the request limit.
func (s *Simulator) api(k kind, next handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		counted := &statusRecorder{ResponseWriter: w}
		defer func() { s.counts.add(k, counted.status) }()
		// net/http notices that a client has gone only once the body has been read.
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			writeEnvelopeError(counted, bodyError(err))
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		x := &exchange{kind: k, faults: s.faults.get(), accountBased: accountBased(r)}
		if s.interfere(r.Context(), counted, x) {
			return
		}
		token, refusal := s.authenticate(r)
		if refusal != nil {
			writeEnvelopeError(counted, refusal)
			return
		}
		x.token = token
		if s.admit(counted, x) {
			s.deliver(counted, r, x, next)
		}
	})
}

func bodyError(err error) *apiError {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return newAPIError(http.StatusRequestEntityTooLarge, 10413, "Request body is too large")
	}
	return newAPIError(http.StatusBadRequest, 10400, "Cannot read the request body")
}

// admit counts a request against its limit. Ratelimit headers are documented for REST only.
func (s *Simulator) admit(w http.ResponseWriter, x *exchange) bool {
	if x.kind == kindGraphQL {
		if x.accountBased {
			return true // what it takes depends on the document
		}
		_, _, ok := s.graphql.take(s.now())
		if !ok {
			s.writeRateLimited(w, x.kind)
		}
		return ok
	}
	left, reset, ok := s.rest.take(s.now())
	w.Header().Set("Ratelimit-Policy", fmt.Sprintf(`"default";q=%d;w=%d`, s.config.Limits.RESTRequests, int(ratePeriod/time.Second)))
	w.Header().Set("Ratelimit", fmt.Sprintf(`"default";r=%d;t=%d`, left, seconds(reset)))
	if !ok {
		w.Header().Set("Retry-After", strconv.Itoa(seconds(reset)))
		s.writeRateLimited(w, x.kind)
	}
	return ok
}

// seconds rounds up, as Cloudflare does.
func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }

func (s *Simulator) writeRateLimited(w http.ResponseWriter, k kind) {
	if k == kindGraphQL {
		s.writeGraphQLError(w, errBudget())
		return
	}
	writeEnvelopeError(w, errTooManyRequests())
}

// get refuses all methods but GET.
func get(next http.HandlerFunc) handler {
	return func(w http.ResponseWriter, r *http.Request, _ *exchange) {
		if r.Method != http.MethodGet {
			writeEnvelopeError(w, errMethodNotAllowed())
			return
		}
		next(w, r)
	}
}

// statusRecorder remembers the status of an answer; it is 0 as long as there is none.
type statusRecorder struct {
	http.ResponseWriter
	status int
}

// Unwrap lets http.ResponseController reach the connection.
func (w *statusRecorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *statusRecorder) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusRecorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}
