// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package planner

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// A document may hold zones of several accounts; each of them has had its turn then.
func TestAccountsTakeTurnsInSharedDocuments(t *testing.T) {
	t.Parallel()
	p := slices.Concat(zones("many", 1005, at(-1)), zones("one", 1, at(-1)))
	docs := Plan(noon, p, usual)
	i := slices.IndexFunc(docs, func(d Document) bool { return slices.Contains(d.Scopes, zone("one", 0)) })
	assert.LessOrEqual(t, i, 1, "of %d documents", len(docs))
}

// What is given up never reaches beyond what could be read.
func TestOldestIsNotAheadOfTheHorizon(t *testing.T) {
	t.Parallel()
	s := Source{NotOlderThan: time.Minute, Granularity: time.Minute}
	o := s.Oldest(noon, 24*time.Hour)
	assert.False(t, o.After(s.Horizon(noon)), "%v %v", o, s.Horizon(noon))
}
