// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

// Package node tests the receiver workersmetrics with the clients that its users have: the Workers of examples/worker in
// workerd, Cloudflare's own runtime, and prom-client in Node.js. Each test compares what the built Collector shows Prometheus,
// with the shipped configuration, with what was counted: every series, every bucket, none missing, none extra.
//
// It needs Node.js 20.19 and npm beside what the tests of package e2e need, hence the build tag node and the target
// `make test-node`. The packages of package-lock.json are installed in .tools/node of the repository, which git ignores;
// only that goes to the network.
package node
