// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/snappy"
	dto "github.com/prometheus/client_model/go"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/oracle"
)

// sink is a backend that data is pushed to. It keeps the newest value of each series, and notes two values that one
// series has at one time, which is what two zones in one series look like.
type sink struct {
	*httptest.Server
	parse func(*sink, []byte) error

	mu     sync.Mutex
	newest map[string]point
	errs   []error
}

// point is the newest value of a series.
type point struct {
	sample
	time int64 // in a unit of its own for each protocol
}

func newSink(t *testing.T, parse func(*sink, []byte) error) *sink {
	t.Helper()
	s := &sink{parse: parse, newest: map[string]point{}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := decompressed(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		err = s.parse(s, body)
	}
	if err != nil {
		s.errs = append(s.errs, err)
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

func decompressed(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	switch r.Header.Get("Content-Encoding") {
	case "gzip":
		unzipped, err := gzip.NewReader(strings.NewReader(string(body)))
		if err != nil {
			return nil, err
		}
		return io.ReadAll(unzipped)
	case "snappy":
		return snappy.Decode(nil, body)
	}
	return body, nil
}

// keep takes in one value of a series.
func (s *sink) keep(sample sample, at int64) {
	series := sample.String()
	before, known := s.newest[series]
	if math.IsNaN(sample.value) { // the series has ended
		if known && before.time <= at {
			delete(s.newest, series)
		}
		return
	}
	if known && before.time == at && before.value != sample.value {
		s.errs = append(s.errs, fmt.Errorf("%s is %v and %v at the same time", series, before.value, sample.value))
	}
	if !known || before.time <= at {
		s.newest[series] = point{sample, at}
	}
}

// read gives what the sink holds now.
func (s *sink) samples() ([]sample, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []sample
	for _, p := range s.newest {
		list = append(list, p.sample)
	}
	return list, errors.Join(s.errs[:min(3, len(s.errs))]...)
}

// parseRemoteWrite reads a prometheus.WriteRequest (remote write 1.0,
// https://github.com/prometheus/prometheus/blob/main/prompb/types.proto): message TimeSeries is field 1.
func parseRemoteWrite(s *sink, body []byte) error {
	return eachTimeSeries(body, func(labels map[string]string, n protowire.Number, message []byte) error {
		if n == 2 {
			return s.parseSample(message, labels)
		}
		return nil
	})
}

// eachTimeSeries visits the messages in each TimeSeries of a WriteRequest. The labels, field 1, precede all others.
func eachTimeSeries(body []byte, visit func(labels map[string]string, n protowire.Number, message []byte) error) error {
	return eachField(body, func(n protowire.Number, series []byte, _ uint64) error {
		if n != 1 {
			return nil
		}
		labels := map[string]string{}
		return eachField(series, func(n protowire.Number, message []byte, _ uint64) error {
			if n == 1 {
				return parseLabel(message, labels)
			}
			return visit(labels, n, message)
		})
	})
}

// parseLabel reads a Label: name 1, value 2.
func parseLabel(message []byte, labels map[string]string) error {
	var pair [3]string
	err := eachField(message, func(n protowire.Number, text []byte, _ uint64) error {
		if n == 1 || n == 2 {
			pair[n] = string(text)
		}
		return nil
	})
	labels[pair[1]] = pair[2]
	return err
}

// parseSample reads a Sample: value 1 (double), timestamp 2 (milliseconds).
func (s *sink) parseSample(message []byte, labels map[string]string) error {
	var value float64
	var at int64
	err := eachField(message, func(n protowire.Number, _ []byte, number uint64) error {
		switch n {
		case 1:
			value = math.Float64frombits(number)
		case 2:
			at = int64(number)
		}
		return nil
	})
	name := labels["__name__"]
	rest := maps.Clone(labels)
	delete(rest, "__name__")
	kind := dto.MetricType_GAUGE
	if strings.HasSuffix(name, "_total") { // samples are written without their type
		kind = dto.MetricType_COUNTER
	}
	s.keep(sample{name: name, labels: rest, value: value, kind: kind}, at)
	return err
}

// eachField visits the fields of a protobuf message: bytes of messages and strings, the bits of numbers.
func eachField(message []byte, visit func(protowire.Number, []byte, uint64) error) error {
	for len(message) > 0 {
		number, wireType, n := protowire.ConsumeTag(message)
		if n < 0 {
			return protowire.ParseError(n)
		}
		message = message[n:]
		var text []byte
		var bits uint64
		switch wireType {
		case protowire.BytesType:
			text, n = protowire.ConsumeBytes(message)
		case protowire.VarintType:
			bits, n = protowire.ConsumeVarint(message)
		case protowire.Fixed64Type:
			bits, n = protowire.ConsumeFixed64(message)
		default:
			n = protowire.ConsumeFieldValue(number, wireType, message)
		}
		if n < 0 {
			return protowire.ParseError(n)
		}
		if err := visit(number, text, bits); err != nil {
			return err
		}
		message = message[n:]
	}
	return nil
}

// parseOTLP reads an export request. A series is told from others as Prometheus does that promotes no attribute: by job
// and instance, which are service.name and service.instance.id, and by the point's own attributes.
func parseOTLP(s *sink, body []byte) error {
	return eachMetric(body, func(resource pcommon.Map, m pmetric.Metric) error {
		s.keepMetric(resource, m)
		return nil
	})
}

// eachMetric visits the metrics of an export request.
func eachMetric(body []byte, visit func(resource pcommon.Map, m pmetric.Metric) error) error {
	request := pmetricotlp.NewExportRequest()
	if err := request.UnmarshalProto(body); err != nil {
		return err
	}
	for _, rm := range request.Metrics().ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				if err := visit(rm.Resource().Attributes(), m); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (s *sink) keepMetric(resource pcommon.Map, m pmetric.Metric) {
	if !strings.HasPrefix(m.Name(), "cloudflare.") {
		return
	}
	points, kind := pmetric.NewNumberDataPointSlice(), dto.MetricType_GAUGE
	switch m.Type() {
	case pmetric.MetricTypeSum:
		points, kind = m.Sum().DataPoints(), dto.MetricType_COUNTER
	case pmetric.MetricTypeGauge:
		points = m.Gauge().DataPoints()
	default:
	}
	for _, p := range points.All() {
		value := float64(p.IntValue())
		if p.ValueType() == pmetric.NumberDataPointValueTypeDouble {
			value = p.DoubleValue()
		}
		if p.Flags().NoRecordedValue() {
			value = math.NaN()
		}
		labels := map[string]string{"job": text(resource, "service.name"), "instance": text(resource, "service.instance.id")}
		for name, attribute := range p.Attributes().All() {
			labels[name] = attribute.AsString()
		}
		s.keep(sample{name: m.Name(), labels: labels, value: value, kind: kind}, int64(p.Timestamp()))
	}
}

func text(attributes pcommon.Map, name string) string {
	value, _ := attributes.Get(name)
	return value.Str()
}

// readRemoteWrite gives what has been written remotely.
func (s *sink) readRemoteWrite() (reading, error) {
	samples, err := s.samples()
	if err != nil {
		return reading{}, err
	}
	return translate(samples)
}

// readOTLP gives what has been exported by OTLP, where metrics have the names that the oracle uses.
func (s *sink) readOTLP() (reading, error) {
	samples, err := s.samples()
	if err != nil {
		return reading{}, err
	}
	spec, err := documented()
	if err != nil {
		return reading{}, err
	}
	r := reading{samples: samples, counters: map[oracle.Series]float64{}, watermarks: map[string]float64{}}
	for _, p := range samples {
		if p.name == "cloudflare.exporter.watermark.timestamp" {
			r.watermarks[p.labels["metric_family"]] = p.value
		}
		if !slices.Contains(spec.Metrics(oracle.Counter), p.name) {
			continue
		}
		attributes := maps.Clone(p.labels)
		delete(attributes, "job")
		delete(attributes, "instance")
		r.counters[oracle.Series{Metric: p.name, Scope: p.labels["instance"], Attributes: oracle.Attributes(attributes)}] = p.value
	}
	return r, nil
}
