// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

// Package metadata is written by mdatagen from metadata.yaml, but for what this file adds to it.
package metadata

import "go.opentelemetry.io/collector/pdata/pmetric"

// Overflow is the attribute of the series that holds what is beyond a limit. It is the only one that is no string.
const Overflow = "otel.metric.overflow"

// Attributes are all attributes of a data point at once. Unlike a list of the generated options it allocates nothing of
// its own, and it may be changed and passed again for the next point.
type Attributes struct{ Keys, Values []string }

// apply makes Attributes a MetricAttributeOption.
func (a *Attributes) apply(dp pmetric.NumberDataPoint) {
	attributes := dp.Attributes()
	attributes.EnsureCapacity(len(a.Keys))
	for i, key := range a.Keys {
		if key == Overflow {
			attributes.PutBool(key, true)
		} else {
			attributes.PutStr(key, a.Values[i])
		}
	}
}
