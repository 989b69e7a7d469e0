// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// level is a push that is there before anything else comes.
const level = `# TYPE requests_total counter
requests_total 3
# TYPE temperature gauge
temperature 21.5
# TYPE latency histogram
latency_bucket{le="1"} 1
latency_bucket{le="+Inf"} 2
latency_sum 4
latency_count 2
`

// hostileRequest is one that must change nothing.
type hostileRequest struct {
	method, path, body string
	header             []string
	status             int
	says               string // what is in the answer
}

func hostileRequests(t *testing.T) map[string]hostileRequest {
	t.Helper()
	asJSON, asProtobuf := []string{"Content-Type", jsonType}, []string{"Content-Type", protobufType}
	zipped := func(header []string) []string { return append([]string{"Content-Encoding", "gzip"}, header...) }
	bomb := gzipped(t, strings.Repeat("\x00", 256<<20))
	large := "# TYPE requests_total counter\nrequests_total 1\n" + strings.Repeat("#", 5<<20)
	otherBounds := `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"latency","histogram":{"aggregationTemporality":1,` +
		`"dataPoints":[{"count":1,"sum":1,"bucketCounts":[1,0],"explicitBounds":[2]}]}}]}]}]}`
	return map[string]hostileRequest{
		"malformed JSON":       {http.MethodPost, "/", `{"resourceMetrics":[`, asJSON, http.StatusBadRequest, "OTLP"},
		"JSON of another kind": {http.MethodPost, "/v1/metrics", `{"resourceMetrics":7}`, asJSON, http.StatusBadRequest, "OTLP"},
		"deep JSON":            {http.MethodPost, "/", strings.Repeat(`{"a":[`, 100_000), asJSON, http.StatusBadRequest, ""},
		"malformed protobuf":   {http.MethodPost, "/v1/metrics", "\x0a\xff\xff\xff\xff\x0f", asProtobuf, http.StatusBadRequest, ""},
		"malformed text":       {http.MethodPost, "/metrics", "requests_total{a= 1\n", nil, http.StatusBadRequest, "cannot be parsed"},
		"half a good text":     {http.MethodPost, "/metrics", "# TYPE requests_total counter\nrequests_total 1\nlatency{ 1\n", nil, http.StatusBadRequest, "cannot be parsed"},
		"a summary":            {http.MethodPost, "/metrics", "# TYPE s summary\ns_sum 1\ns_count 1\n", nil, http.StatusBadRequest, "push a histogram"},
		"no gzip":              {http.MethodPost, "/v1/metrics", "no gzip", zipped(asJSON), http.StatusBadRequest, ""},
		"a gzip bomb as JSON":  {http.MethodPost, "/", bomb, zipped(asJSON), http.StatusRequestEntityTooLarge, "max_request_body_size"},
		"a gzip bomb as text":  {http.MethodPost, "/metrics", bomb, zipped(nil), http.StatusRequestEntityTooLarge, "max_request_body_size"},
		"a gzip bomb of a job": {http.MethodPut, "/metrics/job/a", bomb, zipped(nil), http.StatusRequestEntityTooLarge, "max_request_body_size"},
		"too large":            {http.MethodPost, "/metrics", large, nil, http.StatusRequestEntityTooLarge, "max_request_body_size"},
		"too large for a line": {http.MethodPatch, "/metrics/requests_total", large, nil, http.StatusRequestEntityTooLarge, "max_request_body_size"},
		"unknown encoding":     {http.MethodPost, "/metrics", "temperature 1\n", []string{"Content-Encoding", "br"}, http.StatusBadRequest, ""},
		"unknown type":         {http.MethodPost, "/", "<a/>", []string{"Content-Type", "application/xml"}, http.StatusUnsupportedMediaType, "application/xml"},
		"other bounds": {
			http.MethodPost, "/metrics", "# TYPE latency histogram\nlatency_bucket{le=\"2\"} 1\nlatency_bucket{le=\"+Inf\"} 1\nlatency_sum 1\nlatency_count 1\n",
			nil, http.StatusConflict, "bounds [1] here, and [2] were pushed",
		},
		"other bounds by OTLP": {http.MethodPost, "/", otherBounds, asJSON, http.StatusOK, "bounds [1] here, and [2] were pushed"},
		"another kind":         {http.MethodPatch, "/metrics/temperature", "", nil, http.StatusConflict, "temperature is a gauge here, and a counter was pushed"},
		"nobody's increase":    {http.MethodPost, "/metrics?temporality=cumulative", "# TYPE requests_total counter\nrequests_total 1\n", nil, http.StatusConflict, "instance"},
		"less":                 {http.MethodPatch, "/metrics/requests_total", "-1", nil, http.StatusBadRequest, "go down"},
		"infinitely more":      {http.MethodPatch, "/metrics/requests_total", "1e999", nil, http.StatusBadRequest, ""},
		"no token":             {http.MethodPatch, "/metrics/requests_total", "", []string{"Authorization", ""}, http.StatusUnauthorized, ""},
		"a wrong token":        {http.MethodPatch, "/metrics/requests_total", "", []string{"Authorization", "Bearer " + testToken + "x"}, http.StatusUnauthorized, ""},
		"another scheme":       {http.MethodPatch, "/metrics/requests_total", "", []string{"Authorization", "Basic " + testToken}, http.StatusUnauthorized, ""},
		"deletion by nobody":   {http.MethodDelete, "/metrics/__all", "", []string{"Authorization", "Bearer guess"}, http.StatusUnauthorized, ""},
		"reading by nobody":    {http.MethodGet, "/metrics", "", []string{"Authorization", ""}, http.StatusUnauthorized, ""},
		"a wrong method":       {http.MethodPut, "/metrics", "temperature 1\n", nil, http.StatusMethodNotAllowed, ""},
		"reading OTLP":         {http.MethodGet, "/v1/metrics", "", nil, http.StatusMethodNotAllowed, ""},
		"an unknown path":      {http.MethodPost, "/api/v1/write", "", nil, http.StatusNotFound, ""},
		"a long key":           {http.MethodPatch, "/metrics/requests_total", "", []string{"Idempotency-Key", strings.Repeat("k", 300)}, http.StatusBadRequest, "255 bytes"},
		"a long header":        {http.MethodPatch, "/metrics/requests_total", "", []string{"X-Long", strings.Repeat("x", 2<<20)}, http.StatusRequestHeaderFieldsTooLarge, ""},
	}
}

func gzipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	writer := gzip.NewWriter(&b)
	_, err := io.WriteString(writer, text)
	require.NoError(t, err)
	require.NoError(t, writer.Close())
	return b.String()
}

// Whatever is wrong with a request, it gets the right status and changes nothing, and the log does not show the token.
func TestHostileRequestsChangeNothing(t *testing.T) {
	t.Parallel()
	d := deployWorkers(t)
	p := d.startTaking()
	i := d.intake(1)
	i.ok(t, http.MethodPost, "/metrics", level)
	want, err := i.sums(t.Context())
	require.NoError(t, err)
	require.Len(t, want, 6)

	for name, request := range hostileRequests(t) {
		got, err := i.do(t.Context(), request.method, request.path, request.body, request.header...)
		require.NoError(t, err, name)
		assert.Equal(t, request.status, got.status, "%s: %.200s", name, got.body)
		assert.Contains(t, got.body, request.says, name)
		assert.NotContains(t, got.body, testToken, name)
	}
	d.expectSeries(want)
	i.ok(t, http.MethodPatch, "/metrics/requests_total", "")
	want["requests_total{}"]++
	d.expectSeries(want)
	assert.True(t, p.Running())
}

// Clients that send a byte now and then are cut off in time, however many they are, and hold nobody up meanwhile.
func TestSlowRequestsAreCutOff(t *testing.T) {
	t.Parallel()
	const headerTimeout, timeout, clients = 2 * time.Second, 4 * time.Second, 50
	d := deployWorkers(t, fmt.Sprintf("yaml:receivers::workersmetrics::http: {read_header_timeout: %v, read_timeout: %v}", headerTimeout, timeout))
	d.startTaking()
	i := d.intake(1)
	i.ok(t, http.MethodPost, "/metrics", level)
	want, err := i.sums(t.Context())
	require.NoError(t, err)

	var group sync.WaitGroup
	for name, tt := range map[string]struct {
		request string
		after   time.Duration
		says    string
	}{
		"headers": {"POST /metrics HTTP/1.1\r\nHost: a\r\nX-Slow: ", headerTimeout, ""},
		"a body": {
			"PATCH /metrics/requests_total HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + testToken + "\r\nContent-Length: 1000000\r\n\r\n",
			timeout, "408 Request Timeout",
		},
		"a chunked body": {
			"POST /metrics HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + testToken + "\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n",
			timeout, "408 Request Timeout",
		},
	} {
		for range clients {
			group.Go(func() {
				began := time.Now()
				answer, err := trickle(d.env["WORKERS_ENDPOINT"], tt.request)
				took := time.Since(began)
				assert.Contains(t, answer, tt.says, name)
				assert.Greater(t, took, tt.after/2, name)
				assert.Less(t, took, tt.after+30*time.Second, name) // the machine is slow, too
				assert.NoError(t, err, name)
			})
		}
	}
	for range 20 {
		i.ok(t, http.MethodPatch, "/metrics/requests_total", "")
		want["requests_total{}"]++
	}
	group.Wait()
	d.expectSeries(want)
}

// trickle sends the beginning of a request and then a byte now and then, until the server closes the connection, and
// returns what it has answered.
func trickle(address, beginning string) (string, error) {
	connection, err := net.Dial("tcp", address)
	if err != nil {
		return "", err
	}
	defer func() { _ = connection.Close() }() // the server does
	if err := connection.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return "", err
	}
	if _, err := io.WriteString(connection, beginning); err != nil {
		return "", err
	}
	ended := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		ticks := time.NewTicker(200 * time.Millisecond)
		defer ticks.Stop()
		for err := error(nil); err == nil; _, err = io.WriteString(connection, "1") {
			select {
			case <-ticks.C:
			case <-ended:
				return
			}
		}
	})
	answer, err := io.ReadAll(connection)
	close(ended)
	group.Wait()
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return "", err
	}
	return string(answer), nil // a reset is an end as well
}

// More bodies at once than there is memory for are answered with 503 and a time to come again. Small pushes go on, and
// what was refused is counted when it comes again.
func TestOverload(t *testing.T) {
	t.Parallel()
	d := deployWorkers(t)
	d.startTaking()
	i := d.intake(1)
	i.ok(t, http.MethodPost, "/metrics", level)
	want, err := i.sums(t.Context())
	require.NoError(t, err)
	before := maps.Clone(want)

	const held = 40
	large := strings.Repeat("#", 4_000_000) + "\n# TYPE requests_total counter\nrequests_total 1\n"
	answers := make(chan string, held)
	var connections []net.Conn
	var group sync.WaitGroup
	for range held {
		connection, err := net.Dial("tcp", d.env["WORKERS_ENDPOINT"])
		require.NoError(t, err)
		t.Cleanup(func() { _ = connection.Close() }) // has been closed unless the test fails
		connections = append(connections, connection)
		group.Go(func() {
			header := "POST /metrics HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + testToken + "\r\nContent-Length: " + strconv.Itoa(len(large)) + "\r\n\r\n"
			_, _ = io.WriteString(connection, header+large[:len(large)-1]) // which the server may refuse to read
			answer, _ := io.ReadAll(connection)
			answers <- string(answer)
		})
	}
	for range 5 {
		select {
		case answer := <-answers:
			assert.Regexp(t, `(?s)^HTTP/1.1 503 .*\r\nRetry-After: 1\r\n`, answer)
		case <-time.After(20 * time.Second): // before which those that are held end by themselves
			require.FailNow(t, "nobody is refused")
		}
	}
	d.expectSeries(before)
	i.ok(t, http.MethodPatch, "/metrics/requests_total", "")
	for _, connection := range connections {
		require.NoError(t, connection.Close())
	}
	group.Wait()
	d.eventually(time.Minute, func(c *assert.CollectT) {
		got, err := i.do(t.Context(), http.MethodPost, "/metrics", large, "Idempotency-Key", "large")
		require.NoError(c, err)
		assert.Equal(c, http.StatusOK, got.status)
	}, "there is room again")
	want["requests_total{}"] += 2
	d.expectSeries(want)
}

// Keys are bounded: past the bound new ones are refused with a time to come again, those that are known and pushes without
// one are not. When the oldest have had their time there is room again.
func TestIdempotencyKeysAreBounded(t *testing.T) {
	t.Parallel()
	const keys = 10
	d := deployWorkers(t, fmt.Sprintf("yaml:receivers::workersmetrics::idempotency: {max_keys: %d, ttl: 20s}", keys))
	d.startTaking()
	i := d.intake(1)
	increment := func(t require.TestingT, key string) reply {
		got, err := i.do(d.t.Context(), http.MethodPatch, "/metrics/requests_total", "", "Idempotency-Key", key)
		require.NoError(t, err)
		return got
	}
	for key := range keys {
		require.Equal(t, http.StatusOK, increment(t, strconv.Itoa(key)).status)
	}
	for range 3 {
		got := increment(t, "one too many")
		assert.Equal(t, http.StatusServiceUnavailable, got.status)
		assert.Equal(t, "2", got.header.Get("Retry-After"), "an eighth of the ttl")
	}
	assert.Equal(t, http.StatusOK, increment(t, "3").status)
	i.ok(t, http.MethodPatch, "/metrics/requests_total", "")
	d.expectSeries(map[string]float64{"requests_total{}": keys + 1})
	d.eventually(time.Minute, func(c *assert.CollectT) {
		assert.Equal(c, http.StatusOK, increment(c, "one too many").status)
	}, "there is room again")
	d.expectSeries(map[string]float64{"requests_total{}": keys + 2})
}
