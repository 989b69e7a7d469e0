// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

// Package e2e tests the built Collector from outside, as its users meet it: started as a process with the shipped
// configurations, in front of a simulated Cloudflare, read through what its exporters put out. It holds nothing but
// tests. What can be proven inside a process is proven beside the code.
//
// The simulated Cloudflare runs in the test's process, on a clock on which a second is a minute. It is some hours behind
// ours; since the receiver goes by the earlier of the two clocks, the simulated one drives everything.
//
// It needs Go, make and git, and a Unix: the tests send signals.
package e2e
