// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflare

import (
	"context"
	"encoding/json"
	"slices"
	"time"
)

// Answer is what the API said to a Document.
type Answer struct {
	// Rows has for each scope in the answer one JSON array per part, in the order of Document.Parts. A scope that the
	// API left out is missing here.
	Rows map[string][]json.RawMessage
	// Cost is what the query cost and Budget what was left after it, both in the API's units; 0 when it did not say.
	Cost, Budget uint64
	// Date is the API's time of answering, zero without a Date header.
	Date time.Time
}

// Query sends one document. Every part of every scope in the answer is a JSON array, or the error is ClassMalformed.
func (c *Client) Query(ctx context.Context, document Document) (*Answer, error) {
	query, err := document.build()
	if err != nil {
		return nil, invalid(err)
	}
	return post(ctx, c, query.text, query.variables, func(x exchange, data json.RawMessage) (*Answer, error) {
		view, err := c.view(x, data, document.Scope, document.Tags)
		if err != nil {
			return nil, err
		}
		answer := &Answer{Rows: make(map[string][]json.RawMessage, len(view.scopes)), Cost: view.cost, Budget: view.budget, Date: x.date}
		for tag, fields := range view.scopes {
			for _, part := range query.parts {
				rows := fields[part.Alias]
				if err := fits(rows, part); err != nil {
					return nil, x.error(ClassMalformed, err.Error())
				}
				answer.Rows[tag] = append(answer.Rows[tag], rows)
			}
		}
		return answer, nil
	})
}

// view is the part of an answer that all documents share.
type view struct {
	cost, budget uint64
	scopes       map[string]map[string]json.RawMessage // by tag
}

// view reads the scopes of an answer: none that was not asked for, none twice.
func (c *Client) view(x exchange, data json.RawMessage, kind ScopeKind, tags []string) (view, error) {
	var root struct {
		Cost   *uint64                    `json:"cost"`
		Viewer map[string]json.RawMessage `json:"viewer"`
	}
	if err := json.Unmarshal(data, &root); err != nil {
		return view{}, x.error(ClassMalformed, "the data of the answer is not an object with a viewer")
	}
	result := view{scopes: map[string]map[string]json.RawMessage{}}
	if err := result.readBudget(c, root.Cost, root.Viewer["budget"]); err != nil {
		return view{}, x.error(ClassMalformed, "viewer.budget is not a number")
	}
	var scopes []map[string]json.RawMessage
	if list := root.Viewer[kind.list()]; !isJSONArray(list) || json.Unmarshal(list, &scopes) != nil {
		return view{}, x.error(ClassMalformed, "viewer."+kind.list()+" is not a list of objects")
	}
	for _, fields := range scopes {
		tag := scalar(fields[kind.tag()])
		if _, twice := result.scopes[tag]; twice || !slices.Contains(tags, tag) {
			return view{}, x.error(ClassMalformed, "the answer has a "+kind.String()+" twice, or one that was not asked for")
		}
		result.scopes[tag] = fields
	}
	return result, nil
}

// readBudget tells the budget what is left, if the answer says so.
func (v *view) readBudget(c *Client, cost *uint64, budget json.RawMessage) error {
	if cost != nil {
		v.cost = *cost
	}
	var left *uint64
	if len(budget) > 0 {
		if err := json.Unmarshal(budget, &left); err != nil {
			return err
		}
	}
	if left != nil {
		v.budget = *left
		c.budgets[KindGraphQL].learn(v.cost, v.budget)
	}
	return nil
}

// DecodeRows decodes one part of an answer into the row type that was generated for its operation. Anything else than a
// list of objects that fit R is ClassMalformed.
func DecodeRows[R any](raw json.RawMessage) ([]R, error) {
	var pointers []*R
	if err := json.Unmarshal(raw, &pointers); err != nil {
		return nil, malformedRows(tidy(err.Error()))
	}
	if pointers == nil {
		return nil, malformedRows("null instead of a list")
	}
	rows := make([]R, len(pointers))
	for i, row := range pointers {
		if row == nil {
			return nil, malformedRows("null instead of a row")
		}
		rows[i] = *row
	}
	return rows, nil
}

func malformedRows(message string) *Error {
	return &Error{Class: ClassMalformed, Kind: KindGraphQL, Message: "decoding rows: " + message}
}
