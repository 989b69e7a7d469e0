// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"net/url"
	"strconv"
)

// Storage keys. Families and scopes are escaped, so that no two partitions share a key whatever they are called.
const (
	partitionPrefix = "ledger/partition/"
	setAsidePrefix  = "ledger/set-aside/"
	setAsideIndex   = "ledger/set-aside-index"
)

// indexKeys returns the keys of the two copies of the index. It is the one value that all partitions depend on, and
// without it they could not be found; it is small and seldom written.
func indexKeys() [2]string {
	return [2]string{"ledger/index/0", "ledger/index/1"}
}

func (id ID) path() string {
	return url.PathEscape(id.Family) + "/" + url.PathEscape(id.Scope)
}

func (p part) key() string {
	if p.number == headerPart {
		return partitionPrefix + p.id.path() + "/header"
	}
	return partitionPrefix + p.id.path() + "/" + strconv.Itoa(p.number)
}
