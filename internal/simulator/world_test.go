// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// told is what the settings node says of a zone's firewall events.
func told(t *testing.T, s *Simulator, id string) entitlement {
	t.Helper()
	answer := ask(t, s, inZone(id, `settings { firewallEventsAdaptiveGroups { enabled availableFields } }`), nil)
	require.Empty(t, answer.Errors)
	var settings map[string]entitlement
	require.NoError(t, json.Unmarshal(answer.Data.Viewer.Zones[0]["settings"], &settings))
	return settings[datasetFirewallEvents]
}

// A zone's plan changes, and settings follow after a lag, in both directions.
func TestPlansChange(t *testing.T) {
	t.Parallel()
	s, clock := newTestSimulator(t, nil)
	id := firstOf(s, PlanPro).ID
	query := inZone(id, firewall+`{ count }`)
	refusal := func() string {
		if answer := ask(t, s, query, nil); len(answer.Errors) > 0 {
			return answer.Errors[0].Message
		}
		return ""
	}
	s.SetFaults(Faults{SettingsLagSeconds: 600})
	assert.Empty(t, refusal())
	assert.True(t, told(t, s, id).Enabled)
	require.NoError(t, s.SetPlan(id, PlanFree))
	assert.Contains(t, refusal(), "does not have access to the path", "an access error despite settings")
	assert.True(t, told(t, s, id).Enabled)
	assert.Zero(t, total(exact(s.Truth(time.Time{}, time.Time{}, counters()...)), id, "count"))
	assert.NotZero(t, total(exact(s.TruthAll(time.Time{}, time.Time{}, counters()...)), id, "count"))
	p, _ := listed(t, s, "zones?name="+firstOf(s, PlanFree).Name)
	assert.Equal(t, "free", p.Result[0].Plan.LegacyID)
	clock.advance(10 * time.Minute)
	assert.False(t, told(t, s, id).Enabled)

	require.NoError(t, s.SetPlan(id, PlanEnterprise))
	assert.Empty(t, refusal())
	assert.False(t, told(t, s, id).Enabled, "an upgrade that settings do not know of yet")
	s.SetFaults(Faults{})
	assert.True(t, told(t, s, id).Enabled)

	s.SetFaults(Faults{SettingsLagSeconds: 600})
	require.NoError(t, s.SetWithheld(id, "firewallEventsAdaptiveGroups.count"))
	assert.Contains(t, refusal(), "does not have access to the field 'count'")
	clock.advance(10 * time.Minute)
	assert.NotContains(t, told(t, s, id).AvailableFields, "count")
	require.NoError(t, s.SetWithheld(id))
	assert.Empty(t, refusal())
}

func TestZonesComeAndGo(t *testing.T) {
	t.Parallel()
	s, clock := newTestSimulator(t, nil)
	account, z := s.config.Accounts[0].ID, s.config.Accounts[0].Zones[0]
	before := exact(s.Truth(time.Time{}, time.Time{}, counters()...))
	listedNames := func() string {
		p, _ := listed(t, s, "zones?per_page=50")
		var names strings.Builder
		for _, zone := range p.Result {
			names.WriteString(" " + zone.Name)
		}
		return names.String() + " "
	}
	require.NoError(t, s.RemoveZone(z.ID))
	assert.NotContains(t, listedNames(), " "+z.Name+" ")
	gone := ask(t, s, inZone(z.ID, firewall+`{ count }`), nil)
	require.Len(t, gone.Errors, 1)
	assert.Contains(t, gone.Errors[0].Message, "are not authorized")
	assert.Zero(t, total(exact(s.Truth(time.Time{}, time.Time{}, counters()...)), z.ID, "count"))

	z.Name = "renamed.example.com"
	require.NoError(t, s.AddZone(account, z))
	assert.Contains(t, listedNames(), " renamed.example.com ")
	assert.Equal(t, before, exact(s.Truth(time.Time{}, time.Time{}, counters()...)), "the events are those of before")
	require.NoError(t, s.RenameZone(z.ID, "again.example.com"))
	assert.Contains(t, listedNames(), " again.example.com ")
	assert.Equal(t, before, exact(s.Truth(time.Time{}, time.Time{}, counters()...)))

	added := Zone{ID: hexID("zone", 99), Name: "new.example.com", Plan: PlanEnterprise}
	require.NoError(t, s.AddZone(account, added))
	clock.advance(time.Minute)
	assert.Equal(t, total(exact(s.Truth(testBegin, testBegin.Add(time.Hour), counters()...)), added.ID, "sum.requests"),
		requestsOf(t, s, added.ID, testBegin, testBegin.Add(time.Hour)))
	assert.NotZero(t, requestsOf(t, s, added.ID, testBegin, testBegin.Add(time.Hour)))
	assert.Len(t, s.config.Accounts[0].Zones, 5, "the configuration is the caller's")
}

func TestRefusedChanges(t *testing.T) {
	t.Parallel()
	s, _ := newTestSimulator(t, nil)
	account, id := s.config.Accounts[0].ID, s.config.Accounts[0].Zones[0].ID
	before := s.world()
	for want, err := range map[string]error{
		"unknown id":      s.SetPlan("nobody", PlanPro),
		"unknown  id":     s.SetWithheld("nobody"),
		"unknown   id":    s.RemoveZone("nobody"),
		"unknown plan":    s.SetPlan(id, "gold"),
		"no such field":   s.SetWithheld(id, "httpRequests1mGroups.colour"),
		"no such dataset": s.SetGranted(account, datasetHTTPRequests1m),
		"used twice":      s.AddZone(account, Zone{ID: id, Plan: PlanPro}),
		"hexadecimal":     s.AddZone(account, Zone{ID: "short", Plan: PlanPro}),
		"negative":        s.AddZone(account, Zone{ID: hexID("zone", 99), Plan: PlanPro, LabelSetsPerMinute: -1}),
	} {
		require.ErrorContains(t, err, strings.Join(strings.Fields(want), " "))
	}
	assert.Same(t, before, s.world())
}
