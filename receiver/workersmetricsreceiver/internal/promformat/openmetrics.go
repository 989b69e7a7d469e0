// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package promformat

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// openMetrics puts the samples of a text together to metric families.
type openMetrics struct {
	parser   textparse.Parser
	families []*dto.MetricFamily
	byName   map[string]*dto.MetricFamily
	metrics  map[string]*dto.Metric // by family and labels, without le

	// What the comments said last.
	name string
	kind model.MetricType
	help string
}

// sample is one line.
type sample struct {
	name    string
	labels  labels.Labels
	value   float64
	at      *int64
	created int64 // Unix time in milliseconds, 0 if it is not known
}

func parseOpenMetrics(body []byte) ([]*dto.MetricFamily, error) {
	om := openMetrics{
		parser: textparse.NewOpenMetricsParser(body, labels.NewSymbolTable(), textparse.WithOMParserSTSeriesSkipped()),
		byName: map[string]*dto.MetricFamily{}, metrics: map[string]*dto.Metric{},
	}
	for {
		entry, err := om.parser.Next()
		if errors.Is(err, io.EOF) {
			return om.families, nil
		}
		if err != nil {
			return nil, err
		}
		switch entry {
		case textparse.EntryType:
			name, kind := om.parser.Type()
			om.enter(string(name))
			om.kind = kind
		case textparse.EntryHelp:
			name, help := om.parser.Help()
			om.enter(string(name))
			om.help = string(help)
		case textparse.EntryUnit:
			name, _ := om.parser.Unit()
			om.enter(string(name))
		case textparse.EntrySeries:
			if err := om.add(om.sample()); err != nil {
				return nil, err
			}
		case textparse.EntryInvalid, textparse.EntryComment, textparse.EntryHistogram:
		}
	}
}

func (om *openMetrics) enter(name string) {
	if name != om.name {
		om.name, om.kind, om.help = name, model.MetricTypeUnknown, ""
	}
}

func (om *openMetrics) sample() sample {
	_, at, value := om.parser.Series()
	s := sample{value: value, at: at, created: om.parser.StartTimestamp()}
	om.parser.Labels(&s.labels)
	s.name = s.labels.Get(model.MetricNameLabel)
	return s
}

func (om *openMetrics) add(s sample) error {
	kind := om.kind
	if !strings.HasPrefix(s.name, om.name) || om.name == "" {
		kind = model.MetricTypeUnknown
	}
	switch kind {
	case model.MetricTypeCounter:
		m := om.metric(s, s.name, dto.MetricType_COUNTER)
		m.Counter = &dto.Counter{Value: new(s.value), CreatedTimestamp: created(s)}
	case model.MetricTypeHistogram:
		return om.addToHistogram(s)
	case model.MetricTypeSummary, model.MetricTypeGaugeHistogram:
		return fmt.Errorf("metric %s is a %s: what it holds cannot be added up, push a histogram", om.name, kind)
	case model.MetricTypeGauge, model.MetricTypeInfo, model.MetricTypeStateset, model.MetricTypeUnknown:
		m := om.metric(s, s.name, dto.MetricType_GAUGE)
		m.Gauge = &dto.Gauge{Value: new(s.value)}
	}
	return nil
}

func (om *openMetrics) addToHistogram(s sample) error {
	m := om.metric(s, om.name, dto.MetricType_HISTOGRAM)
	if m.Histogram == nil {
		m.Histogram = &dto.Histogram{CreatedTimestamp: created(s)}
	}
	h := m.Histogram
	suffix := strings.TrimPrefix(s.name, om.name)
	if suffix == "_sum" {
		h.SampleSum = new(s.value)
		return nil
	}
	if s.value < 0 || s.value != math.Trunc(s.value) || s.value >= math.MaxInt64 {
		return fmt.Errorf("%s %v is not a count", s.name, s.value)
	}
	switch suffix {
	case "_count":
		h.SampleCount = new(uint64(s.value))
	case "_bucket":
		bound, err := strconv.ParseFloat(s.labels.Get(model.BucketLabel), 64)
		if err != nil {
			return fmt.Errorf("%s: its label le: %w", s.name, err)
		}
		h.Bucket = append(h.Bucket, &dto.Bucket{UpperBound: new(bound), CumulativeCount: new(uint64(s.value))})
	default:
		return fmt.Errorf("%s is no sample of the histogram %s", s.name, om.name)
	}
	return nil
}

// metric returns the metric that the sample is of. Samples of anything but histograms are metrics of their own.
func (om *openMetrics) metric(s sample, family string, kind dto.MetricType) *dto.Metric {
	f := om.byName[family]
	if f == nil {
		f = &dto.MetricFamily{Name: new(family), Help: new(om.help), Type: kind.Enum()}
		om.byName[family] = f
		om.families = append(om.families, f)
	}
	pairs := labels.NewBuilder(s.labels).Del(model.MetricNameLabel).Labels()
	key := ""
	if kind == dto.MetricType_HISTOGRAM {
		pairs = labels.NewBuilder(pairs).Del(model.BucketLabel).Labels()
		key = family + pairs.String()
		if m := om.metrics[key]; m != nil {
			return m
		}
	}
	m := &dto.Metric{TimestampMs: s.at}
	pairs.Range(func(l labels.Label) {
		m.Label = append(m.Label, &dto.LabelPair{Name: new(l.Name), Value: new(l.Value)})
	})
	f.Metric = append(f.Metric, m)
	if key != "" {
		om.metrics[key] = m
	}
	return m
}

func created(s sample) *timestamppb.Timestamp {
	if s.created <= 0 {
		return nil
	}
	return timestamppb.New(time.UnixMilli(s.created))
}
