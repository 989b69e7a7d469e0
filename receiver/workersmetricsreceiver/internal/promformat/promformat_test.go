// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package promformat

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

const (
	openMetricsType = "application/openmetrics-text; version=1.0.0; charset=utf-8"
	protobufType    = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
)

const exposition = `# HELP requests Requests.
# TYPE requests counter
requests{method="GET",job="shop"} 3
requests{method="PUT"} 1.5 1700000000000
# TYPE temperature gauge
temperature -3
free NaN
# TYPE latency histogram
latency_bucket{route="/",le="0.1"} 1
latency_bucket{route="/",le="1"} 1
latency_bucket{route="/",le="+Inf"} 4
latency_sum{route="/"} 8.25
latency_count{route="/"} 4
`

func metricsOf(t *testing.T, contentType, body string, opts Options) pmetric.Metrics {
	t.Helper()
	families, err := Parse(contentType, []byte(body))
	require.NoError(t, err)
	md, err := Metrics(families, opts)
	require.NoError(t, err)
	return md
}

// dump returns the points as text, in the order in which they are.
func dump(md pmetric.Metrics) []string {
	var points []string
	for _, rm := range md.ResourceMetrics().All() {
		for _, m := range rm.ScopeMetrics().At(0).Metrics().All() {
			head := fmt.Sprint(rm.Resource().Attributes().AsRaw(), " ", m.Name(), " ")
			switch m.Type() {
			case pmetric.MetricTypeSum:
				for _, dp := range m.Sum().DataPoints().All() {
					points = append(points, fmt.Sprint(head, m.Sum().AggregationTemporality(), " ", dp.Attributes().AsRaw(), " ", dp.DoubleValue(),
						" ", uint64(dp.StartTimestamp()), " ", uint64(dp.Timestamp())))
				}
			case pmetric.MetricTypeGauge:
				for _, dp := range m.Gauge().DataPoints().All() {
					points = append(points, fmt.Sprint(head, "Gauge ", dp.Attributes().AsRaw(), " ", dp.DoubleValue()))
				}
			case pmetric.MetricTypeHistogram:
				for _, dp := range m.Histogram().DataPoints().All() {
					points = append(points, fmt.Sprint(head, m.Histogram().AggregationTemporality(), " ", dp.Attributes().AsRaw(), " ",
						dp.ExplicitBounds().AsRaw(), dp.BucketCounts().AsRaw(), " ", dp.Count(), " ", dp.Sum()))
				}
			case pmetric.MetricTypeExponentialHistogram:
				for _, dp := range m.ExponentialHistogram().DataPoints().All() {
					points = append(points, fmt.Sprint(head, dp.Scale(), " zero ", dp.ZeroCount(), " ", dp.Positive().Offset(), dp.Positive().BucketCounts().AsRaw(),
						" ", dp.Negative().Offset(), dp.Negative().BucketCounts().AsRaw(), " ", dp.Count(), " ", dp.Sum()))
				}
			case pmetric.MetricTypeEmpty, pmetric.MetricTypeSummary:
			}
		}
	}
	return points
}

func TestTextProtobufAndJSONSayTheSame(t *testing.T) {
	t.Parallel()
	want := []string{
		"map[service.name:shop] requests Delta map[method:GET] 3 0 0",
		"map[] requests Delta map[method:PUT] 1.5 0 1700000000000000000",
		"map[] temperature Gauge map[] -3",
		"map[] free Gauge map[] NaN",
		"map[] latency Delta map[route:/] [0.1 1] [1 0 3] 4 8.25",
	}
	assert.Equal(t, want, dump(metricsOf(t, "text/plain; version=0.0.4", exposition, Options{})))

	quoted, err := json.Marshal(exposition)
	require.NoError(t, err)
	assert.Equal(t, want, dump(metricsOf(t, "", string(quoted), Options{})))

	families, err := Parse("", []byte(exposition))
	require.NoError(t, err)
	var binary bytes.Buffer
	encoder := expfmt.NewEncoder(&binary, expfmt.NewFormat(expfmt.TypeProtoDelim))
	for _, family := range families {
		require.NoError(t, encoder.Encode(family))
	}
	assert.Equal(t, want, dump(metricsOf(t, protobufType, binary.String(), Options{})))
}

func TestOpenMetrics(t *testing.T) {
	t.Parallel()
	const body = `# TYPE requests counter
# HELP requests Requests.
requests_total{method="GET"} 3 1700000000.5
requests_created{method="GET"} 1600000000.25
# TYPE latency_seconds histogram
# UNIT latency_seconds seconds
latency_seconds_bucket{route="/",le="0.1"} 1 # {trace_id="x"} 0.05
latency_seconds_bucket{route="/",le="+Inf"} 4
latency_seconds_count{route="/"} 4
latency_seconds_sum{route="/"} 8.25
latency_seconds_bucket{route="/a",le="+Inf"} 1
# TYPE build info
build_info{version="1"} 1
# TYPE free unknown
free 7
# EOF
`
	assert.Equal(t, []string{
		"map[] requests_total Delta map[method:GET] 3 1600000000250000000 1700000000500000000",
		"map[] latency_seconds Delta map[route:/] [0.1] [1 3] 4 8.25",
		"map[] latency_seconds Delta map[route:/a] [] [1] 1 0",
		"map[] build_info Gauge map[version:1] 1",
		"map[] free Gauge map[] 7",
	}, dump(metricsOf(t, openMetricsType, body, Options{})))
}

func TestLabelsOfAGroupAndCumulative(t *testing.T) {
	t.Parallel()
	const body = "# TYPE a counter\na{instance=\"i\",x=\"1\",job=\"other\"} 1\n"
	group := map[string]string{"job": "shop", "x": "2"}
	assert.Equal(t, []string{"map[service.name:shop] a Delta map[instance:i x:2] 1 0 0"}, dump(metricsOf(t, "", body, Options{Labels: group})))
	assert.Equal(t, []string{"map[service.instance.id:i service.name:shop] a Cumulative map[x:2] 1 0 0"},
		dump(metricsOf(t, "", body, Options{Labels: group, Cumulative: true})))
	assert.Equal(t, map[string]any{"service.instance.id": "i", "service.name": "shop"}, Resource(map[string]string{"job": "shop", "instance": "i", "x": "y"}).AsRaw())
}

func native() *dto.MetricFamily {
	return &dto.MetricFamily{
		Name: new("size"), Type: dto.MetricType_HISTOGRAM.Enum(),
		Metric: []*dto.Metric{{Histogram: &dto.Histogram{
			SampleCount: new(uint64(16)), SampleSum: new(20.5), Schema: new(int32(2)), ZeroThreshold: new(0.001), ZeroCount: new(uint64(2)),
			PositiveSpan:  []*dto.BucketSpan{{Offset: new(int32(-2)), Length: new(uint32(2))}, {Offset: new(int32(3)), Length: new(uint32(1))}},
			PositiveDelta: []int64{3, 1, -2},
			NegativeSpan:  []*dto.BucketSpan{{Offset: new(int32(1)), Length: new(uint32(1))}},
			NegativeDelta: []int64{5},
		}}},
	}
}

// A native bucket is numbered by its upper bound, an exponential one by its lower.
func TestNativeHistograms(t *testing.T) {
	t.Parallel()
	md, err := Metrics([]*dto.MetricFamily{native()}, Options{})
	require.NoError(t, err)
	assert.Equal(t, []string{"map[] size 2 zero 2 -3 [3 4 0 0 0 2] 0 [5] 16 20.5"}, dump(md))
	back := Families(md)
	require.Len(t, back, 1)
	want, got := native().Metric[0].Histogram, back[0].Metric[0].Histogram
	assert.Equal(t, want.String(), got.String())

	dp := md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).ExponentialHistogram().DataPoints().At(0)
	dp.SetScale(10)
	got = Families(md)[0].Metric[0].Histogram
	assert.Equal(t, int32(8), got.GetSchema(), "Prometheus has none above")
	assert.Equal(t, []int64{7, -5}, got.GetPositiveDelta())
	dp.SetScale(-5)
	assert.Nil(t, Families(md)[0].Metric[0].Histogram.Schema, "nor below -4")
}

func TestMalformedHistograms(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(h *dto.Histogram)
		want   string
	}{
		"schema":    {func(h *dto.Histogram) { h.Schema = new(int32(-53)) }, "schema -53"},
		"float":     {func(h *dto.Histogram) { h.SampleCountFloat = new(1.5) }, "not a whole number"},
		"short":     {func(h *dto.Histogram) { h.PositiveDelta = h.PositiveDelta[:2] }, "more buckets than the 2"},
		"long":      {func(h *dto.Histogram) { h.PositiveDelta = append(h.PositiveDelta, 1) }, "1 buckets are in none"},
		"negative":  {func(h *dto.Histogram) { h.PositiveDelta[1] = -5 }, "a bucket has the count -2"},
		"wide":      {func(h *dto.Histogram) { h.PositiveSpan[1].Offset = new(int32(math.MaxInt32)) }, "cover more than the"},
		"backwards": {func(h *dto.Histogram) { h.PositiveSpan[1].Offset = new(int32(-1)) }, "go backwards"},
		"bucket count": {func(h *dto.Histogram) {
			*h = dto.Histogram{SampleCount: new(uint64(1)), Bucket: []*dto.Bucket{{UpperBound: new(1.0), CumulativeCount: new(uint64(2))}}}
		}, "less than a bucket's"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			family := native()
			tc.change(family.Metric[0].Histogram)
			_, err := Metrics([]*dto.MetricFamily{family}, Options{})
			require.ErrorContains(t, err, tc.want)
		})
	}
	mixed := native()
	mixed.Metric = append(mixed.Metric, &dto.Metric{Histogram: &dto.Histogram{}})
	_, err := Metrics([]*dto.MetricFamily{mixed}, Options{})
	require.ErrorContains(t, err, "some of its series are native")
}

// Whatever comes in, nothing panics, and what can be parsed can be translated back and forth.
func FuzzParse(f *testing.F) {
	f.Add("text/plain", []byte(exposition))
	f.Add("application/json", []byte(`"a 1\n"`))
	f.Add(openMetricsType, []byte("# TYPE a counter\na_total 1\na_created 1\n# EOF\n"))
	f.Add(openMetricsType, []byte("# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_count 1\nh_sum 1\nh_created 3\n# EOF\n"))
	f.Add(openMetricsType, []byte("{\"a.b\",\"c.d\"=\"e\"} 1\n# EOF\n"))
	var binary bytes.Buffer
	_ = expfmt.NewEncoder(&binary, expfmt.NewFormat(expfmt.TypeProtoDelim)).Encode(native()) // into memory
	f.Add(protobufType, binary.Bytes())
	f.Fuzz(func(_ *testing.T, contentType string, body []byte) {
		families, err := Parse(contentType, body)
		if err != nil {
			return
		}
		for _, cumulative := range []bool{false, true} {
			if md, err := Metrics(families, Options{Cumulative: cumulative}); err == nil {
				Families(md)
			}
		}
	})
}
