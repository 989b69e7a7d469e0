// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package planner

import (
	"fmt"
	"time"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/cloudflare"
)

var noon = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

// at is so many minutes after noon.
func at(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }

func window(from, to int) Window { return Window{at(from), at(to)} }

// usual are the bounds that the receiver begins with.
var usual = Limits{Zones: 10, Nodes: 50}

// rollup is a source of counters alone, settled at once.
func rollup() Source {
	return Source{
		Dataset: "rollup", Variant: "+", Counters: true,
		Granularity: time.Minute, Resolution: time.Minute, Step: time.Hour, PageSize: 100,
	}
}

func zone(account string, n int) Scope {
	return Scope{Kind: cloudflare.ZoneScope, ID: fmt.Sprintf("%s-zone-%04d", account, n), Account: account}
}

func account(id string) Scope { return Scope{Kind: cloudflare.AccountScope, ID: id, Account: id} }

// zones are partitions of the roll-up of so many zones of one account.
func zones(account string, count int, watermark time.Time) []Partition {
	var list []Partition
	for n := range count {
		list = append(list, Partition{Family: "requests", Scope: zone(account, n), Source: rollup(), Watermark: watermark})
	}
	return list
}

// windowsOf are the windows that documents have for a scope's counters.
func windowsOf(docs []Document, scope Scope) []Window {
	var list []Window
	for _, d := range docs {
		for _, s := range d.Scopes {
			for _, p := range d.Parts {
				if s == scope && !p.Gauges {
					list = append(list, p.Window)
				}
			}
		}
	}
	return list
}
