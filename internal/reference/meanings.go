// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package main

import "go.opentelemetry.io/collector/component"

// meanings are what keys of the Collector's own structs mean in a receiver, where their comments, which are made for all
// components, would mislead.
func meanings(receiver component.Type) map[string]string {
	if receiver.String() == "workersmetrics" {
		return map[string]string{
			"http::endpoint":              "The address to listen on, `host:port`. Without `http::auth` a loopback one.",
			"http::transport":             "`tcp`, `tcp4`, `tcp6`, or `unix`, with which the endpoint is a path and needs no `http::auth`.",
			"http::max_request_body_size": "The largest body in bytes, also of what a compressed one becomes. At most 33554432.",
			"http::auth::authenticator":   "The extension that checks requests, such as `bearertokenauth`.",
			"http::compression_algorithms": "What bodies may be compressed with; by default gzip, zstd, zlib, snappy, deflate " +
				"or nothing.",
		}
	}
	return map[string]string{
		"collection_interval":         "The time between two scrapes.",
		"initial_delay":               "The time before the first one.",
		"timeout":                     "For one scrape; `0s` is none. Asking ends at 80 % of it or of `collection_interval`, so that what is known is always emitted.",
		"http::endpoint":              "The REST API; GraphQL is at `<endpoint>/graphql`.",
		"http::proxy_url":             "The proxy; without it the environment's `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` hold.",
		"http::timeout":               "For one request; positive.",
		"http::disable_keep_alives":   "Whether each request gets a connection of its own.",
		"http::auth::authenticator":   "The extension that logs in, such as `bearertokenauth`, in place of `api_token` or `api_key`.",
		"retry::enabled":              "Whether a request that failed is repeated inside a scrape.",
		"retry::initial_interval":     "The wait before the first repetition.",
		"retry::randomization_factor": "By which share a wait may be longer or shorter, at random.",
		"retry::multiplier":           "By what the wait grows from one repetition to the next.",
		"retry::max_interval":         "The longest wait.",
		"retry::max_elapsed_time":     "When repetitions end, `0s` is with the scrape; the next scrape asks again in any case.",
	}
}
