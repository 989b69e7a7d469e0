// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package workersmetricsreceiver

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configauth"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/proto"
)

// One request of each kind of wrong, what it is answered with, and that it changes nothing.
func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	now := time.Now()
	const text, openMetrics, protobuf = "text/plain", "application/openmetrics-text; version=1.0.0", "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
	summary := "# TYPE s summary\ns{quantile=\"0.5\"} 1\ns_sum 1\ns_count 1\n"
	for name, tc := range map[string]struct {
		method, path, contentType, body string
		status                          int
		want                            string
	}{
		"no such path":         {http.MethodPost, "/other", text, "", 404, ""},
		"no such method":       {http.MethodPut, "/metrics", text, "a 1\n", 405, ""},
		"OTLP JSON":            {http.MethodPost, "/v1/metrics", jsonType, "{", 400, "no OTLP export request"},
		"OTLP protobuf":        {http.MethodPost, "/v1/metrics", protobufType, "\xff\xff", 400, "no OTLP export request"},
		"OTLP type":            {http.MethodPost, "/", "application/xml", "<a/>", 415, "application/xml"},
		"OTLP no type":         {http.MethodPost, "/", "", "a 1", 415, "application/json"},
		"text":                 {http.MethodPost, "/metrics", text, "a{ 1\n", 400, "cannot be parsed"},
		"text value":           {http.MethodPost, "/metrics", text, "a one\n", 400, "cannot be parsed"},
		"JSON string":          {http.MethodPost, "/metrics", jsonType, `"a 1`, 400, "JSON string"},
		"OpenMetrics":          {http.MethodPost, "/metrics", openMetrics, "a{ 1\n", 400, "cannot be parsed"},
		"protobuf":             {http.MethodPost, "/metrics", protobuf, "\xff\xff\xff\xff\x0f", 400, "cannot be parsed"},
		"summary":              {http.MethodPost, "/metrics", text, summary, 400, "metric s is a summary: what it holds cannot be added up, push a histogram"},
		"OpenMetrics summary":  {http.MethodPost, "/metrics", openMetrics, summary + "# EOF\n", 400, "push a histogram"},
		"negative counter":     {http.MethodPost, "/metrics", text, "# TYPE a counter\na -1\n", 400, "would make a counter go down"},
		"infinite counter":     {http.MethodPost, "/metrics", text, "# TYPE a counter\na +Inf\n", 400, "cannot be added up"},
		"buckets":              {http.MethodPost, "/metrics", text, "# TYPE h histogram\nh_bucket{le=\"1\"} 3\nh_bucket{le=\"2\"} 1\nh_bucket{le=\"+Inf\"} 3\nh_sum 1\nh_count 3\n", 400, "fewer than the one below"},
		"half a good push":     {http.MethodPost, "/metrics", text, "# TYPE requests counter\nrequests 1\n# TYPE latency gauge\nlatency 1\n", 409, "metric latency is a histogram here, and a gauge was pushed"},
		"other bounds":         {http.MethodPost, "/metrics", text, "# TYPE latency histogram\nlatency_bucket{le=\"2\"} 1\nlatency_bucket{le=\"+Inf\"} 1\nlatency_sum 1\nlatency_count 1\n", 409, "the series has the bounds [1] here, and [2] were pushed"},
		"no instance":          {http.MethodPost, "/metrics?temporality=cumulative", text, "# TYPE requests counter\nrequests 1\n", 409, "the label instance"},
		"no such temporality":  {http.MethodPost, "/metrics?temporality=yes", text, "a 1\n", 400, "neither delta nor cumulative"},
		"no such parameter":    {http.MethodPost, "/metrics?job=x", text, "a 1\n", 400, `the query has "job"`},
		"increment of a gauge": {http.MethodPatch, "/metrics/level", text, "", 409, "metric level is a gauge here, and a counter was pushed"},
		"increment by text":    {http.MethodPatch, "/metrics/requests", text, "many", 400, "no number"},
		"increment by less":    {http.MethodPatch, "/metrics/requests", text, "-1", 400, "go down"},
		"increment by NaN":     {http.MethodPatch, "/metrics/requests", text, "NaN", 400, "cannot be added up"},
		"metric name":          {http.MethodPatch, "/metrics/a%20b", text, "", 400, "metric name"},
		"label twice":          {http.MethodPatch, "/metrics/requests?a=1&a=2", text, "", 400, "occurs twice"},
		"label name":           {http.MethodPatch, "/metrics/requests?__name__=a", text, "", 400, "attribute name"},
		"query":                {http.MethodDelete, "/metrics/requests?%zz", text, "", 400, "the query"},
		"group without value":  {http.MethodPost, "/metrics/job/a/b", text, "a 1\n", 400, "a label is without value"},
		"group without job":    {http.MethodPut, "/metrics/job/", text, "a 1\n", 400, "a label is without value"},
		"group with empty job": {http.MethodPut, "/metrics/job@base64/=", text, "a 1\n", 400, "the job has no name"},
		"group base64":         {http.MethodPut, "/metrics/job@base64/!", text, "a 1\n", 400, "illegal base64"},
		"group label twice":    {http.MethodDelete, "/metrics/job/a/b/c/b/d", text, "", 400, "label b occurs twice"},
		"too large":            {http.MethodPost, "/metrics", text, strings.Repeat("#", 5<<20), 413, "http::max_request_body_size"},
		"too large for OTLP":   {http.MethodPost, "/v1/metrics", jsonType, strings.Repeat(" ", 5<<20), 413, "http::max_request_body_size"},
		"idempotency key":      {http.MethodPatch, "/metrics/requests?key=" + strings.Repeat("k", 256), text, "", 400, "255 bytes"},
		"OTLP of another kind": {http.MethodPost, "/v1/metrics", jsonType, otlpJSON("", "level", 1, now, now), 200, "metric level is a gauge here"},
		"OTLP that goes down":  {http.MethodPost, "/v1/metrics", jsonType, otlpJSON("", "requests", -1, now, now), 200, `"rejectedDataPoints":"1"`},
		"OTLP cumulative":      {http.MethodPost, "/v1/metrics", jsonType, strings.Replace(otlpJSON("", "requests", 1, now, now), `aggregationTemporality":1`, `aggregationTemporality":2`, 1), 200, "service.instance.id"},
		"OTLP in plain text":   {http.MethodPost, "/", "text/plain;charset=UTF-8", "{", 400, "no OTLP export request"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, testConfig(acknowledgeDurable), newDiskStorage())
			w.ok(http.MethodPatch, "/metrics/requests", "3")
			w.ok(http.MethodPost, "/metrics", "# TYPE level gauge\nlevel 5\n# TYPE latency histogram\nlatency_bucket{le=\"1\"} 1\nlatency_bucket{le=\"+Inf\"} 2\nlatency_sum 4\nlatency_count 2\n")
			before, disk := w.text(), w.disk.clone().data
			path, key, hasKey := strings.Cut(tc.path, "?key=")
			header := []string{"Content-Type", tc.contentType}
			if hasKey {
				header = append(header, keyHeader, key)
			}
			got := w.do(tc.method, path, tc.body, header...)
			assert.Equal(t, tc.status, got.status, got.body)
			assert.Contains(t, got.body, tc.want)
			assert.Equal(t, before, w.text())
			assert.Equal(t, disk, w.disk.clone().data, "nothing is written")
		})
	}
}

func TestWhatIsTaken(t *testing.T) {
	t.Parallel()
	now := time.Now()
	request := pmetricotlp.NewExportRequest()
	require.NoError(t, request.UnmarshalJSON([]byte(otlpJSON("shop", "requests", 2, now, now))))
	binary, err := request.MarshalProto()
	require.NoError(t, err)
	const histogram = "# TYPE h histogram\nh_bucket{le=\"0.5\"} 1\nh_bucket{le=\"+Inf\"} 3\nh_sum 4.5\nh_count 3\n"
	const histogramText = "h_bucket{le=\"0.5\"} 1\nh_bucket{le=\"+Inf\"} 3\nh_sum 4.5\nh_count 3\n"
	for name, tc := range map[string]struct {
		method, path, contentType, body string
		want                            string
	}{
		"OTLP JSON":          {http.MethodPost, "/v1/metrics", "application/json; charset=utf-8", otlpJSON("shop", "requests", 2, now, now), "requests{job=\"shop\"} 2\n"},
		"OTLP protobuf":      {http.MethodPost, "/v1/metrics", protobufType, string(binary), "requests{job=\"shop\"} 2\n"},
		"OTLP at the root":   {http.MethodPost, "/", jsonType, otlpJSON("shop", "requests", 2, now, now), "requests{job=\"shop\"} 2\n"},
		"OTLP as text":       {http.MethodPost, "/", "text/plain;charset=UTF-8", otlpJSON("shop", "requests", 2, now, now), "requests{job=\"shop\"} 2\n"},
		"counter":            {http.MethodPost, "/metrics", "", "# TYPE some_metric counter\nsome_metric{label=\"val1\"} 42\n", "some_metric{label=\"val1\"} 42\n"},
		"untyped":            {http.MethodPost, "/metrics/job/some_job", "application/x-www-form-urlencoded", "some_metric 3.14", "some_metric{job=\"some_job\"} 3.14\n"},
		"histogram":          {http.MethodPost, "/metrics", "text/plain; version=0.0.4", histogram, histogramText},
		"OpenMetrics":        {http.MethodPost, "/metrics", "application/openmetrics-text; version=1.0.0", "# TYPE a counter\na_total 2 # {trace=\"x\"} 1\na_created 1.5\n" + histogram + "# EOF\n", "a_total 2\n" + histogramText},
		"JSON string":        {http.MethodPost, "/metrics", "text/plain;charset=UTF-8", `"# HELP my_counter A counter for things\n# TYPE my_counter counter\nmy_counter{user=\"user1\",plan=\"pro\"} 1\n"`, "my_counter{plan=\"pro\",user=\"user1\"} 1\n"},
		"increment":          {http.MethodPatch, "/metrics/worker_request?country=CH&anotherLabel=value", "", "", "worker_request{anotherLabel=\"value\",country=\"CH\"} 1\n"},
		"increment by":       {http.MethodPatch, "/metrics/cost", "text/plain", " 0.25\n", "cost 0.25\n"},
		"increment of a job": {http.MethodPatch, "/metrics/cost?job=shop", "", "", "cost{job=\"shop\"} 1\n"},
		"group":              {http.MethodPut, "/metrics/job/shop/path@base64/L3Zhci90bXA/empty@base64/=", "", "# TYPE a gauge\na{path=\"other\"} 1\n", "a{job=\"shop\",path=\"/var/tmp\"} 1\n"},
		"encoded job":        {http.MethodPost, "/metrics/job@base64/YS9i", "", "a 1\n", "a{job=\"a/b\"} 1\n"},
		"escaped group":      {http.MethodPost, "/metrics/job/a%2Fb/instance/i", "", "a 1\n", "a{instance=\"i\",job=\"a/b\"} 1\n"},
		"nothing":            {http.MethodPost, "/metrics", "", "", ""},
		"delete nothing":     {http.MethodDelete, "/metrics/unknown", "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, testConfig(acknowledgeMemory), newDiskStorage())
			w.ok(tc.method, tc.path, tc.body, "Content-Type", tc.contentType)
			assert.Equal(t, tc.want, w.text())
		})
	}
}

func TestGzip(t *testing.T) {
	t.Parallel()
	w := start(t, testConfig(acknowledgeMemory), newDiskStorage())
	zip := func(text string) string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, err := z.Write([]byte(text))
		require.NoError(t, err)
		require.NoError(t, z.Close())
		return b.String()
	}
	header := []string{"Content-Encoding", "gzip", "Content-Type", jsonType}
	w.ok(http.MethodPost, "/v1/metrics", zip(otlpJSON("", "requests", 2, time.Now(), time.Now())), header...)
	assert.Equal(t, "requests 2\n", w.text())
	assert.Equal(t, http.StatusRequestEntityTooLarge, w.do(http.MethodPost, "/v1/metrics", zip(strings.Repeat(" ", 5<<20)), header...).status,
		"what a small body becomes is limited, too")
	assert.Equal(t, http.StatusBadRequest, w.do(http.MethodPost, "/v1/metrics", "no gzip", header...).status)
}

func TestCumulativePushes(t *testing.T) {
	t.Parallel()
	w := start(t, testConfig(acknowledgeMemory), newDiskStorage())
	push := func(path, instance string, n int) {
		w.ok(http.MethodPost, path+instance+"?temporality=cumulative", fmt.Sprintf("# TYPE a counter\na %d\n# TYPE g gauge\ng %d\n", n, n))
	}
	push("/metrics/job/shop/instance/", "x", 5)
	push("/metrics/job/shop/instance/", "x", 7)
	push("/metrics/job/shop/instance/", "y", 2)
	push("/metrics/job/shop/instance/", "x", 1)
	assert.Equal(t, "a{job=\"shop\"} 10\ng{job=\"shop\"} 1\n", w.text())
	w.ok(http.MethodPost, "/metrics", "# TYPE a counter\na{instance=\"y\",job=\"shop\"} 3\n", temporalityHeader, "cumulative")
	assert.Equal(t, "a{job=\"shop\"} 11\ng{job=\"shop\"} 1\n", w.text())

	w.ok(http.MethodDelete, "/metrics/job/shop/instance/y", "")
	assert.Equal(t, "a{job=\"shop\"} 11\ng{job=\"shop\"} 1\n", w.text(), "the series belong to the other instance, too")
	push("/metrics/job/shop/instance/", "y", 3)
	assert.Equal(t, "a{job=\"shop\"} 14\ng{job=\"shop\"} 3\n", w.text(), "an instance that ended begins anew")
	w.ok(http.MethodDelete, "/metrics/job/shop", "")
	assert.Empty(t, w.text())
}

func TestReadingBack(t *testing.T) {
	t.Parallel()
	w := start(t, testConfig(acknowledgeMemory), newDiskStorage())
	w.ok(http.MethodPost, "/v1/metrics", otlpJSON("shop", "http.requests", 2, time.Now(), time.Now(), "http.method", "GET"), "Content-Type", jsonType)
	read := func(accept string) reply { return w.do(http.MethodGet, "/metrics", "", "Accept", accept) }

	text := read("")
	assert.Equal(t, "text/plain; version=0.0.4; charset=utf-8; escaping=underscores", text.header.Get("Content-Type"))
	assert.Equal(t, "# HELP http_requests \n# TYPE http_requests counter\nhttp_requests{http_method=\"GET\",job=\"shop\"} 2\n", text.body)
	utf8 := read("text/plain;version=1.0.0;escaping=allow-utf-8")
	assert.Contains(t, utf8.body, `{"http.requests","http.method"="GET",job="shop"} 2`)
	om := read("application/openmetrics-text;version=1.0.0")
	assert.Contains(t, om.header.Get("Content-Type"), "application/openmetrics-text; version=1.0.0")
	assert.Contains(t, om.body, "http_requests{http_method=\"GET\",job=\"shop\"} 2.0\n")
	assert.True(t, strings.HasSuffix(om.body, "# EOF\n"))

	// What is read can be pushed.
	before := w.text()
	w.ok(http.MethodDelete, "/metrics/__all", "")
	w.ok(http.MethodPost, "/metrics", text.body)
	assert.Equal(t, before, w.text())
}

func TestPutReplacesGauges(t *testing.T) {
	t.Parallel()
	w := start(t, testConfig(acknowledgeDurable), newDiskStorage())
	w.ok(http.MethodPut, "/metrics/job/a", "# TYPE c counter\nc 1\n# TYPE g gauge\ng 1\n# TYPE x gauge\nx 1\n")
	w.ok(http.MethodPost, "/metrics/job/a/b/c", "# TYPE g gauge\ng 5\n")
	w.ok(http.MethodPut, "/metrics/job/a", "# TYPE c counter\nc 1\n# TYPE g gauge\ng 2\n")
	assert.Equal(t, "c{job=\"a\"} 2\ng{job=\"a\"} 2\ng{b=\"c\",job=\"a\"} 5\n", w.text())
	assert.Equal(t, http.StatusAccepted, w.do(http.MethodDelete, "/metrics/job/a", "").status, "which the Pushgateway's clients want")
	assert.Equal(t, "g{b=\"c\",job=\"a\"} 5\n", w.text())
}

// fakeAuth lets in who has a token, and says who that is.
type fakeAuth struct {
	component.StartFunc
	component.ShutdownFunc
}

func (fakeAuth) Authenticate(ctx context.Context, headers map[string][]string) (context.Context, error) {
	user, ok := strings.CutPrefix(http.Header(headers).Get("Authorization"), "Bearer ")
	if !ok {
		return ctx, errors.New("no token")
	}
	user, _, _ = strings.Cut(user, ":") // behind it is what changes when a token is renewed
	return client.NewContext(ctx, client.Info{Auth: authData{"subject": user}}), nil
}

type authData map[string]any

func (a authData) GetAttribute(name string) any { return a[name] }

func (a authData) GetAttributeNames() []string { return []string{"subject"} }

func TestAuthentication(t *testing.T) {
	t.Parallel()
	id := component.MustNewID("fakeauth")
	config := testConfig(acknowledgeDurable)
	config.HTTP.Auth = configoptional.Some(confighttp.AuthConfig{Config: configauth.Config{AuthenticatorID: id}})
	w := startWith(t, config, newDiskStorage(), map[component.ID]component.Component{id: fakeAuth{}})
	for _, method := range []string{http.MethodPatch, http.MethodDelete} {
		assert.Equal(t, http.StatusUnauthorized, w.do(method, "/metrics/a", "").status)
	}
	assert.Equal(t, http.StatusUnauthorized, w.do(http.MethodGet, "/metrics", "").status)
	assert.Equal(t, http.StatusUnauthorized, w.do(http.MethodPost, "/v1/metrics", otlpJSON("", "a", 1, time.Now(), time.Now()), "Content-Type", jsonType).status)

	w.ok(http.MethodPatch, "/metrics/a", "", "Authorization", "Bearer alice:1", keyHeader, "k")
	w.ok(http.MethodPatch, "/metrics/a", "", "Authorization", "Bearer alice:2", keyHeader, "k")
	w.ok(http.MethodPatch, "/metrics/a", "", "Authorization", "Bearer bob", keyHeader, "k")
	got := w.do(http.MethodGet, "/metrics", "", "Authorization", "Bearer alice")
	assert.Contains(t, got.body, "\na 2\n", "keys are of those who authenticated")
}

// Whoever sends a byte now and then is cut off, and does not hold others up.
func TestSlowRequests(t *testing.T) {
	t.Parallel()
	config := testConfig(acknowledgeMemory)
	config.HTTP.ReadHeaderTimeout, config.HTTP.ReadTimeout = 100*time.Millisecond, 200*time.Millisecond
	w := start(t, config, newDiskStorage())
	for name, sent := range map[string]string{
		"header": "POST /metrics HTTP/1.1\r\nHost: a\r\n",
		"body":   "PATCH /metrics/a HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n1",
	} {
		var dialer net.Dialer
		conn, err := dialer.DialContext(t.Context(), "tcp", w.listener.Addr().String())
		require.NoError(t, err)
		_, err = conn.Write([]byte(sent))
		require.NoError(t, err)
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(10*time.Second)))
		answer, err := io.ReadAll(conn)
		require.NoError(t, err, name)
		if name == "body" {
			assert.Contains(t, string(answer), "408 Request Timeout")
		}
		require.NoError(t, conn.Close())
	}
	assert.Empty(t, w.text())
}

func TestOTLPRefusalsAreStatusMessages(t *testing.T) {
	t.Parallel()
	w := start(t, testConfig(acknowledgeMemory), newDiskStorage())
	got := w.do(http.MethodPost, "/v1/metrics", "\xff", "Content-Type", protobufType)
	assert.Equal(t, protobufType, got.header.Get("Content-Type"))
	var message spb.Status
	require.NoError(t, proto.Unmarshal([]byte(got.body), &message))
	assert.Contains(t, message.GetMessage(), "no OTLP export request")
	got = w.do(http.MethodPost, "/v1/metrics", "{", "Content-Type", jsonType)
	assert.Contains(t, got.header.Values("Content-Type"), jsonType)
	assert.Contains(t, got.body, `"message":`)
}
