// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/cloudflare"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/dataset"
)

// A few datasets can be read for all zones of an account at once, with the zone as a dimension. That spares requests, but
// Cloudflare samples more the more it is asked for at once. So account scope is used while its answers are not sampled,
// or when the budget does not suffice for zone scope.

// accountDataset is a dataset at account scope.
type accountDataset struct{ account, dataset string }

// zoneOnlyFor is how long zone scope is kept to after an answer at account scope was of no use.
const zoneOnlyFor = time.Hour

var (
	errSampled     = errors.New("the answer for the whole account is sampled; zones are asked for one by one")
	errTooManyRows = errors.New("the answer for the whole account may be cut off; zones are asked for one by one")
)

// maySpareZones says that a partition can be read together with the account's other zones.
func (s *metricsScraper) maySpareZones(p *partition) bool {
	if p.selection.ByZone == nil || s.now().Before(s.zoneOnly[accountDataset{p.scope.AccountID, p.selection.Name}]) {
		return false
	}
	limits, ok := s.inventory.Limits(p.scope.AccountID, p.selection.Node(), p.selection.Name)
	return ok && limits.OffersAll(p.selection.ByZone.Fields()) && limits.OffersAll(p.selection.ByZone.Filters())
}

// budgetIsShort says that the budget would not suffice to read each zone by itself in every scrape. Zones with budgets of
// their own do not share one.
func (s *metricsScraper) budgetIsShort() bool {
	if s.config.RateLimit.AccountBased {
		return false
	}
	parts := 0
	for _, p := range s.partitions {
		if p.scope.Kind == cloudflare.ZoneScope {
			parts++
		}
	}
	rate := s.config.RateLimit.GraphQL
	perScrape := float64(rate.Requests) * s.config.ControllerConfig.CollectionInterval.Seconds() / rate.Per.Seconds()
	return float64(parts)/float64(s.nodes.limit()) > perScrape
}

// forZones gives a reading for each zone of a part at account scope, and the reading itself for any other part.
func forZones(r reading, rows map[string]json.RawMessage) []reading {
	if r.part.Zones == nil {
		return []reading{r}
	}
	list := make([]reading, len(r.part.Zones))
	for i, zone := range r.part.Zones {
		list[i] = r
		list[i].scope = zone
		if r.err != nil {
			continue
		}
		// The account's tag stands for all its zones: one without a row had no events.
		if list[i].rows = rows[zone.ID]; list[i].rows == nil {
			list[i].rows = json.RawMessage("[]")
		}
	}
	return list
}

// byZone takes an answer at account scope apart.
func (s *metricsScraper) byZone(r reading, raw json.RawMessage) []reading {
	rows, err := dataset.SplitByZone(raw)
	switch r.err = err; {
	case r.err != nil:
	case truncated(raw, r.part.Limit):
		r.err = errTooManyRows
	case dataset.SampleInterval(raw) > 1 && !s.budgetIsShort():
		r.err = errSampled
	}
	return forZones(r, rows)
}

// fallBack has a partition asked for at zone scope from now on, unless the error is one that zone scope would meet too.
func (s *metricsScraper) fallBack(p *partition, r reading) bool {
	switch classOf(r.err) {
	case cloudflare.ClassAuth, cloudflare.ClassRateLimited, cloudflare.ClassDeferred, cloudflare.ClassTransient, cloudflare.ClassCanceled:
		return false
	}
	p.byAccount = false
	s.zoneOnly[accountDataset{p.scope.AccountID, r.part.Dataset}] = s.now().Add(zoneOnlyFor)
	return true
}
