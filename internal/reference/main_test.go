// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/receiver"

	cloudflaremetrics "github.com/otelcol-cloudflare/cloudflaremetricsreceiver"
	workersmetrics "github.com/otelcol-cloudflare/cloudflaremetricsreceiver/receiver/workersmetricsreceiver"
)

// docs/configuration.md is what the configuration is now.
func TestPageIsUpToDate(t *testing.T) {
	t.Parallel()
	now, err := page("../../config")
	require.NoError(t, err)
	committed, err := os.ReadFile("../../docs/configuration.md")
	require.NoError(t, err)
	assert.Equal(t, string(now), string(committed), "run make generate")
}

// Each key has a meaning, whether it is ours or another module's, and each text of ours is for a key that there is.
func TestEveryKeyHasAMeaning(t *testing.T) {
	t.Parallel()
	comments, err := newComments()
	require.NoError(t, err)
	for _, factory := range []receiver.Factory{cloudflaremetrics.NewFactory(), workersmetrics.NewFactory()} {
		w := walker{comments: comments, meanings: meanings(factory.Type())}
		require.NoError(t, w.component(factory.CreateDefaultConfig()))
		known := map[string]bool{}
		for _, table := range w.tables {
			for _, k := range table.Keys {
				known[k.Name] = true
				// Of the Collector's structs these have no comments, and names that say it.
				if !strings.Contains(k.Name, "::tpm::") && !strings.Contains(k.Name, "compression_params") {
					assert.NotEmpty(t, k.Doc, "%v: %s", factory.Type(), k.Name)
				}
				assert.NotRegexp(t, "^[A-Z][a-z]+[A-Z]", k.Doc, "%v: %s: the name of a field is no word for users", factory.Type(), k.Name)
			}
		}
		for name := range w.meanings {
			assert.Contains(t, known, name)
		}
	}
}

// What is shown is what the receivers have, through all kinds of fields.
func TestKeys(t *testing.T) {
	t.Parallel()
	comments, err := newComments()
	require.NoError(t, err)
	w := walker{comments: comments}
	require.NoError(t, w.component(cloudflaremetrics.NewFactory().CreateDefaultConfig()))
	found := map[string]key{}
	for _, table := range w.tables {
		for _, k := range table.Keys {
			k.Doc = ""
			found[k.Name] = k
		}
	}
	for _, want := range []key{
		{Name: "collection_interval", Kind: "duration", Default: "1m"},       // squashed
		{Name: "api_token", Kind: "string, secret"},                          // opaque
		{Name: "storage", Kind: "component"},                                 // pointer
		{Name: "drop_attributes", Kind: "list", Default: "[]"},               // list
		{Name: "rate_limit::rest::requests", Kind: "number", Default: "960"}, // nested
		{Name: "datasets::<name>::interval", Kind: "duration"},               // map
		{Name: "http::auth", Kind: "section", Default: "not set"},            // optional
		{Name: "metrics::<name>::enabled", Kind: "bool", Default: "true"},    // generated
	} {
		assert.Equal(t, want, found[want.Name])
	}
}

// An environment variable is listed once for each default, and not where a comment only shows it.
func TestEnvironment(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	for name, text := range map[string]string{
		"a.yaml": "x: ${env:ONE:-1}:${env:TWO}\n# ${env:COMMENT}\n",
		"b.yaml": "x: ${env:ONE:-1}\ny: ${env:ONE:-2}\n",
	} {
		require.NoError(t, os.WriteFile(directory+"/"+name, []byte(text), 0o600))
	}
	list, err := environment(directory)
	require.NoError(t, err)
	assert.Equal(t, []*variable{
		{Name: "ONE", HasDefault: true, Default: "1", Files: []string{"a", "b"}},
		{Name: "ONE", HasDefault: true, Default: "2", Files: []string{"b"}},
		{Name: "TWO", Files: []string{"a"}},
	}, list)
}
