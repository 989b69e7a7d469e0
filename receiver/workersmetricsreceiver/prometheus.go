// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package workersmetricsreceiver

import (
	"bytes"
	"cmp"
	"fmt"
	"net/http"

	"github.com/prometheus/common/expfmt"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/receiver/workersmetricsreceiver/internal/aggregate"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/receiver/workersmetricsreceiver/internal/metadata"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/receiver/workersmetricsreceiver/internal/promformat"
)

// push takes metrics in one of Prometheus' formats, all of them or none.
func (s *server) push(r *http.Request, body []byte) (answer, error) {
	md, err := parsePush(r, body, nil)
	if err != nil {
		return answer{}, err
	}
	_, err = s.change(r, body, func(store *aggregate.Store) (aggregate.Outcome, error) {
		return store.Push(aggregate.Push{Metrics: md})
	})
	return answer{status: http.StatusOK}, err
}

func parsePush(r *http.Request, body []byte, labels map[string]string) (pmetric.Metrics, error) {
	cumulative, err := isCumulative(r)
	if err != nil {
		return pmetric.Metrics{}, err
	}
	families, err := promformat.Parse(r.Header.Get("Content-Type"), body)
	if err != nil {
		return pmetric.Metrics{}, failure(http.StatusBadRequest, "the body cannot be parsed: %v", err)
	}
	md, err := promformat.Metrics(families, promformat.Options{Labels: labels, Cumulative: cumulative})
	if err != nil {
		return pmetric.Metrics{}, failure(http.StatusBadRequest, "%v", err)
	}
	return md, nil
}

// temporalityHeader says what the query may say, for client libraries that make the address themselves.
const temporalityHeader = "X-Temporality"

// isCumulative reports whether a push holds everything since its client began, rather than what is new.
func isCumulative(r *http.Request) (bool, error) {
	query := r.URL.Query()
	for name := range query {
		if name != "temporality" {
			return false, failure(http.StatusBadRequest, "the query has %.60q; there is only temporality", name)
		}
	}
	switch temporality := cmp.Or(query.Get("temporality"), r.Header.Get(temporalityHeader)); temporality {
	case "", "delta":
		return false, nil
	case "cumulative":
		return true, nil
	default:
		return false, failure(http.StatusBadRequest, "temporality=%.60s is neither delta nor cumulative", temporality)
	}
}

// read returns the current sums, in the format that is asked for.
func (s *server) read(r *http.Request, _ []byte) (answer, error) {
	var snapshot *aggregate.Snapshot
	err := s.writer.submit(func(store *aggregate.Store) error {
		snapshot = store.Current()
		return nil
	}, true)
	if err != nil {
		return answer{}, err
	}
	var body bytes.Buffer
	format := expfmt.NegotiateIncludingOpenMetrics(r.Header)
	encoder := expfmt.NewEncoder(&body, format)
	for _, family := range promformat.Families(snapshot.Metrics(metadata.ScopeName, s.writer.clock.now())) {
		if err := encoder.Encode(family); err != nil {
			return answer{}, fmt.Errorf("metric %s: %w", family.GetName(), err)
		}
	}
	if closer, ok := encoder.(expfmt.Closer); ok { // OpenMetrics has an end
		if err := closer.Close(); err != nil {
			return answer{}, err
		}
	}
	return answer{status: http.StatusOK, contentType: string(format), body: body.Bytes()}, nil
}
