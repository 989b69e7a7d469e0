// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package aggregate

import (
	"strconv"
	"strings"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/receiver/workersmetricsreceiver/internal/exact"
)

// A series is kept as several series of the ledger, its parts, each named by a letter for what it is and numbers:
//
//	+<place>, -<place>         parts of a sum, see package exact
//	b<n>                       count of the n-th explicit bucket
//	p<scale>:<i>, m<scale>:<i> count of the i-th positive or negative exponential bucket
//	z                          count of the exponential zero bucket
//	n                          contributions without a sum, after which a histogram has none
//
// and as levels:
//
//	v, t                       value of a gauge and the time it was measured, Unix time in nanoseconds
//	w                          width (threshold) of the exponential zero bucket
const (
	bucketPart    = 'b'
	positivePart  = 'p'
	negativePart  = 'm'
	addedPart     = '+'
	removedPart   = '-'
	zeroPart      = "z"
	sumlessPart   = "n"
	valueLevel    = "v"
	timeLevel     = "t"
	zeroThreshold = "w"
)

// partNames holds the names that are used with every push.
type partNames struct {
	added, removed [exact.MaxPlace - exact.MinPlace + 1]string
	buckets        [64]string
}

func newPartNames() *partNames {
	n := &partNames{}
	for i := range n.added {
		place := strconv.Itoa(exact.MinPlace + i)
		n.added[i], n.removed[i] = string(addedPart)+place, string(removedPart)+place
	}
	for i := range n.buckets {
		n.buckets[i] = string(bucketPart) + strconv.Itoa(i)
	}
	return n
}

func (n *partNames) sum(p exact.Part) string {
	if p.Negative {
		return n.removed[p.Place-exact.MinPlace]
	}
	return n.added[p.Place-exact.MinPlace]
}

func (n *partNames) bucket(i int) string {
	if i < len(n.buckets) {
		return n.buckets[i]
	}
	return string(bucketPart) + strconv.Itoa(i)
}

func exponentialName(sign byte, scale, index int) string {
	return string(sign) + strconv.Itoa(scale) + ":" + strconv.Itoa(index)
}

// number returns the number in a name after its letter.
func number(name string) int {
	n, _ := strconv.Atoi(name[1:])
	return n
}

// exponentialNumbers returns the scale and the index in the name of an exponential bucket.
func exponentialNumbers(name string) (scale, index int) {
	first, second, _ := strings.Cut(name[1:], ":")
	scale, _ = strconv.Atoi(first)
	index, _ = strconv.Atoi(second)
	return scale, index
}
