// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

// Package deploytest tests what deploy/ and .goreleaser.yaml ship as far as it can be tested without a container engine, a
// cluster or a release: with the parsers, linters and policies that Docker, Compose, Helm, Kubernetes, systemd and
// goreleaser are made of, and by running what the image holds as the image says. It holds nothing but tests.
//
// It is a module of its own because these libraries depend on a thousand others. It needs Go and a Unix.
package deploytest
