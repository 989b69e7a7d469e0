// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// textPool gives the values that a text dimension takes in synthetic datasets; what comes more often is there more often.
func textPool(name string) []string {
	if pool, ok := textPools()[name]; ok {
		return pool
	}
	pool := make([]string, 4)
	for i := range pool {
		pool[i] = fmt.Sprintf("%s-%d", name, i+1)
	}
	return pool
}

// textPools are values that Cloudflare documents, or that are like its own.
func textPools() map[string][]string {
	countries := []string{"US", "US", "DE", "GB", "FR", "XX", "T1"}
	colos := []string{"FRA", "AMS", "IAD", "SJC", "NRT"}
	return map[string][]string{
		"action":                   {"allow", "allow", "block", "log"},
		"actionType":               {"GetObject", "GetObject", "PutObject", "ListObjects", "HeadObject", "DeleteObject"},
		"actionStatus":             {"success", "success", "success", "userError", "internalError"},
		"bucketName":               {"assets", "backups", "uploads"},
		"cacheStatus":              {"hit", "hit", "miss", "dynamic"},
		"clientCountryName":        countries,
		"coloCode":                 colos,
		"country":                  countries,
		"countryName":              countries,
		"deliveryStatus":           {"delivered", "delivered", "deliveryFailed"},
		"destinationType":          {"s3", "r2", "http"},
		"direction":                {"ingress", "egress"},
		"edgeColoCode":             colos,
		"edgeColoName":             colos,
		"environmentName":          {"production", "preview"},
		"errorType":                {"", "", "", "no_healthy_origin"},
		"failureReason":            {"", "", "TCP timeout", "HTTP status mismatch"},
		"fqdn":                     {"origin-1.example.com", "origin-2.example.com"},
		"healthStatus":             {"healthy", "healthy", "healthy", "unhealthy"},
		"ipProtocolName":           {"TCP", "TCP", "UDP", "ICMP"},
		"outcome":                  {"pass", "pass", "pass", "drop"},
		"queryName":                {"example.com", "www.example.com", "api.example.com"},
		"queryType":                {"A", "A", "AAAA", "HTTPS", "MX"},
		"region":                   {"WNAM", "ENAM", "WEU", "EEU"},
		"requestMethod":            {"GET", "GET", "POST"},
		"responseCode":             {"NOERROR", "NOERROR", "NOERROR", "NXDOMAIN", "SERVFAIL"},
		"resultStatus":             {"ok", "ok", "ok", "timeout", "rejected"},
		"scriptName":               {"api-gateway", "image-resizer", "auth"},
		"status":                   {"success", "success", "success", "scriptThrewException", "exceededResources"},
		"steeringPolicy":           {"off", "geo", "random"},
		"tunnelName":               {"tunnel-1", "tunnel-2"},
		"clientRequestHTTPHost":    {"example.com", "www.example.com", "api.example.com"},
		"requestHost":              {"example.com", "www.example.com"},
		"requestSource":            {"eyeball", "eyeball", "eyeball", "edgeWorkerFetch"},
		"storageClass":             {"Standard", "Standard", "InfrequentAccess"},
		"consumerType":             {"worker", "http_pull"},
		"invocationType":           {"fetch", "alarm"},
		"type":                     {"fetch", "alarm"},
		"eventType":                {"solve", "issue"},
		"clientRequestHTTPVersion": {"HTTP/1.1", "HTTP/2", "HTTP/3"},
	}
}

// numberPool gives the values that a dimension of numbers takes.
func numberPool(name string, s scalar) []int64 {
	if pool, ok := numberPools()[name]; ok && (s.name != "uint8" || slices.Max(pool) <= math.MaxUint8) {
		return pool
	}
	switch {
	case strings.HasPrefix(name, "is"), strings.HasPrefix(name, "has"):
		return []int64{0, 1}
	case strings.HasSuffix(name, "Status"), strings.HasSuffix(name, "StatusCode"):
		if s.name != "uint8" {
			return statusCodes()
		}
	}
	return []int64{1, 2, 3, 4}
}

func statusCodes() []int64 { return []int64{200, 200, 200, 200, 304, 403, 404, 500, 503} }

func numberPools() map[string][]int64 {
	flag, mostly := []int64{0, 1}, []int64{1, 1, 1, 0}
	return map[string][]int64{
		"active":                          mostly,
		"final":                           mostly,
		"success":                         mostly,
		"proxied":                         mostly,
		"selectedPoolHealthy":             mostly,
		"selectedPoolHealthChecksEnabled": mostly,
		"healthy":                         mostly,
		"cacheReserveUsed":                flag,
		"queryCached":                     flag,
		"responseCached":                  flag,
		"errorCode":                       {0, 0, 0, 1031, 3040},
		"originIndex":                     {0, 1},
		"sampleInterval":                  {1},
		"status":                          statusCodes(),
		"destinationPort":                 {80, 443, 53},
		"transformations":                 {10, 20, 30},
	}
}

// quantityPools are the amounts of quantities that cannot be anything, where they are no whole numbers.
func quantityPools() map[string][]float64 {
	return map[string][]float64{
		"tunnelState":    {1, 1, 1, 0.5, 0},
		"lossPercentage": {0, 0, 0, 25, 100},
		"utilization":    {0.125, 0.25, 0.5},
	}
}
