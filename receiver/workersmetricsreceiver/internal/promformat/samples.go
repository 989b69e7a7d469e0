// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package promformat

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// The suffixes of samples.
const (
	totalSuffix   = "_total"
	createdSuffix = "_created"
	bucketSuffix  = "_bucket"
	countSuffix   = "_count"
	sumSuffix     = "_sum"
	infoSuffix    = "_info"
)

// samples puts the samples of a text, which are in one of two formats, together to metric families.
type samples struct {
	parser      textparse.Parser
	openMetrics bool
	families    []*dto.MetricFamily
	byName      map[familyName]*dto.MetricFamily
	metrics     map[metricKey]*dto.Metric

	// What the comments said last.
	name string
	kind model.MetricType
	help string
}

type familyName struct {
	name string
	kind dto.MetricType
}

type metricKey struct {
	family *dto.MetricFamily
	labels string // without le
}

// sample is one line.
type sample struct {
	name   string
	suffix string // behind the name of the family
	labels labels.Labels
	value  float64
	at     *int64 // Unix time in milliseconds
}

func parseText(body []byte) ([]*dto.MetricFamily, error) {
	return parseSamples(samples{parser: textparse.NewPromParser(endLine(body), labels.NewSymbolTable(), false)})
}

const openMetricsEnd = "# EOF\n"

// parseOpenMetrics does without the end mark, which client_golang does not push: a body has a length.
func parseOpenMetrics(body []byte) ([]*dto.MetricFamily, error) {
	if body = endLine(body); !bytes.HasSuffix(body, []byte(openMetricsEnd)) {
		body = append(slices.Clip(body), openMetricsEnd...)
	}
	return parseSamples(samples{parser: textparse.NewOpenMetricsParser(body, labels.NewSymbolTable()), openMetrics: true})
}

func endLine(body []byte) []byte {
	if len(body) > 0 && body[len(body)-1] != '\n' {
		return append(slices.Clip(body), '\n')
	}
	return body
}

func parseSamples(p samples) ([]*dto.MetricFamily, error) {
	p.byName, p.metrics = map[familyName]*dto.MetricFamily{}, map[metricKey]*dto.Metric{}
	for {
		entry, err := p.parser.Next()
		if errors.Is(err, io.EOF) {
			return p.families, nil
		}
		if err != nil {
			return nil, err
		}
		switch entry {
		case textparse.EntryType:
			name, kind := p.parser.Type()
			p.enter(string(name))
			p.kind = kind
		case textparse.EntryHelp:
			name, help := p.parser.Help()
			p.enter(string(name))
			p.help = string(help)
		case textparse.EntrySeries:
			if err := p.add(p.sample()); err != nil {
				return nil, err
			}
		case textparse.EntryInvalid, textparse.EntryComment, textparse.EntryUnit, textparse.EntryHistogram:
		}
	}
}

func (p *samples) enter(name string) {
	if name != p.name {
		p.name, p.kind, p.help = name, model.MetricTypeUnknown, ""
	}
}

func (p *samples) sample() sample {
	_, at, value := p.parser.Series()
	s := sample{value: value, at: at}
	p.parser.Labels(&s.labels)
	s.name = s.labels.Get(model.MetricNameLabel)
	return s
}

// suffixes returns what a sample of the family at hand can have behind its name.
func (p *samples) suffixes() []string {
	switch p.kind {
	case model.MetricTypeCounter:
		if p.openMetrics {
			return []string{totalSuffix, createdSuffix}
		}
	case model.MetricTypeHistogram:
		return []string{bucketSuffix, countSuffix, sumSuffix, createdSuffix}
	case model.MetricTypeSummary:
		return []string{"", countSuffix, sumSuffix, createdSuffix}
	case model.MetricTypeInfo:
		return []string{infoSuffix}
	case model.MetricTypeGaugeHistogram:
		return []string{bucketSuffix, "_gcount", "_gsum"}
	case model.MetricTypeGauge, model.MetricTypeStateset, model.MetricTypeUnknown:
	}
	return []string{""}
}

func (p *samples) add(s sample) error {
	suffix, ok := strings.CutPrefix(s.name, p.name)
	if !ok || !slices.Contains(p.suffixes(), suffix) {
		if s.name == p.name {
			return fmt.Errorf("%s is no sample of the %s of that name", s.name, p.kind)
		}
		p.enter(s.name) // a family without comments
		suffix = ""
	}
	s.suffix = suffix
	switch p.kind {
	case model.MetricTypeCounter:
		p.addToCounter(s)
	case model.MetricTypeHistogram:
		return p.addToHistogram(s)
	case model.MetricTypeSummary, model.MetricTypeGaugeHistogram:
		return fmt.Errorf("metric %s is a %s: what it holds cannot be added up, push a histogram", p.name, p.kind)
	case model.MetricTypeGauge, model.MetricTypeInfo, model.MetricTypeStateset, model.MetricTypeUnknown:
		m := p.metric(s, s.name, dto.MetricType_GAUGE)
		m.Gauge = &dto.Gauge{Value: new(s.value)}
	}
	return nil
}

// addToCounter calls an OpenMetrics counter what its sample is called, which is its name in the text format.
func (p *samples) addToCounter(s sample) {
	name := p.name
	if p.openMetrics {
		name += totalSuffix
	}
	m := p.metric(s, name, dto.MetricType_COUNTER)
	if m.Counter == nil {
		m.Counter = &dto.Counter{Value: new(float64)}
	}
	if s.suffix == createdSuffix {
		m.Counter.CreatedTimestamp = s.created()
		return
	}
	*m.Counter.Value += s.value
}

func (p *samples) addToHistogram(s sample) error {
	m := p.metric(s, p.name, dto.MetricType_HISTOGRAM)
	if m.Histogram == nil {
		m.Histogram = &dto.Histogram{}
	}
	h := m.Histogram
	switch s.suffix {
	case sumSuffix:
		h.SampleSum = new(s.value)
		return nil
	case createdSuffix:
		h.CreatedTimestamp = s.created()
		return nil
	}
	if s.value < 0 || s.value != math.Trunc(s.value) || s.value >= math.MaxInt64 {
		return fmt.Errorf("%s %v is not a count", s.name, s.value)
	}
	count := uint64(s.value)
	if s.suffix == countSuffix {
		h.SampleCount = &count
		return nil
	}
	bound, err := strconv.ParseFloat(s.labels.Get(model.BucketLabel), 64)
	if err != nil || math.IsNaN(bound) {
		return fmt.Errorf("%s has the label le=%.60q", s.name, s.labels.Get(model.BucketLabel))
	}
	h.Bucket = append(h.Bucket, &dto.Bucket{UpperBound: &bound, CumulativeCount: &count})
	return nil
}

// metric returns the metric that the sample is of. Those of histograms, and of OpenMetrics' counters, are of several.
func (p *samples) metric(s sample, name string, kind dto.MetricType) *dto.Metric {
	f := p.byName[familyName{name, kind}]
	if f == nil {
		f = &dto.MetricFamily{Name: &name, Help: new(p.help), Type: kind.Enum()}
		p.byName[familyName{name, kind}] = f
		p.families = append(p.families, f)
	}
	builder := labels.NewBuilder(s.labels).Del(model.MetricNameLabel)
	if kind == dto.MetricType_HISTOGRAM {
		builder.Del(model.BucketLabel)
	}
	pairs := builder.Labels()
	key := metricKey{f, pairs.String()}
	if m := p.metrics[key]; m != nil {
		return m
	}
	m := &dto.Metric{TimestampMs: s.at}
	pairs.Range(func(l labels.Label) {
		m.Label = append(m.Label, &dto.LabelPair{Name: new(l.Name), Value: new(l.Value)})
	})
	f.Metric = append(f.Metric, m)
	p.metrics[key] = m
	return m
}

// created returns the time that a sample tells in seconds, nil if that is none.
func (s sample) created() *timestamppb.Timestamp {
	if !(s.value > 0 && s.value < math.MaxInt32) {
		return nil
	}
	return timestamppb.New(time.UnixMilli(int64(s.value * 1000)))
}
