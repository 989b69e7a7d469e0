// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package workersmetricsreceiver

import (
	"bytes"
	"net/http"
	"net/url"
	"strconv"

	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/receiver/workersmetricsreceiver/internal/aggregate"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/receiver/workersmetricsreceiver/internal/promformat"
)

// increment adds the number in the body, or 1, to a counter. The query has its labels.
func (s *server) increment(r *http.Request, body []byte) (answer, error) {
	md, err := parseIncrement(r.PathValue("name"), r.URL.RawQuery, body)
	if err != nil {
		return answer{}, err
	}
	_, err = s.change(r, body, func(store *aggregate.Store) (aggregate.Outcome, error) {
		return store.Push(aggregate.Push{Metrics: md})
	})
	return answer{status: http.StatusOK}, err
}

func parseIncrement(name, query string, body []byte) (pmetric.Metrics, error) {
	labels, err := parseLabels(query)
	if err != nil {
		return pmetric.Metrics{}, err
	}
	by := 1.0
	if text := bytes.TrimSpace(body); len(text) > 0 {
		if by, err = strconv.ParseFloat(string(text), 64); err != nil {
			return pmetric.Metrics{}, failure(http.StatusBadRequest, "the body is no number: %.60q", text)
		}
	}
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	m := rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName(name)
	sum := m.SetEmptySum()
	sum.SetIsMonotonic(true)
	sum.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	dp := sum.DataPoints().AppendEmpty()
	dp.SetDoubleValue(by)
	for label, value := range labels {
		if label == promformat.JobLabel {
			rm.Resource().Attributes().PutStr("service.name", value)
		} else {
			dp.Attributes().PutStr(label, value)
		}
	}
	return md, nil
}

// parseLabels reads labels from a query, each of which occurs once.
func parseLabels(query string) (map[string]string, error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, failure(http.StatusBadRequest, "the query cannot be parsed: %v", err)
	}
	labels := make(map[string]string, len(values))
	for name, all := range values {
		if len(all) > 1 {
			return nil, failure(http.StatusBadRequest, "label %.60q occurs twice", name)
		}
		labels[name] = all[0]
	}
	return labels, nil
}

// allMetrics in the place of a name stands for every metric.
const allMetrics = "__all"

// delete ends the series of a metric that have the labels in the query.
func (s *server) delete(r *http.Request, body []byte) (answer, error) {
	labels, err := parseLabels(r.URL.RawQuery)
	if err != nil {
		return answer{}, err
	}
	selector := aggregate.Selector{Metric: r.PathValue("name"), Labels: labels}
	if selector.Metric == allMetrics {
		selector.Metric = ""
	}
	_, err = s.change(r, body, func(store *aggregate.Store) (aggregate.Outcome, error) {
		store.Delete(selector)
		return aggregate.Outcome{}, nil
	})
	return answer{status: http.StatusAccepted}, err
}
