// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// gauges gives the values of a gauge of one resource that have not ended, by attributes.
func (w *world) gauges(name, instance string) map[string]float64 {
	values := map[string]float64{}
	eachPoint(w.md, func(resource pcommon.Map, m pmetric.Metric, p pmetric.NumberDataPoint) {
		id, _ := resource.Get("service.instance.id")
		if m.Name() == name && id.Str() == instance && !p.Flags().NoRecordedValue() {
			values[attributesOf(p)] = valueOf(p)
		}
	})
	return values
}
