// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate go tool -modfile=../../tools/go.mod genqlient genqlient.yaml
//go:generate go -C ../../tools run ./cataloguegen -in ../internal/dataset/operations -out ../internal/dataset/generated_catalogue.go

// Package dataset knows Cloudflare's datasets, one file for each: which node is asked for, how its time filter may be
// cut, and how its rows become increments of counters and values of gauges. Beside them are listings of REST, which ask for
// themselves; datasets do no I/O. Which windows are asked for when is the planner's business, what becomes of the increments
// the ledger's.
package dataset

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/cloudflare"
)

// Kind says how a metric's values over time belong together.
type Kind uint8

const (
	// Counter values are numbers of events in a window; windows add up.
	Counter Kind = iota
	// Gauge values describe one granule of time and are never added up.
	Gauge
)

// Metric is one metric of a dataset.
type Metric struct {
	// Name is the metric's OTel name, as in metadata.yaml.
	Name string
	Kind Kind
	// Double says that values are float64 instead of int64.
	Double     bool
	Attributes []Attribute
	// Fields are the leaf fields of the node that the metric is read from besides those of its attributes, with dots
	// between levels.
	Fields []string
	// Conditions are those of Fields that decide whether a row counts at all; a total has to be grouped by them.
	Conditions []string
}

// Attribute is an attribute of a metric and where its values come from.
type Attribute struct {
	// Name is the key.
	Name string
	// Field is the leaf field that a value is read or computed from; empty where values are the metric's own, such as
	// quantiles.
	Field string
	// StatusCode says that values are HTTP status codes; Class that they have been folded to classes such as 2xx.
	StatusCode, Class bool
	// NamedBy is the key of one more attribute, which has the name of what the value identifies. Rows do not have it, and
	// no two identifiers are one series because of it.
	NamedBy string
}

// AttributeNames are the keys of the metric's attributes.
func (m *Metric) AttributeNames() []string {
	names := make([]string, 0, len(m.Attributes))
	for _, a := range m.Attributes {
		if a.NamedBy != "" {
			names = append(names, a.NamedBy)
		}
		names = append(names, a.Name)
	}
	return names
}

// reads are all leaf fields that the metric needs.
func (m *Metric) reads() []string {
	fields := slices.Clone(m.Fields)
	for _, a := range m.Attributes {
		if a.Field != "" {
			fields = append(fields, a.Field)
		}
	}
	slices.Sort(fields)
	return slices.Compact(fields)
}

// Point is one value read from a row.
type Point struct {
	// Metric is an index into Dataset.Metrics.
	Metric int
	// Int or Double is set, as the metric says.
	Int    int64
	Double float64
	// Attributes are the values for Metric.Attributes, in the same order.
	Attributes []string
}

// Dataset is one query of a node of Cloudflare's GraphQL schema and the metrics that are read from it.
type Dataset struct {
	// Name is Cloudflare's name of the node, with a word after a dot where the node is queried in several ways:
	// httpRequestsAdaptiveGroups.colo.
	Name string
	// Family is the set of metrics that this dataset is a source of. Datasets of one family are alternatives, the
	// first one that a scope may read serves.
	Family string
	// Fallback says that the family's other datasets are preferred.
	Fallback bool
	// Granularity is what windows and the horizon are cut to.
	Granularity time.Duration
	// Resolution is the narrowest window that the node's time filter can tell from its neighbours.
	Resolution time.Duration
	// Step is the widest window that is asked for at once when a backlog is read.
	Step time.Duration
	// Interval is how often the dataset is read at the most, unless the configuration says otherwise; 0 is each scrape.
	Interval time.Duration
	// Permission is the token permission the node needs, in the words of Cloudflare's dashboard.
	Permission string

	Operation *cloudflare.Operation
	// ByZone asks for the same rows at account scope, with the zone as one more dimension; nil where that is not possible.
	ByZone  *cloudflare.Operation
	Metrics []Metric

	// Raw says that rows are single events instead of groups: there is no total to ask for.
	Raw bool

	// oneRow says that the node answers with one row at the most, so that no row means zero.
	oneRow bool

	text string
	read func(raw json.RawMessage, kind Kind, want []bool, emit func(Point)) (rows int, err error)
}

// Node is Cloudflare's name of the node.
func (d *Dataset) Node() string { return d.Operation.Dataset() }

// Scope is the kind of scope that the node belongs to.
func (d *Dataset) Scope() cloudflare.ScopeKind { return d.Operation.Scope() }

// Read decodes one answer, a JSON array of rows, and emits the points of the metrics of that kind that want names by
// index. Nothing is emitted unless the whole answer can be decoded; the error is of class malformed.
func (d *Dataset) Read(raw json.RawMessage, kind Kind, want []bool, emit func(Point)) (rows int, err error) {
	rows, err = d.read(raw, kind, want, emit)
	if err != nil {
		return 0, fmt.Errorf("read rows of %s: %w", d.Name, err)
	}
	return rows, nil
}

// Keep tells which leaf fields of the node are needed for the wanted metrics of a kind, and whether there is any.
func (d *Dataset) Keep(kind Kind, want []bool) (keep func(field string) bool, needed bool) {
	fields := map[string]bool{}
	for i := range d.Metrics {
		if m := &d.Metrics[i]; m.Kind == kind && want[i] {
			for _, f := range m.reads() {
				fields[f] = true
			}
		}
	}
	return func(field string) bool { return fields[field] }, len(fields) > 0
}

// Offered tells which metrics can be read by limits. A list of fields that has none of the dataset's own although the
// dataset is enabled is one that this code does not understand; then all are offered, and the query will tell.
func (d *Dataset) Offered(limits cloudflare.Limits) []bool {
	understood := slices.ContainsFunc(d.Operation.Fields(), limits.Offers)
	filters := limits.OffersAll(d.Operation.Filters())
	offered := make([]bool, len(d.Metrics))
	for i := range d.Metrics {
		offered[i] = !understood || (filters && limits.OffersAll(d.Metrics[i].reads()))
	}
	return offered
}

// Catalogue gives every dataset there is, in a stable order.
func Catalogue(schema *ast.Schema) ([]*Dataset, error) {
	list := all()
	for _, d := range list {
		op, err := cloudflare.ParseOperation(schema, d.text)
		if err != nil {
			return nil, fmt.Errorf("operation of %s: %w", d.Name, err)
		}
		if node, _, _ := strings.Cut(d.Name, "."); op.Dataset() != node {
			return nil, fmt.Errorf("operation of %s asks for %s", d.Name, op.Dataset())
		}
		if err := d.check(op.Fields()); err != nil {
			return nil, err
		}
		d.Operation = op
		if d.Raw || op.Scope() != cloudflare.ZoneScope {
			continue
		}
		if d.ByZone, err = op.ByZone(schema); err != nil {
			return nil, fmt.Errorf("operation of %s by zone: %w", d.Name, err)
		}
	}
	return list, nil
}

// check holds the metrics' fields against the operation's selection.
func (d *Dataset) check(selected []string) error {
	for i := range d.Metrics {
		for _, f := range d.Metrics[i].reads() {
			if !slices.Contains(selected, f) {
				return fmt.Errorf("metric %s reads field %s, which the operation of %s does not select", d.Metrics[i].Name, f, d.Name)
			}
		}
		for _, f := range d.Metrics[i].Conditions {
			if !slices.Contains(d.Metrics[i].Fields, f) {
				return fmt.Errorf("metric %s depends on field %s, which is not among its fields", d.Metrics[i].Name, f)
			}
		}
	}
	return nil
}
