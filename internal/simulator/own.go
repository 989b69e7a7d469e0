// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// serveTruth answers GET /truth?from=&to=&all=1: from and to are RFC 3339 instants, the stream's begin and the clock if
// absent; all=1 adds the totals of datasets that a zone's plan keeps from its owner; visible_at=, an instant too, leaves out the
// events that could not be seen then.
func (s *Simulator) serveTruth(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	from, err := instant(query, "from")
	if err != nil {
		writeEnvelopeError(w, errInvalidParameter(err.Error()))
		return
	}
	to, err := instant(query, "to")
	if err != nil {
		writeEnvelopeError(w, errInvalidParameter(err.Error()))
		return
	}
	at, err := instant(query, "visible_at")
	if err != nil {
		writeEnvelopeError(w, errInvalidParameter(err.Error()))
		return
	}
	totals := s.truth(from, to, query.Get("all") == "1")
	if !at.IsZero() {
		totals = s.TruthVisible(from, to, at)
	}
	if totals == nil {
		totals = []Total{}
	}
	writeJSON(w, http.StatusOK, totals)
}

// instant reads an RFC 3339 instant; the zero time if it is absent.
func instant(query url.Values, key string) (time.Time, error) {
	if !query.Has(key) {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, query.Get(key))
	if err != nil {
		return time.Time{}, fmt.Errorf("%s is not an RFC 3339 instant: %w", key, err)
	}
	return t, nil
}

// serveFaults tells the faults in force, after having replaced them if the method is PUT.
func (s *Simulator) serveFaults(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPut {
		faults, err := ParseFaults(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			writeEnvelopeError(w, errInvalidParameter(err.Error()))
			return
		}
		s.SetFaults(faults)
	}
	writeJSON(w, http.StatusOK, s.faults.get())
}
