// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import (
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/inventory"
)

// ruleName is the name of a firewall rule, or its identifier where the name is not known.
func (s *metricsScraper) ruleName(scope inventory.Scope, id string) string {
	return id
}
