// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLastReads(t *testing.T) {
	t.Parallel()
	at := func(minutes int) time.Time { return testBegin.Add(time.Duration(minutes) * time.Minute) }
	read := func(alias string, from, to int) Read {
		return Read{Scope: "zone", ID: "z", Dataset: "d", Alias: alias, From: at(from), To: at(to), Answered: []Total{{Int: 1}}}
	}
	lost, filtered, divided, other := read("lost", 0, 9), read("filtered", 0, 9), read("divided", 0, 9), read("other", 0, 9)
	lost.Lost, filtered.Where, divided.Dimensions, other.ID = true, []string{`a: "b"`}, []string{"a"}, "y"
	type part struct {
		alias    string
		from, to int
		whole    bool
	}
	for name, test := range map[string]struct {
		reads []Read
		want  []part
	}{
		"one":              {[]Read{read("a", 0, 5)}, []part{{"a", 0, 5, true}}},
		"one after other":  {[]Read{read("a", 0, 5), read("b", 5, 7)}, []part{{"a", 0, 5, true}, {"b", 5, 7, true}}},
		"again":            {[]Read{read("a", 0, 5), read("b", 0, 5)}, []part{{"b", 0, 5, true}}},
		"in halves":        {[]Read{read("a", 0, 4), read("b", 0, 2), read("c", 2, 4)}, []part{{"b", 0, 2, true}, {"c", 2, 4, true}}},
		"the middle again": {[]Read{read("a", 0, 9), read("b", 3, 5)}, []part{{"a", 0, 3, false}, {"b", 3, 5, true}, {"a", 5, 9, false}}},
		"overlapping":      {[]Read{read("a", 0, 5), read("b", 4, 9), read("c", 8, 12)}, []part{{"a", 0, 4, false}, {"b", 4, 8, false}, {"c", 8, 12, true}}},
		"lost":             {[]Read{read("a", 0, 5), lost}, []part{{"a", 0, 5, true}}},
		"other queries":    {[]Read{read("a", 0, 5), filtered, divided}, []part{{"a", 0, 5, true}, {"divided", 0, 9, true}, {"filtered", 0, 9, true}}},
		"others":           {[]Read{read("a", 0, 9), other}, []part{{"other", 0, 9, true}, {"a", 0, 9, true}}},
		"nothing":          {[]Read{read("a", 5, 5)}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []part
			for _, r := range LastReads(test.reads) {
				got = append(got, part{r.Alias, int(r.From.Sub(testBegin).Minutes()), int(r.To.Sub(testBegin).Minutes()), r.Answered != nil})
			}
			assert.Equal(t, test.want, got)
		})
	}
}

func TestReadsTellWhatWasAsked(t *testing.T) {
	t.Parallel()
	s, clock := newTestSimulator(t, nil)
	id := firstOf(s, PlanEnterprise).ID
	query := inZone(id, `h: httpRequests1mGroups(limit: 1, filter: {datetime_geq: "2026-03-04T10:00:30Z", datetime_lt: "2026-03-04T10:05:30Z"}) {
		dimensions { datetimeMinute } sum { requests countryMap { clientCountryName bytes } } }
		f: firewallEventsAdaptiveGroups(limit: 9, filter: {datetime_gt: "2026-03-04T10:00:30Z", action: "block"}) { count }`)
	ask(t, s, query, nil)
	assert.Empty(t, s.Reads(), "nothing is recorded unasked")
	s.RecordReads(RecordAnswers)
	ask(t, s, query, nil)
	ask(t, s, inZone(id, `settings { httpRequests1mGroups { enabled } }`), nil)
	ask(t, s, inZone(firstOf(s, PlanFree).ID, firewall+`{ count }`), nil)
	reads := s.Reads()
	require.Len(t, reads, 2)
	h, f := reads[0], reads[1]
	assert.Equal(t, []string{"h", "f"}, []string{h.Alias, f.Alias})
	assert.Equal(t, "zone", h.Scope)
	assert.Equal(t, id, h.ID)
	assert.Equal(t, datasetHTTPRequests1m, h.Dataset)
	assert.Equal(t, []string{"dimensions_datetimeMinute", "sum_countryMap", "sum_countryMap_bytes", "sum_countryMap_clientCountryName", "sum_requests"}, h.Fields)
	assert.Equal(t, testBegin.Add(time.Minute), h.From, "the first whole minute")
	assert.Equal(t, testBegin.Add(6*time.Minute), h.To, "10:05 is before 10:05:30")
	assert.Equal(t, clock.time().UTC(), h.At)
	assert.True(t, h.Full)
	assert.Empty(t, h.Where)
	assert.Empty(t, h.Dimensions, "time does not count")
	first := slices.DeleteFunc(events(s, id, testBegin.Add(time.Minute), testBegin.Add(2*time.Minute)), func(r httpRequest) bool { return !r.eyeball() })
	assert.Equal(t, uint64(len(first)), total(h.Answered, id, "sum.requests"), "of the one row that the limit allows")
	assert.Equal(t, []string{`action: "block"`}, f.Where)
	assert.Equal(t, testBegin.Add(31*time.Second), f.From)
	assert.Equal(t, clock.time().UTC().Truncate(time.Microsecond), f.To, "open ends close at the clock")
	s.RecordReads(RecordNothing)
	assert.Empty(t, s.Reads())
}
