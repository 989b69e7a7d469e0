// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"errors"
	"maps"
	"math"
	"sync"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"google.golang.org/protobuf/encoding/protowire"
)

// histogramSink keeps the newest exponential histogram of each series, by the attribute case.
type histogramSink struct {
	*sink

	mu     sync.Mutex
	newest map[string]native
}

// newHistogramSink starts a backend whose protocol read knows.
func newHistogramSink(t *testing.T, read func(body []byte, keep func(series string, h native)) error) *histogramSink {
	t.Helper()
	s := &histogramSink{newest: map[string]native{}}
	s.sink = newSink(t, func(_ *sink, body []byte) error {
		return read(body, func(series string, h native) {
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.newest[series] = h; math.IsNaN(h.Sum) { // the series has ended
				delete(s.newest, series)
			}
		})
	})
	return s
}

func (s *histogramSink) histograms() (map[string]native, error) {
	_, err := s.samples() // which are none, but what could not be parsed is noted with them
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.newest), err
}

// readWriteRequest reads a prometheus.WriteRequest, where histograms are field 4 of a TimeSeries.
func readWriteRequest(body []byte, keep func(string, native)) error {
	return eachTimeSeries(body, func(labels map[string]string, n protowire.Number, message []byte) error {
		if n == 4 {
			return keepHistogram(message, labels, keep)
		}
		return nil
	})
}

// readWriteRequest2 reads an io.prometheus.write.v2.Request: symbols are field 4, TimeSeries 5. Their labels are numbers
// of symbols, name and value by turns, in field 1; histograms are field 3.
func readWriteRequest2(body []byte, keep func(string, native)) error {
	var symbols []string
	return eachField(body, func(n protowire.Number, message []byte, _ uint64) error {
		if n == 4 {
			symbols = append(symbols, string(message))
		}
		if n != 5 {
			return nil
		}
		labels := map[string]string{}
		return eachField(message, func(n protowire.Number, field []byte, _ uint64) error {
			switch n {
			case 1:
				references, err := varints(field)
				for len(references) > 1 {
					labels[symbols[references[0]]] = symbols[references[1]]
					references = references[2:]
				}
				return err
			case 3:
				return keepHistogram(field, labels, keep)
			}
			return nil
		})
	})
}

func keepHistogram(message []byte, labels map[string]string, keep func(string, native)) error {
	if labels["__name__"] != exponentialMetric || labels["job"] != service {
		return errors.New("an unknown histogram")
	}
	h, err := parseHistogram(message)
	keep(labels["case"], fromNative(h))
	return err
}

// parseHistogram reads a Histogram, which has the same numbers in both versions of the protocol. Signed numbers are
// zigzag encoded.
func parseHistogram(message []byte) (*dto.Histogram, error) {
	h := &dto.Histogram{}
	err := eachField(message, func(n protowire.Number, field []byte, number uint64) error {
		var err error
		switch n {
		case 1:
			h.SampleCount = &number
		case 3:
			h.SampleSum = new(math.Float64frombits(number))
		case 4:
			h.Schema = new(int32(protowire.DecodeZigZag(number)))
		case 5:
			h.ZeroThreshold = new(math.Float64frombits(number))
		case 6:
			h.ZeroCount = &number
		case 8:
			h.NegativeSpan, err = appendSpan(h.NegativeSpan, field)
		case 9:
			h.NegativeDelta, err = zigzags(field)
		case 11:
			h.PositiveSpan, err = appendSpan(h.PositiveSpan, field)
		case 12:
			h.PositiveDelta, err = zigzags(field)
		case 2, 7, 10, 13:
			err = errors.New("a histogram of floats")
		}
		return err
	})
	return h, err
}

// appendSpan reads a BucketSpan: offset 1 (signed), length 2.
func appendSpan(spans []*dto.BucketSpan, message []byte) ([]*dto.BucketSpan, error) {
	span := &dto.BucketSpan{}
	err := eachField(message, func(n protowire.Number, _ []byte, number uint64) error {
		switch n {
		case 1:
			span.Offset = new(int32(protowire.DecodeZigZag(number)))
		case 2:
			span.Length = new(uint32(number))
		}
		return nil
	})
	return append(spans, span), err
}

// varints reads a packed list of numbers.
func varints(field []byte) (numbers []uint64, err error) {
	for len(field) > 0 {
		number, n := protowire.ConsumeVarint(field)
		if n < 0 {
			return nil, protowire.ParseError(n)
		}
		numbers, field = append(numbers, number), field[n:]
	}
	return numbers, nil
}

func zigzags(field []byte) ([]int64, error) {
	numbers, err := varints(field)
	signed := make([]int64, len(numbers))
	for i, number := range numbers {
		signed[i] = protowire.DecodeZigZag(number)
	}
	return signed, err
}

// readExportRequest reads OTLP, where buckets are numbered by where they begin.
func readExportRequest(body []byte, keep func(string, native)) error {
	return eachMetric(body, func(_ pcommon.Map, m pmetric.Metric) error {
		if m.Type() != pmetric.MetricTypeExponentialHistogram {
			return errors.New("no exponential histogram")
		}
		for _, p := range m.ExponentialHistogram().DataPoints().All() {
			if p.Flags().NoRecordedValue() {
				p.SetSum(math.NaN())
			}
			keep(text(p.Attributes(), "case"), native{
				Schema: int(p.Scale()), ZeroThreshold: p.ZeroThreshold(), Zero: p.ZeroCount(), Count: p.Count(), Sum: p.Sum(),
				Positive: fromDense(p.Positive()), Negative: fromDense(p.Negative()),
			})
		}
		return nil
	})
}

func fromDense(buckets pmetric.ExponentialHistogramDataPointBuckets) map[int]uint64 {
	counts := map[int]uint64{}
	for i, n := range buckets.BucketCounts().All() {
		if n > 0 {
			counts[int(buckets.Offset())+i+1] = n
		}
	}
	return counts
}
