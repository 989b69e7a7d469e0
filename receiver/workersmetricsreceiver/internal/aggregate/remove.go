// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package aggregate

import (
	"encoding/binary"
	"maps"
	"slices"
	"time"

	"github.com/prometheus/common/model"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/ledger"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/receiver/workersmetricsreceiver/internal/promformat"
)

// Series that have ended wait in a partition of their own until that has been emitted.
const endedFamily = "ended"

func endedID() ledger.ID { return ledger.ID{Family: endedFamily} }

func endedMetrics() []ledger.Metric {
	return []ledger.Metric{{Name: "series", Attributes: []string{"template"}, Type: ledger.Bits}}
}

// Selector chooses series. All conditions must hold.
type Selector struct {
	Metric string            // "" means all; either as pushed or as Prometheus writes it
	Labels map[string]string // of the series, as in an exposition; job is the service
}

// Delete ends the series that the selector chooses and returns how many there were.
func (s *Store) Delete(sel Selector) int {
	return s.end(sel.matches)
}

// DeleteGroup ends the series of a group and forgets what the instance in it, if there is one, pushed last: its next
// cumulative points count in full.
func (s *Store) DeleteGroup(group string, resource pcommon.Map) int {
	s.enterResource(resource)
	if src := s.sources[s.work.origin.key]; s.work.origin.named && src != nil {
		s.forgetSource(src)
	}
	return s.end(func(st *stream) bool { return st.group == group })
}

// endOtherGauges ends the gauges of the group that the push at hand did not set.
func (s *Store) endOtherGauges(group string) {
	pushed := map[*stream]bool{}
	for i := range s.work.planned {
		pushed[s.work.planned[i].stream] = true
	}
	s.end(func(st *stream) bool { return st.metric.kind == gauge && st.group == group && !pushed[st] })
}

// Expire ends the series, sources and keys that nothing has come for in their time to live.
func (s *Store) Expire() {
	now := s.now()
	s.expireKeys(now)
	if s.settings.SeriesTTL <= 0 {
		return
	}
	oldest := now.Add(-s.settings.SeriesTTL)
	s.end(func(st *stream) bool { return st.seen.Before(oldest) })
	for _, src := range slices.Collect(maps.Values(s.sources)) {
		if time.Unix(src.Seen, 0).Before(oldest) {
			s.forgetSource(src)
			continue
		}
		// What is left out here is saved with the next push of the source.
		maps.DeleteFunc(src.Trackers, func(_ string, t *tracker) bool { return time.Unix(t.Seen, 0).Before(oldest) })
	}
}

func (s *Store) forgetSource(src *source) {
	s.begin().Delete(sourceID(src.key))
	delete(s.sources, src.key)
}

// end removes series, and notes them to be emitted as ended.
func (s *Store) end(ends func(*stream) bool) int {
	n := 0
	for _, m := range slices.Collect(maps.Values(s.metrics)) {
		ending := map[string]bool{}
		for _, st := range m.streams {
			if ends(st) {
				ending[st.id] = true
				s.noteEnd(st)
				s.forget(st)
			}
		}
		n += len(ending)
		switch {
		case len(m.streams) == 0:
			s.begin().Delete(m.id)
		case len(ending) > 0:
			s.begin().Prune(m.id, func(series ledger.Series) bool { return !ending[series.AppendValues(nil)[0]] })
		}
	}
	return n
}

func (s *Store) noteEnd(st *stream) {
	tx := s.begin()
	tx.Define(endedID(), s.now(), endedMetrics())
	tx.Set(endedID(), 0, []string{st.template}, s.now(), 1)
}

func (sel Selector) matches(st *stream) bool {
	if sel.Metric != "" && !isName(st.metric.name, sel.Metric) {
		return false
	}
	for name, want := range sel.Labels {
		if value, ok := labelValue(st.point, name); !ok || value != want {
			return false
		}
	}
	return true
}

// isName reports whether a name is the one that was asked for, as pushed or as Prometheus writes it.
func isName(name, asked string) bool {
	return name == asked || model.EscapeName(name, model.UnderscoreEscaping) == asked
}

func labelValue(point pmetric.Metrics, asked string) (string, bool) {
	for name, value := range pointAttributes(point).All() {
		if isName(name, asked) {
			return value.AsString(), true
		}
	}
	resource := point.ResourceMetrics().At(0).Resource().Attributes()
	if asked == promformat.JobLabel {
		job := promformat.Job(resource)
		return job, job != ""
	}
	for name, value := range resource.All() {
		if isName(name, asked) {
			return value.AsString(), true
		}
	}
	return "", false
}

// Group names the group of these labels, in whatever order they come.
func Group(labels map[string]string) string {
	var b []byte
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		for _, text := range []string{name, labels[name]} {
			b = append(binary.AppendUvarint(b, uint64(len(text))), text...)
		}
	}
	return string(b)
}
