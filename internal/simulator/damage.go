// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"bytes"
	"maps"
	"net/http"
	"slices"
	"strconv"
)

// handler answers one exchange.
type handler func(w http.ResponseWriter, r *http.Request, x *exchange)

// deliver answers, and damages the answer on its way if a fault says so.
func (s *Simulator) deliver(w http.ResponseWriter, r *http.Request, x *exchange, next handler) {
	switch fault := x.fault(); {
	case s.faults.strikes(fault.MalformedRate):
		s.breakOff(w, r, x, next, false)
	case s.faults.strikes(fault.TruncatedRate):
		s.breakOff(w, r, x, next, true)
	default:
		next(w, r, x)
	}
}

// breakOff sends the first half of an answer: as if it were all, or with a connection that ends in the middle.
func (s *Simulator) breakOff(w http.ResponseWriter, r *http.Request, x *exchange, next handler, cut bool) {
	whole := &answerBuffer{header: w.Header(), status: http.StatusOK}
	x.lost = true
	next(whole, r, x)
	if cut {
		w.Header().Set("Content-Length", strconv.Itoa(whole.body.Len()))
	}
	w.WriteHeader(whole.status)
	_, _ = w.Write(whole.body.Bytes()[:whole.body.Len()/2])
	if cut {
		_ = http.NewResponseController(w).Flush() // recorders of tests, too, shall have the first half
		panic(http.ErrAbortHandler)
	}
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

// answered is a node's answer, which a fault may still damage.
type answered struct {
	rows  []map[string]any
	reads []int // which of the exchange's reads it tells
}

// loseField takes one field out of one row of an answer, and marks the node's reads as lost. An answer without
// rows stays as it is.
func (e *execution) loseField() {
	withRows := slices.DeleteFunc(slices.Clone(e.answers), func(a answered) bool { return len(a.rows) == 0 })
	if len(withRows) == 0 {
		return
	}
	hit := withRows[e.simulator.faults.pick(len(withRows))]
	object := hit.rows[e.simulator.faults.pick(len(hit.rows))]
	for {
		names := slices.Sorted(maps.Keys(object))
		name := names[e.simulator.faults.pick(len(names))]
		nested, ok := object[name].(map[string]any)
		if !ok || len(nested) == 0 || e.simulator.faults.strikes(0.5) {
			delete(object, name)
			break
		}
		object = nested
	}
	for _, i := range hit.reads {
		e.exchange.reads[i].Lost = true
	}
}
