// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"encoding/json"
	"net/http"
	"time"
)

// graphqlRequest is the body of a query.
type graphqlRequest struct {
	Query         string         `json:"query"`
	OperationName string         `json:"operationName"`
	Variables     map[string]any `json:"variables"`
}

type graphqlResponse struct {
	Data   any            `json:"data"`
	Errors []graphqlError `json:"errors"` // null without errors, as Cloudflare has it
}

type graphqlError struct {
	Message    string            `json:"message"`
	Path       []string          `json:"path"`
	Extensions map[string]string `json:"extensions"`
}

func (s *Simulator) serveGraphQL(w http.ResponseWriter, r *http.Request, x *exchange) {
	if r.Method != http.MethodPost {
		writeEnvelopeError(w, errMethodNotAllowed())
		return
	}
	var request graphqlRequest
	decoder := json.NewDecoder(r.Body)
	decoder.UseNumber()
	if err := decoder.Decode(&request); err != nil {
		s.writeGraphQLError(w, errQuery("the body is not a JSON object with a query"))
		return
	}
	data, err := s.answer(request, x)
	if err != nil {
		s.writeGraphQLError(w, err)
		return
	}
	if s.faults.strikes(x.faults.Answers.NullRate) {
		writeJSON(w, http.StatusOK, graphqlResponse{})
		return
	}
	s.reads.add(x.reads) // before the client can know
	writeJSON(w, http.StatusOK, graphqlResponse{Data: data})
}

// answer parses, checks and executes a query. There are no partial answers.
func (s *Simulator) answer(request graphqlRequest, x *exchange) (map[string]any, *queryError) {
	doc, err := s.prepare(request)
	if err != nil {
		return nil, err
	}
	if err := s.failAnswer(x); err != nil {
		return nil, err
	}
	e := &execution{
		simulator: s, world: s.world(), exchange: x, document: doc, now: s.now(),
		noZones: x.faults.EmptyZones || s.faults.strikes(x.faults.Answers.EmptyZonesRate),
	}
	data, err := e.root()
	if err == nil && s.faults.strikes(x.faults.Answers.MissingFieldRate) {
		e.loseField()
	}
	return data, err
}

// failAnswer is an error inside HTTP 200 that has nothing to do with the query, if a fault says so.
func (s *Simulator) failAnswer(x *exchange) *queryError {
	var err *queryError
	switch {
	case s.faults.strikes(x.faults.Answers.ErrorRate):
		err = errTransient(s.faults.pick(len(transientTexts())))
	case s.faults.strikes(x.faults.Answers.BudgetRate):
		err = errBudgetText(s.faults.pick(len(budgetTexts())))
	default:
		return nil
	}
	err.status = http.StatusOK
	return err
}

func (s *Simulator) writeGraphQLError(w http.ResponseWriter, err *queryError) {
	extensions := map[string]string{"timestamp": s.now().Format(time.RFC3339Nano)}
	if err.code != "" {
		extensions["code"] = err.code
	}
	writeJSON(w, err.status, graphqlResponse{
		Errors: []graphqlError{{Message: err.message, Path: err.path, Extensions: extensions}},
	})
}
