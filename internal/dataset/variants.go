// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/cloudflare"
)

// The fields that say how many events a group or a raw row stands for; 1 is no sampling.
const (
	sampleInterval    = "avg.sampleInterval"
	rawSampleInterval = "sampleInterval"
)

// SampleIntervalField is the field that tells of sampling; empty where the node has none.
func (d *Dataset) SampleIntervalField() string {
	for _, field := range []string{sampleInterval, rawSampleInterval} {
		if slices.Contains(d.Operation.Fields(), field) {
			return field
		}
	}
	return ""
}

// KeepTotal tells which leaf fields make up the totals of the wanted counters: one row, or one for each value of what
// decides whether rows count.
func (d *Dataset) KeepTotal(want []bool) (keep func(field string) bool) {
	grouped, _ := d.Keep(Counter, want)
	var conditions []string
	for i, m := range d.Metrics {
		if want[i] && m.Kind == Counter {
			conditions = append(conditions, m.Conditions...)
		}
	}
	return func(field string) bool {
		return field == d.SampleIntervalField() || slices.Contains(conditions, field) ||
			(grouped(field) && !strings.HasPrefix(field, "dimensions."))
	}
}

// SampleInterval is the largest one of an answer's rows; 1 when there are none. It looks for no more than this field, so that
// a large answer is not decoded twice.
func SampleInterval(raw json.RawMessage) float64 {
	key := []byte(`"sampleInterval"`)
	largest := 1.0
	for rest := []byte(raw); ; {
		at := bytes.Index(rest, key)
		if at < 0 {
			return largest
		}
		rest = bytes.TrimLeft(rest[at+len(key):], " \t\r\n:")
		end := bytes.IndexAny(rest, ",} \t\r\n")
		if end < 0 {
			return largest
		}
		// What does not parse is a text that happens to be the key.
		if interval, err := strconv.ParseFloat(string(rest[:end]), 64); err == nil && !math.IsInf(interval, 0) {
			largest = max(largest, interval)
		}
	}
}

// zoneTag is the dimension that tells the zones of an account apart.
const zoneTag = "dimensions.zoneTag"

// KeepByZone tells which leaf fields of ByZone are needed for the wanted counters.
func (d *Dataset) KeepByZone(want []bool) (keep func(field string) bool) {
	grouped, _ := d.Keep(Counter, want)
	return func(field string) bool { return field == zoneTag || field == sampleInterval || grouped(field) }
}

var errNoZone = &cloudflare.Error{
	Class: cloudflare.ClassMalformed, Kind: cloudflare.KindGraphQL, Message: "a row does not say of which zone it is",
}

// SplitByZone sorts the rows of an answer to ByZone by zone, each as an answer of its own to Operation.
func SplitByZone(raw json.RawMessage) (map[string]json.RawMessage, error) {
	type row struct {
		Dimensions struct {
			ZoneTag string `json:"zoneTag"`
		} `json:"dimensions"`
	}
	zones, err := cloudflare.DecodeRows[row](raw)
	if err != nil {
		return nil, err
	}
	rows, err := cloudflare.DecodeRows[json.RawMessage](raw)
	if err != nil {
		return nil, err
	}
	sorted := map[string][]json.RawMessage{}
	for i, zone := range zones {
		if zone.Dimensions.ZoneTag == "" {
			return nil, errNoZone
		}
		sorted[zone.Dimensions.ZoneTag] = append(sorted[zone.Dimensions.ZoneTag], rows[i])
	}
	answers := make(map[string]json.RawMessage, len(sorted))
	for zone, rows := range sorted {
		if answers[zone], err = json.Marshal(rows); err != nil {
			return nil, fmt.Errorf("sort rows by zone: %w", err)
		}
	}
	return answers, nil
}
