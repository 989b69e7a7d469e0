// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"context"
	"fmt"
	"time"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/cloudflare"
)

// Listing is what REST lists about a zone or account, and the gauges that are read from it. Other than a Dataset, which is asked
// for by the documents that others put together, a listing asks for itself.
type Listing struct {
	// Name is the listing's key in the configuration.
	Name  string
	Scope cloudflare.ScopeKind
	// Interval is how often the listing is read at the most, unless the configuration says otherwise.
	Interval time.Duration
	// Permission is what the token needs, in the words of Cloudflare's dashboard.
	Permission string
	// Metrics are gauges all.
	Metrics []Metric

	read func(ctx context.Context, c *cloudflare.Client, scope ListingScope, want []bool, emit func(Point)) error
}

// ListingScope is the zone or account that a listing is read of.
type ListingScope struct {
	ID string
	// AccountID is the account that a zone belongs to, empty where that is not known, or the account itself.
	AccountID string
}

// Listings gives every listing there is, in a stable order.
func Listings() []*Listing {
	return []*Listing{certificatesListing(), loadBalancersListing(), poolHealthListing(), tunnelsListing()}
}

// Read asks for what is listed about a scope, and emits the points of the metrics that want names by index. Nothing is emitted
// unless all of it could be read. Errors are those of the client.
func (l *Listing) Read(ctx context.Context, c *cloudflare.Client, scope ListingScope, want []bool, emit func(Point)) error {
	var points []Point
	err := l.read(ctx, c, scope, want, func(p Point) {
		if want[p.Metric] {
			points = append(points, p)
		}
	})
	if err != nil {
		return fmt.Errorf("read %s: %w", l.Name, err)
	}
	for _, p := range points {
		emit(p)
	}
	return nil
}

// listed is a gauge of whole numbers that is read from a listing.
func listed(name string, attributes ...string) Metric {
	m := Metric{Name: name, Kind: Gauge}
	for _, a := range attributes {
		m.Attributes = append(m.Attributes, Attribute{Name: a})
	}
	return m
}

// listedDouble is one of any numbers.
func listedDouble(name string, attributes ...string) Metric {
	m := listed(name, attributes...)
	m.Double = true
	return m
}
