// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package exposition

import (
	"maps"
	"math"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const page = `# TYPE requests_total counter
requests_total{status="200",method="GET"} 3
# TYPE temperature gauge
temperature 21.5
# TYPE latency histogram
latency_bucket{route="/",le="0.5"} 1
latency_bucket{route="/",le="+Inf"} 2
latency_sum{route="/"} 4
latency_count{route="/"} 2
`

func read(t *testing.T) map[string]float64 {
	t.Helper()
	families, err := Read(page, expfmt.NewFormat(expfmt.TypeTextPlain))
	require.NoError(t, err)
	return Values(families)
}

func TestValues(t *testing.T) {
	t.Parallel()
	route := map[string]string{"route": "/"}
	assert.Equal(t, map[string]float64{
		`requests_total{method="GET",status="200"}`: 3,
		"temperature{}":                       21.5,
		Bucket("latency", route, 0.5):         1,
		Bucket("latency", route, math.Inf(1)): 2,
		`latency_sum{route="/"}`:              4,
		`latency_count{route="/"}`:            2,
	}, read(t))
	assert.Equal(t, map[string]string{"route": "/"}, route, "a bucket has labels of its own")
}

func TestReadRefusesWhatNoPrometheusTakes(t *testing.T) {
	t.Parallel()
	_, err := Read("requests_total{ 3\n", expfmt.NewFormat(expfmt.TypeTextPlain))
	assert.ErrorContains(t, err, "cannot be parsed")
}

func TestDifferences(t *testing.T) {
	t.Parallel()
	want := read(t)
	got := maps.Clone(want)
	assert.Empty(t, Differences(want, got))

	delete(got, "temperature{}")
	got[`latency_sum{route="/"}`] = 5
	got["late_total{}"] = 0
	assert.Equal(t, `late_total{} is 0, and should not be there
latency_sum{route="/"} is 5 instead of 4
temperature{} is missing, and should be 21.5`, Differences(want, got))
}
