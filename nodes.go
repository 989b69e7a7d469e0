// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import "sync"

// maxNodes is where the search for the bound begins.
const maxNodes = 50

// nodeBound searches for the number of scopes × parts that Cloudflare takes in one document, which it does not publish:
// halfway between the most that was answered and the least that was refused.
// https://developers.cloudflare.com/analytics/graphql-api/limits/
type nodeBound struct {
	mu                sync.Mutex
	answered, refused int // 0: none was
}

// limit is what to try next.
func (b *nodeBound) limit() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.refused == 0 {
		return maxNodes
	}
	return max(1, (b.answered+b.refused)/2)
}

// answer notes that a document of that many nodes was answered.
func (b *nodeBound) answer(nodes int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.refused == 0 || nodes < b.refused {
		b.answered = max(b.answered, nodes)
	}
}

// refuse notes that a document was refused for its number of nodes. What was answered before tells nothing any more if it
// was not less.
func (b *nodeBound) refuse(nodes int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.answered >= nodes {
		b.answered = 0
	}
	if b.refused == 0 || nodes < b.refused {
		b.refused = nodes
	}
}
