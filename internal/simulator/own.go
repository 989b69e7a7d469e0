// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// serveTruth answers POST /truth?from=&to=&all=1 with a list of [Grouping] as its body: from and to are RFC 3339 instants, the stream's
// begin and the clock if absent; all=1 adds the totals of datasets that a zone's plan keeps from its owner; visible_at=, an
// instant too, leaves out the events that could not be seen then.
func (s *Simulator) serveTruth(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		writeEnvelopeError(w, errMethodNotAllowed())
		return
	}
	groupings, err := parseGroupings(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		writeEnvelopeError(w, errInvalidParameter(err.Error()))
		return
	}
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
	totals, err := s.truthAt(from, to, at, query.Get("all") == "1", groupings)
	if err != nil {
		writeEnvelopeError(w, errInvalidParameter(err.Error()))
		return
	}
	writeJSON(w, http.StatusOK, append([]Total{}, totals...))
}

func (s *Simulator) truthAt(from, to, at time.Time, all bool, groupings []Grouping) ([]Total, error) {
	switch {
	case !at.IsZero():
		return s.TruthVisible(from, to, at, groupings...)
	case all:
		return s.TruthAll(from, to, groupings...)
	default:
		return s.Truth(from, to, groupings...)
	}
}

// parseGroupings reads a JSON list. Numbers stay as they are written.
func parseGroupings(body io.Reader) ([]Grouping, error) {
	decoder := json.NewDecoder(body)
	decoder.UseNumber()
	decoder.DisallowUnknownFields()
	var groupings []Grouping
	if err := decoder.Decode(&groupings); errors.Is(err, io.EOF) || err == nil && len(groupings) == 0 {
		return nil, errors.New("the body must be a JSON list of groupings, such as " +
			`[{"name": "requests", "scope": "zone", "dataset": "httpRequests1mGroups", "measure": "sum.requests"}]`)
	} else if err != nil {
		return nil, fmt.Errorf("reading the groupings: %w", err)
	}
	return groupings, nil
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
