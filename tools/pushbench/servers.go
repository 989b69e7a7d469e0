// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
	"time"
)

// server is something that takes pushes.
type server struct {
	name    string
	command func(dir, intake, metrics string) []string // of addresses; dir is empty
	shown   string                                     // path of what has been counted: "" at the address of the intake
	push    func(labelSet int) (path, contentType, body string)
}

// servers are those that can be measured.
func servers(o options) []server {
	workers := func(acknowledge string) func(string, string, string) []string {
		return func(dir, intake, metrics string) []string {
			return []string{o.collector, "--config", "yaml:" + fmt.Sprintf(workersConfig, intake, acknowledge, dir, metrics)}
		}
	}
	list := []server{
		{name: "workersmetrics memory, OTLP/JSON", command: workers("memory"), push: otlp},
		{name: "workersmetrics memory, Prometheus text", command: workers("memory"), push: text},
		{name: "workersmetrics durable, OTLP/JSON", command: workers("durable"), push: otlp},
		{name: "otlp, deltatocumulative, prometheus", push: otlp, command: func(_, intake, metrics string) []string {
			return []string{o.collector, "--config", "yaml:" + fmt.Sprintf(deltaConfig, intake, metrics)}
		}},
	}
	if o.pushgateway != "" {
		list = append(list, server{name: "pushgateway, Prometheus text", push: text, shown: "intake", command: func(_, intake, _ string) []string {
			return []string{o.pushgateway, "--web.listen-address=" + intake, "--log.level=error"}
		}})
	}
	return list
}

const workersConfig = `
receivers:
  workersmetrics:
    http: {endpoint: %q}
    collection_interval: 10s
    attributes: {value_limit: 1000000}
    acknowledge: %s
    storage: file_storage
extensions:
  file_storage: {directory: %q, fsync: true}
exporters:
  prometheus: {endpoint: %q}
service:
  extensions: [file_storage]
  pipelines: {metrics: {receivers: [workersmetrics], exporters: [prometheus]}}
  telemetry: {logs: {level: error}, metrics: {level: none}}
`

const deltaConfig = `
receivers:
  otlp: {protocols: {http: {endpoint: %q}}}
processors:
  deltatocumulative: {}
exporters:
  prometheus: {endpoint: %q}
service:
  pipelines: {metrics: {receivers: [otlp], processors: [deltatocumulative], exporters: [prometheus]}}
  telemetry: {logs: {level: error}, metrics: {level: none}}
`

// requests are complete HTTP requests, one for each label set.
func (s server) requests(labelSets int) [][]byte {
	list := make([][]byte, labelSets)
	for i := range list {
		path, contentType, body := s.push(i)
		list[i] = fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: pushbench\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s",
			path, contentType, len(body), body)
	}
	return list
}

// otlp is a counter and a histogram, as a Worker sends them with each of its requests.
func otlp(labelSet int) (path, contentType, body string) {
	attributes := fmt.Sprintf(`{"key":"route","value":{"stringValue":"/items/[id]/%d"}},{"key":"status","value":{"stringValue":"200"}}`, labelSet)
	times := fmt.Sprintf(`"startTimeUnixNano":"%d","timeUnixNano":"%[1]d"`, time.Now().UnixNano())
	return "/v1/metrics", "application/json", fmt.Sprintf(`{"resourceMetrics":[{"resource":{"attributes":[`+
		`{"key":"service.name","value":{"stringValue":"shop"}}]},"scopeMetrics":[{"metrics":[`+
		`{"name":"http_requests_total","sum":{"aggregationTemporality":1,"isMonotonic":true,"dataPoints":[{"attributes":[%[1]s],%[2]s,"asDouble":1}]}},`+
		`{"name":"http_request_duration_ms","histogram":{"aggregationTemporality":1,"dataPoints":[{"attributes":[%[1]s],%[2]s,"count":1,"sum":17.25,`+
		`"bucketCounts":[0,0,1,0,0,0,0,0,0,0,0],"explicitBounds":[5,10,25,50,75,100,250,500,1000,2500]}]}}]}]}]}`, attributes, times)
}

// text is the same in Prometheus' text format.
func text(labelSet int) (path, contentType, body string) {
	labels := fmt.Sprintf(`route="/items/[id]/%d",status="200"`, labelSet)
	var b strings.Builder
	fmt.Fprintf(&b, "# TYPE http_requests_total counter\nhttp_requests_total{%s} 1\n# TYPE http_request_duration_ms histogram\n", labels)
	for i, bound := range []string{"5", "10", "25", "50", "75", "100", "250", "500", "1000", "2500", "+Inf"} {
		fmt.Fprintf(&b, "http_request_duration_ms_bucket{%s,le=%q} %d\n", labels, bound, min(i/2, 1))
	}
	fmt.Fprintf(&b, "http_request_duration_ms_sum{%[1]s} 17.25\nhttp_request_duration_ms_count{%[1]s} 1\n", labels)
	return fmt.Sprintf("/metrics/job/shop/set/%d", labelSet), "text/plain; version=0.0.4", b.String()
}
