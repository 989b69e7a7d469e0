// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package workersmetricsreceiver

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/receiver/workersmetricsreceiver/internal/metadata"
)

// benchBodies are pushes to 10,000 series, two for each of 5,000 label sets: a counter and a histogram, as a Worker sends
// them with each request.
func benchBodies() []string {
	bodies := make([]string, 5000)
	now := time.Now()
	for i := range bodies {
		attributes := fmt.Sprintf(`{"key":"route","value":{"stringValue":"/items/[id]/%d"}},{"key":"status","value":{"stringValue":"200"}}`, i)
		times := fmt.Sprintf(`"startTimeUnixNano":"%d","timeUnixNano":"%d"`, now.UnixNano(), now.UnixNano())
		bodies[i] = fmt.Sprintf(`{"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},"scopeMetrics":[{"metrics":[`+
			`{"name":"http_requests_total","sum":{"aggregationTemporality":1,"isMonotonic":true,"dataPoints":[{"attributes":[%[1]s],%[2]s,"asDouble":1}]}},`+
			`{"name":"http_request_duration_ms","unit":"ms","histogram":{"aggregationTemporality":1,"dataPoints":[{"attributes":[%[1]s],%[2]s,"count":1,"sum":17.25,`+
			`"bucketCounts":[0,0,1,0,0,0,0,0,0,0,0],"explicitBounds":[5,10,25,50,75,100,250,500,1000,2500]}]}}]}]}]}`, attributes, times)
	}
	return bodies
}

// BenchmarkHandler is one push without the network: parsing, adding and answering, by 32 clients for each processor.
func BenchmarkHandler(b *testing.B) {
	for _, acknowledge := range []string{acknowledgeMemory, acknowledgeDurable} {
		b.Run(acknowledge, func(b *testing.B) {
			config := testConfig(acknowledge)
			config.Attributes.ValueLimit = 1 << 20
			extension := fileStorage(b, b.TempDir())
			r, err := newReceiver(config, receivertest.NewNopSettings(metadata.Type), consumertest.NewNop(), clock{now: time.Now})
			if err != nil {
				b.Fatal(err)
			}
			if err := r.Start(b.Context(), host{map[component.ID]component.Component{storageID: extension}}); err != nil {
				b.Fatal(err)
			}
			defer func() { _ = r.Shutdown(b.Context()) }()
			handler := newServer(r.writer, r.telemetry, config)
			bodies := benchBodies()
			push := func(i int) {
				req := httptest.NewRequest(http.MethodPost, "/v1/metrics", strings.NewReader(bodies[i%len(bodies)]))
				req.Header.Set("Content-Type", jsonType)
				answer := httptest.NewRecorder()
				handler.ServeHTTP(answer, req)
				if answer.Code != http.StatusOK {
					b.Error(answer.Code, answer.Body)
				}
			}
			for i := range bodies {
				push(i)
			}
			b.ReportAllocs()
			b.SetParallelism(32)
			before := cpu(b)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for i := 0; pb.Next(); i += 7 {
					push(i)
				}
			})
			b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
		})
	}
}

// BenchmarkServer is one push over loopback, by clients that do no more than write and read bytes.
func BenchmarkServer(b *testing.B) {
	for _, acknowledge := range []string{acknowledgeMemory, acknowledgeDurable} {
		b.Run(acknowledge, func(b *testing.B) {
			config := testConfig(acknowledge)
			config.Attributes.ValueLimit = 1 << 20
			w := startWith(b, config, nil, map[component.ID]component.Component{storageID: fileStorage(b, b.TempDir())})
			var requests [][]byte
			for _, body := range benchBodies() {
				w.ok(http.MethodPost, "/v1/metrics", body, "Content-Type", jsonType)
				requests = append(requests, fmt.Appendf(nil, "POST /v1/metrics HTTP/1.1\r\nHost: a\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", jsonType, len(body), body))
			}
			b.SetParallelism(32)
			before := cpu(b)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				conn, err := (&net.Dialer{}).DialContext(b.Context(), "tcp", w.listener.Addr().String())
				if err != nil {
					b.Error(err)
					return
				}
				defer func() { _ = conn.Close() }() // all is read
				answer := make([]byte, 4096)
				for i := 0; pb.Next(); i += 7 {
					_, err := conn.Write(requests[i%len(requests)])
					n := 0
					if err == nil {
						n, err = conn.Read(answer)
					}
					if err != nil || !strings.HasPrefix(string(answer[:n]), "HTTP/1.1 200") {
						b.Error(err, string(answer[:n]))
						return
					}
				}
			})
			b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
		})
	}
}

// BenchmarkEmit is one emission of 10,000 series, which the pushes wait for only in part.
func BenchmarkEmit(b *testing.B) {
	w := start(b, testConfig(acknowledgeMemory), newDiskStorage())
	w.config.Attributes.ValueLimit = 1 << 20
	for _, body := range benchBodies() {
		w.ok(http.MethodPost, "/v1/metrics", body, "Content-Type", jsonType)
	}
	b.ReportAllocs()
	for b.Loop() {
		w.emit()
	}
}

// cpu returns the time that all processors have spent for us.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
