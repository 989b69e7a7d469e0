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
	query, err := document.build(c.settings.AccountBased)
	if err != nil {
		return nil, invalid(err)
	}
	what := subject{KindGraphQL, document.dataset(), document.Tags[0]}
	return post(ctx, c, what, query.text, query.variables, func(x exchange, data *data) (*Answer, error) {
		scopes, err := x.scopes(data, document.Scope, document.Tags)
		if err != nil {
			return nil, err
		}
		answer := &Answer{Rows: make(map[string][]json.RawMessage, len(scopes)), Date: x.date}
		answer.Cost, answer.Budget = c.learn(data)
		for tag, fields := range scopes {
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

// dataset names what the document asks for.
func (d Document) dataset() string {
	name := d.Parts[0].Operation.Dataset()
	for _, part := range d.Parts[1:] {
		if part.Operation.Dataset() != name {
			return "several"
		}
	}
	return name
}

// scopes returns the scopes of an answer by tag: none that was not asked for, none twice.
func (x exchange) scopes(data *data, kind ScopeKind, tags []string) (map[string]members, error) {
	list := data.Viewer.Zones
	if kind == AccountScope {
		list = data.Viewer.Accounts
	}
	if list == nil {
		return nil, x.error(ClassMalformed, "the answer has no "+kind.list())
	}
	byTag := make(map[string]members, len(list))
	for _, fields := range list {
		tag := scalar(fields[kind.tag()])
		if _, twice := byTag[tag]; twice || !slices.Contains(tags, tag) {
			return nil, x.error(ClassMalformed, "the answer has a "+kind.String()+" twice, or one that was not asked for")
		}
		byTag[tag] = fields
	}
	return byTag, nil
}

// learn tells the budget what the query cost and what is left, if the answer says so. Under account-based limits it is not
// documented whose budget that is; a figure of the user's, which others may have used up, would stop zones for nothing.
func (c *Client) learn(data *data) (cost, left uint64) {
	if data.Cost != nil {
		cost = *data.Cost
	}
	if data.Viewer.Budget != nil {
		left = *data.Viewer.Budget
		if c.scopes == nil {
			c.budgets[KindGraphQL].learn(cost, left)
		}
	}
	return cost, left
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
