// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate go tool -modfile=../../tools/go.mod genqlient genqlient.yaml
//go:generate go -C ../../tools run ./cataloguegen -in ../internal/dataset/operations -out ../internal/dataset/generated_catalogue.go

// Package dataset knows Cloudflare's datasets, one file for each: which node is asked for, how its time filter may be
// cut, and how its rows become increments of counters and values of gauges. It does no I/O. Which windows are asked
// for when is the planner's business, what becomes of the increments the ledger's.
package dataset

import (
	"encoding/json"
	"fmt"
	"slices"
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
	Double bool
	// Attributes are the keys of the metric's attributes.
	Attributes []string
	// Fields are the leaf fields of the node that the metric is read from, with dots between levels.
	Fields []string
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

// Dataset is one node of Cloudflare's GraphQL schema and the metrics that are read from it.
type Dataset struct {
	// Name is Cloudflare's name of the node.
	Name string
	// Family is the set of metrics that this dataset is a source of. Datasets of one family are alternatives, the
	// first one that a scope may read serves.
	Family string
	// Granularity is what windows and the horizon are cut to.
	Granularity time.Duration
	// Resolution is the narrowest window that the node's time filter can tell from its neighbours.
	Resolution time.Duration
	// Step is the widest window that is asked for at once when a backlog is read.
	Step time.Duration
	// Permission is the token permission the node needs, in the words of Cloudflare's dashboard.
	Permission string

	Operation *cloudflare.Operation
	// ByZone asks for the same rows at account scope, with the zone as one more dimension; nil where there is no such node.
	ByZone  *cloudflare.Operation
	Metrics []Metric

	// oneRow says that the node answers with one row at the most, so that no row means zero.
	oneRow bool

	text       string
	byZoneText string
	read       func(raw json.RawMessage, kind Kind, want []bool, emit func(Point)) (rows int, err error)
}

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
	for i, m := range d.Metrics {
		if m.Kind == kind && want[i] {
			for _, f := range m.Fields {
				fields[f] = true
			}
		}
	}
	return func(field string) bool { return fields[field] }, len(fields) > 0
}

// Catalogue gives every dataset there is, in a stable order.
func Catalogue(schema *ast.Schema) ([]*Dataset, error) {
	list := all()
	for _, d := range list {
		op, err := cloudflare.ParseOperation(schema, d.text)
		if err != nil {
			return nil, fmt.Errorf("operation of %s: %w", d.Name, err)
		}
		if op.Dataset() != d.Name {
			return nil, fmt.Errorf("operation of %s asks for %s", d.Name, op.Dataset())
		}
		if err := d.check(op.Fields()); err != nil {
			return nil, err
		}
		d.Operation = op
		if err := d.parseByZone(schema); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (d *Dataset) parseByZone(schema *ast.Schema) error {
	if d.byZoneText == "" {
		return nil
	}
	op, err := cloudflare.ParseOperation(schema, d.byZoneText)
	if err != nil {
		return fmt.Errorf("operation of %s by zone: %w", d.Name, err)
	}
	if op.Dataset() != d.Name || op.Scope() != cloudflare.AccountScope || !slices.Contains(op.Fields(), zoneTag) {
		return fmt.Errorf("operation of %s by zone asks for something else", d.Name)
	}
	d.ByZone = op
	return d.check(op.Fields())
}

// check holds the metrics' fields against the operation's selection.
func (d *Dataset) check(selected []string) error {
	for _, m := range d.Metrics {
		for _, f := range m.Fields {
			if !slices.Contains(selected, f) {
				return fmt.Errorf("metric %s reads field %s, which the operation of %s does not select", m.Name, f, d.Name)
			}
		}
	}
	return nil
}
