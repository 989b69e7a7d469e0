// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/e2e/internal/exposition"
)

const (
	// exponentialMetric is the histogram that is pushed at different scales, its attribute case names a series.
	exponentialMetric = "response_size"
	// acceptedProtobuf is an ExportMetricsServiceResponse that says of a partial success that nothing was refused.
	acceptedProtobuf = "\x0a\x00"
	// highestSchema is the finest that Prometheus has.
	highestSchema = 8
	// defaultZeroThreshold is what the exporters say when none was pushed.
	defaultZeroThreshold = 1e-128
)

// distribution is what clients observe, and how they push it.
type distribution struct {
	scales        []int   // of the pushes, by turns
	zeroThreshold float64 // of every other push
	observe       func(*rand.Rand) float64
	schema        int // that the whole of it fits, as OTLP has it
}

func distributions() map[string]distribution {
	return map[string]distribution{
		"different scales": {scales: []int{6, 3, 5, 4}, schema: 3, observe: func(random *rand.Rand) float64 {
			return math.Exp2(random.Float64()*16 - 4)
		}},
		"both signs and zeros": {scales: []int{2, 4}, schema: 2, observe: func(random *rand.Rand) float64 {
			return []float64{0, -1, 1}[random.IntN(3)] * math.Exp2(random.Float64()*20-10)
		}},
		// 64 octaves are 256 buckets of a quarter: more than are kept apart.
		"a wide range": {scales: []int{8, 2, 5}, schema: 1, observe: func(random *rand.Rand) float64 {
			return math.Exp2(random.Float64()*64 - 32)
		}},
		"coarse": {scales: []int{-2, 0, -4}, schema: -4, observe: func(random *rand.Rand) float64 {
			return math.Exp2(random.Float64()*200 - 100)
		}},
		// 1024 buckets in an octave, of which these take a tenth.
		"finer than Prometheus": {scales: []int{12, 10}, schema: 10, observe: func(random *rand.Rand) float64 {
			return math.Exp2(1 + random.Float64()/10)
		}},
		"a wide zero bucket": {scales: []int{4, 3}, zeroThreshold: 0.25, schema: 3, observe: func(random *rand.Rand) float64 {
			return []float64{-1, 1}[random.IntN(2)] * math.Exp2(random.Float64()*10-5)
		}},
	}
}

// native is a histogram with exponential buckets, by Prometheus' numbers of those: bucket n ends at 2^(n/2^schema).
type native struct {
	Schema             int
	ZeroThreshold      float64
	Zero, Count        uint64
	Sum                float64
	Positive, Negative map[int]uint64
}

// counted is the histogram of observations.
func counted(observations []float64, schema int, zeroThreshold float64) native {
	h := native{Schema: schema, ZeroThreshold: zeroThreshold, Positive: map[int]uint64{}, Negative: map[int]uint64{}}
	for _, value := range observations {
		h.Count++
		h.Sum += value
		index := int(math.Ceil(math.Log2(math.Abs(value)) * math.Exp2(float64(schema))))
		switch {
		case math.Abs(value) <= zeroThreshold:
			h.Zero++
		case value > 0:
			h.Positive[index]++
		default:
			h.Negative[index]++
		}
	}
	return h
}

// asOTLP is a delta, as an SDK pushes it.
func (h native) asOTLP(series string, start, end time.Time) pmetric.Metrics {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("service.name", service)
	m := rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName(exponentialMetric)
	m.SetEmptyExponentialHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	p := m.ExponentialHistogram().DataPoints().AppendEmpty()
	p.Attributes().PutStr("case", series)
	p.SetStartTimestamp(pcommon.NewTimestampFromTime(start))
	p.SetTimestamp(pcommon.NewTimestampFromTime(end))
	p.SetScale(int32(h.Schema))
	p.SetZeroThreshold(h.ZeroThreshold)
	p.SetZeroCount(h.Zero)
	p.SetCount(h.Count)
	p.SetSum(h.Sum)
	layOut(p.Positive(), h.Positive)
	layOut(p.Negative(), h.Negative)
	return md
}

// layOut numbers buckets as OTLP does: by where they begin.
func layOut(buckets pmetric.ExponentialHistogramDataPointBuckets, counts map[int]uint64) {
	if len(counts) == 0 {
		return
	}
	first, last := math.MaxInt, math.MinInt
	for index := range counts {
		first, last = min(first, index), max(last, index)
	}
	buckets.SetOffset(int32(first - 1))
	for index := first; index <= last; index++ {
		buckets.BucketCounts().Append(counts[index])
	}
}

// Exponential histograms of different scales are added up, and arrive bucket by bucket whichever way they leave.
func TestExponentialHistogramsArrive(t *testing.T) {
	t.Parallel()
	written, written2, exported := newHistogramSink(t, readWriteRequest), newHistogramSink(t, readWriteRequest2), newHistogramSink(t, readExportRequest)
	d := deployWorkers(t, fmt.Sprintf(`yaml:
exporters:
  prometheus_remote_write/v2: {endpoint: %q, protobuf_message: io.prometheus.write.v2.Request}
`, written2.URL))
	d.args = append(d.args, "--feature-gates=exporter.prometheusremotewritexporter.enableSendingRW2")
	d.env["WORKERS_EXPORTERS"] = "[prometheus/workers, prometheus_remote_write/workers, prometheus_remote_write/v2, otlp_http/workers]"
	d.env["REMOTE_WRITE_ENDPOINT"], d.env["OTLP_ENDPOINT"] = written.URL, exported.URL
	d.startTaking()
	i := d.intake(len(distributions()))
	truth := pushDistributions(t, i)
	ways := map[string]func() (map[string]native, error){
		"protobuf scrape": d.scrapedHistograms,
		"remote write 1":  written.histograms,
		"remote write 2":  written2.histograms,
		"OTLP":            exported.histograms,
	}
	for name, read := range ways {
		d.eventually(time.Minute, func(c *assert.CollectT) {
			got, err := read()
			require.NoError(c, err)
			for series, observed := range truth {
				schema := distributions()[series].schema
				if name != "OTLP" {
					schema = min(schema, highestSchema)
				}
				want := observed.at(schema)
				if name != "OTLP" && want.ZeroThreshold == 0 {
					want.ZeroThreshold = defaultZeroThreshold
				}
				assert.Equal(c, want, got[series], "%s by %s", series, name)
			}
			assert.Len(c, got, len(truth))
		}, name)
	}

	i.ok(t, http.MethodDelete, "/metrics/"+exponentialMetric, "")
	for name, read := range ways {
		d.eventually(time.Minute, func(c *assert.CollectT) {
			got, err := read()
			require.NoError(c, err)
			assert.Empty(c, got)
		}, "all have ended by "+name)
	}
}

// observed is what clients observed of one series: the truth.
type observed struct {
	values        []float64
	zeroThreshold float64
	sum           float64 // of the sums that were pushed, rounded once
}

func (o observed) at(schema int) native {
	h := counted(o.values, schema, o.zeroThreshold)
	h.Sum = o.sum
	return h
}

// pushDistributions pushes all of them side by side, with times that overlap.
func pushDistributions(t *testing.T, i *intake) map[string]observed {
	t.Helper()
	const pushes, each = 24, 40
	truth := map[string]observed{}
	var mu sync.Mutex
	var group sync.WaitGroup
	for name, kind := range distributions() {
		group.Go(func() {
			random, all, sum := rand.New(rand.NewPCG(*seed, uint64(len(name)))), observed{zeroThreshold: kind.zeroThreshold}, exact(0)
			for n := range pushes {
				values := make([]float64, each)
				for v := range values {
					values[v] = kind.observe(random)
				}
				delta := counted(values, kind.scales[n%len(kind.scales)], kind.zeroThreshold*float64(n%2))
				begin := time.Now().Add(-time.Duration(random.IntN(1000)) * time.Millisecond)
				if err := i.pushProtobuf(t.Context(), delta.asOTLP(name, begin, begin.Add(time.Second))); err != nil {
					assert.Fail(t, "a push is not taken", err)
					return
				}
				all.values = append(all.values, values...)
				sum.Add(sum, exact(delta.Sum))
			}
			all.sum, _ = sum.Float64()
			mu.Lock()
			defer mu.Unlock()
			truth[name] = all
		})
	}
	group.Wait()
	return truth
}

// pushProtobuf sends OTLP as protobuf and returns nil when all of it was taken.
func (i *intake) pushProtobuf(ctx context.Context, md pmetric.Metrics) error {
	body, err := pmetricotlp.NewExportRequestFromMetrics(md).MarshalProto()
	if err != nil {
		return err
	}
	got, err := i.do(ctx, http.MethodPost, "/v1/metrics", string(body), "Content-Type", protobufType)
	if err == nil && (got.status != http.StatusOK || got.body != acceptedProtobuf) {
		err = statusError{got}
	}
	return err
}

// scrapedHistograms is what Prometheus gets when it scrapes with protobuf.
func (d *deployment) scrapedHistograms() (map[string]native, error) {
	families, err := d.exporter().families(d.t.Context(), protobufExposition)
	if err != nil {
		return nil, err
	}
	all := map[string]native{}
	for _, family := range families {
		if family.GetName() != exponentialMetric {
			continue
		}
		for _, m := range family.GetMetric() {
			all[exposition.Labels(m)["case"]] = fromNative(m.GetHistogram())
		}
	}
	return all, nil
}

// fromNative counts the buckets of a native histogram, whose spans have gaps between them.
func fromNative(h *dto.Histogram) native {
	return native{
		Schema: int(h.GetSchema()), ZeroThreshold: h.GetZeroThreshold(), Zero: h.GetZeroCount(), Count: h.GetSampleCount(), Sum: h.GetSampleSum(),
		Positive: spread(h.GetPositiveSpan(), h.GetPositiveDelta()), Negative: spread(h.GetNegativeSpan(), h.GetNegativeDelta()),
	}
}

func spread(spans []*dto.BucketSpan, deltas []int64) map[int]uint64 {
	counts := map[int]uint64{}
	index, count := 0, int64(0)
	for _, span := range spans {
		index += int(span.GetOffset())
		for range span.GetLength() {
			count += deltas[0]
			deltas = deltas[1:]
			if count != 0 {
				counts[index] = uint64(count)
			}
			index++
		}
	}
	return counts
}
