// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflare

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
	"golang.org/x/sync/errgroup"
)

// Limits are what the API grants one zone or account on one dataset.
// https://developers.cloudflare.com/analytics/graphql-api/features/discovery/settings/
type Limits struct {
	Enabled bool
	// AvailableFields are the readable fields with "_" between levels, such as sum_requests.
	AvailableFields []string
	// Withheld are names of fields, in lower case and without what is above them, that were refused despite that list.
	Withheld []string
	// MaxDuration bounds the length of a window and NotOlderThan the age of its begin.
	MaxDuration, NotOlderThan time.Duration
	MaxPageSize, MaxFields    int
}

// Offers reports whether a field, as a dotted path of Operation.Fields, may be read. A list that names a parent offers
// all below it, and dimensions may be listed by their bare names; without a list nothing is known to be refused.
func (l Limits) Offers(path string) bool {
	if slices.Contains(l.Withheld, strings.ToLower(path[strings.LastIndexByte(path, '.')+1:])) {
		return false
	}
	if len(l.AvailableFields) == 0 || slices.Contains(l.AvailableFields, strings.TrimPrefix(path, "dimensions.")) {
		return true
	}
	for name := path; ; {
		if slices.Contains(l.AvailableFields, strings.ReplaceAll(name, ".", "_")) {
			return true
		}
		dot := strings.LastIndexByte(name, '.')
		if dot < 0 {
			return false
		}
		name = name[:dot]
	}
}

// OffersAll reports whether every one of the fields may be read.
func (l Limits) OffersAll(paths []string) bool {
	return !slices.ContainsFunc(paths, func(path string) bool { return !l.Offers(path) })
}

// Limits asks for the limits of datasets (node names) by tag and node, in as many queries as it takes. A scope that is
// refused does not keep the others from being answered: then both the map and the error are there. A scope of which the
// API says nothing is missing in the map.
func (c *Client) Limits(ctx context.Context, scope ScopeKind, tags, nodes []string) (map[string]map[string]Limits, error) {
	if len(tags) == 0 || len(nodes) == 0 {
		return map[string]map[string]Limits{}, nil
	}
	query, err := settingsQuery(scope, nodes, c.settings.AccountBased)
	if err != nil {
		return nil, invalid(err)
	}
	r := &limitsReader{client: c, query: query, scope: scope, nodes: nodes, known: map[string]map[string]Limits{}}
	var group errgroup.Group
	group.SetLimit(1)
	if c.settings.AccountBased {
		group.SetLimit(limitsAtOnce)
	}
	for chunk := range slices.Chunk(tags, scope.tagsPerQuery(c.settings.AccountBased)) {
		group.Go(func() error {
			r.read(ctx, chunk)
			return nil
		})
	}
	_ = group.Wait() // errors are in the reader
	return r.known, errors.Join(r.failures...)
}

// limitsAtOnce is how many queries for limits are under way where each zone takes one.
const limitsAtOnce = 4

// limitsReader collects the limits of many scopes.
type limitsReader struct {
	client *Client
	query  string
	scope  ScopeKind
	nodes  []string

	mu       sync.Mutex
	known    map[string]map[string]Limits
	failures []error
	over     bool // what went wrong would go wrong for the rest too
}

// read asks for one chunk, unless that is known to be of no use.
func (r *limitsReader) read(ctx context.Context, tags []string) {
	r.mu.Lock()
	over := r.over
	r.mu.Unlock()
	if over {
		return
	}
	err := r.ask(ctx, tags)
	if err == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = append(r.failures, err)
	class := ClassOf(err)
	r.over = ctx.Err() != nil || (!class.Splittable() && class != ClassScopeLimited)
}

// ask asks for scopes and, when that is refused, for their halves.
func (r *limitsReader) ask(ctx context.Context, tags []string) error {
	alone := r.client.settings.AccountBased
	_, shared, _ := r.scope.filter(alone)
	variables := map[string]any{shared: r.scope.filterValue(tags, alone)}
	what := subject{KindGraphQL, "settings", tags[0]}
	answered, err := post(ctx, r.client, what, r.query, variables, func(x exchange, data *data) (map[string]map[string]Limits, error) {
		r.client.learn(data)
		return x.limits(data, r.scope, tags, r.nodes)
	})
	if err == nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		maps.Copy(r.known, answered)
		return nil
	}
	if len(tags) == 1 || !ClassOf(err).Splittable() || ctx.Err() != nil {
		return err
	}
	half := len(tags) / 2
	first := r.ask(ctx, tags[:half])
	if first != nil && !ClassOf(first).Splittable() {
		return first
	}
	return errors.Join(first, r.ask(ctx, tags[half:]))
}

// settingsQuery is the document for the limits of datasets.
func settingsQuery(scope ScopeKind, nodes []string, alone bool) (string, error) {
	settings := &ast.Field{Alias: "settings", Name: "settings"}
	for _, node := range nodes {
		if !isName(node) {
			return "", fmt.Errorf("%q is not the name of a dataset", node)
		}
		field := leaf(node)
		for _, name := range []string{"enabled", "availableFields", "maxDuration", "maxNumberOfFields", "maxPageSize", "notOlderThan"} {
			field.SelectionSet = append(field.SelectionSet, leaf(name))
		}
		settings.SelectionSet = append(settings.SelectionSet, field)
	}
	key, shared, sharedType := scope.filter(alone)
	return format(ast.VariableDefinitionList{{Variable: shared, Type: typeOf(sharedType)}}, &ast.Field{
		Alias: scope.list(), Name: scope.list(), Arguments: filterBy(key, shared),
		SelectionSet: ast.SelectionSet{leaf(scope.tag()), settings},
	}), nil
}

// isName reports whether a text is a GraphQL name.
func isName(text string) bool {
	for i, r := range text {
		letter := r == '_' || (r >= 'a' && r <= 'z') || (r >= 'A' && r <= 'Z')
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return text != ""
}

// settings is the type Settings of the API; times are in seconds.
type settings struct {
	Enabled           *bool    `json:"enabled"`
	AvailableFields   []string `json:"availableFields"`
	MaxDuration       int64    `json:"maxDuration"`
	MaxNumberOfFields int64    `json:"maxNumberOfFields"`
	MaxPageSize       int64    `json:"maxPageSize"`
	NotOlderThan      int64    `json:"notOlderThan"`
}

func (x exchange) limits(data *data, scope ScopeKind, tags, nodes []string) (map[string]map[string]Limits, error) {
	scopes, err := x.scopes(data, scope, tags)
	if err != nil {
		return nil, err
	}
	result := map[string]map[string]Limits{}
	for tag, fields := range scopes {
		var byNode map[string]*settings
		if err := json.Unmarshal(fields["settings"], &byNode); err != nil {
			return nil, x.error(ClassMalformed, "the settings of a "+scope.String()+" are not an object")
		}
		if byNode == nil {
			continue
		}
		result[tag] = map[string]Limits{}
		for _, node := range nodes {
			found := byNode[node]
			if found == nil || found.Enabled == nil {
				return nil, x.error(ClassMalformed, "the settings of "+node+" are missing")
			}
			result[tag][node] = found.limits()
		}
	}
	return result, nil
}

func (s settings) limits() Limits {
	return Limits{
		Enabled:         *s.Enabled,
		AvailableFields: s.AvailableFields,
		MaxDuration:     seconds(s.MaxDuration),
		NotOlderThan:    seconds(s.NotOlderThan),
		MaxPageSize:     int(s.MaxPageSize),
		MaxFields:       int(s.MaxNumberOfFields),
	}
}

// seconds converts without overflow; negative spans are none.
func seconds(n int64) time.Duration {
	return time.Duration(min(max(n, 0), int64(math.MaxInt64/time.Second))) * time.Second
}
