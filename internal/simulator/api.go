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
func (s *Simulator) api(k kind, next http.HandlerFunc) http.Handler {
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
		fault := s.faultOf(k)
		if s.interfere(r.Context(), counted, fault, k) {
			return
		}
		if err := s.authenticate(r); err != nil {
			writeEnvelopeError(counted, err)
			return
		}
		if !s.admit(counted, k) {
			return
		}
		if s.faults.strikes(fault.MalformedRate) {
			breakOff(counted, r, next)
			return
		}
		next(counted, r)
	})
}

func bodyError(err error) *apiError {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return newAPIError(http.StatusRequestEntityTooLarge, 10413, "Request body is too large")
	}
	return newAPIError(http.StatusBadRequest, 10400, "Cannot read the request body")
}

func (s *Simulator) faultOf(k kind) Fault {
	if k == kindGraphQL {
		return s.faults.get().GraphQL
	}
	return s.faults.get().REST
}

// admit counts a request against its limit. Ratelimit headers are documented for REST only.
func (s *Simulator) admit(w http.ResponseWriter, k kind) bool {
	if k == kindGraphQL {
		_, _, ok := s.graphql.take(s.now())
		if !ok {
			s.writeRateLimited(w, k)
		}
		return ok
	}
	left, reset, ok := s.rest.take(s.now())
	w.Header().Set("Ratelimit-Policy", fmt.Sprintf(`"default";q=%d;w=%d`, s.config.Limits.RESTRequests, int(ratePeriod/time.Second)))
	w.Header().Set("Ratelimit", fmt.Sprintf(`"default";r=%d;t=%d`, left, seconds(reset)))
	if !ok {
		w.Header().Set("Retry-After", strconv.Itoa(seconds(reset)))
		s.writeRateLimited(w, k)
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

// breakOff sends the first half of an answer as if it were all.
func breakOff(w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
	whole := &answerBuffer{header: w.Header(), status: http.StatusOK}
	next(whole, r)
	w.WriteHeader(whole.status)
	_, _ = w.Write(whole.body.Bytes()[:whole.body.Len()/2])
}

// get refuses all methods but GET.
func get(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
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

// answerBuffer holds an answer back.
type answerBuffer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *answerBuffer) Header() http.Header         { return w.header }
func (w *answerBuffer) WriteHeader(status int)      { w.status = status }
func (w *answerBuffer) Write(b []byte) (int, error) { return w.body.Write(b) }
