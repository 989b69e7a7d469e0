// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

import "time"

// What analytics need, whichever product they are of.
const (
	zonePermission    = "Zone > Analytics: Read"
	accountPermission = "Account > Account Analytics: Read"
)

// zoneEvents is a zone's dataset of single events with the time of each.
func zoneEvents(name, family, text string) Dataset {
	return events(name, family, text, zonePermission)
}

// accountEvents is the same of an account.
func accountEvents(name, family, text string) Dataset {
	return events(name, family, text, accountPermission)
}

func events(name, family, text, permission string) Dataset {
	return Dataset{
		Name:        name,
		Family:      family,
		Granularity: time.Minute,
		Resolution:  time.Second,
		Step:        15 * time.Minute,
		Permission:  permission,
		text:        text,
	}
}
