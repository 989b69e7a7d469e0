// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"fmt"
	"net/http"
	"slices"
)

// restRuleset is a ruleset with its rules.
type restRuleset struct {
	ID      string     `json:"id"`
	Name    string     `json:"name"`
	Kind    string     `json:"kind"`
	Phase   string     `json:"phase"`
	Version string     `json:"version"`
	Rules   []restRule `json:"rules"`
}

type restRule struct {
	ID          string          `json:"id"`
	Ref         string          `json:"ref"`
	Version     string          `json:"version"`
	Action      string          `json:"action"`
	Parameters  *restParameters `json:"action_parameters,omitempty"`
	Expression  string          `json:"expression"`
	Description string          `json:"description"`
	Enabled     bool            `json:"enabled"`
}

type restParameters struct {
	ID string `json:"id"` // of the ruleset to execute
}

// phase is where in the handling of a request rules of a source are. Managed ones are in a ruleset of Cloudflare's, one for all
// zones, that each zone's own executes.
type phase struct {
	name, source, managed string
}

func phases() []phase {
	return []phase{
		{"http_request_firewall_custom", "firewallcustom", ""},
		{"http_request_firewall_managed", "firewallmanaged", "Cloudflare Managed Ruleset"},
		{"http_ratelimit", "ratelimit", ""},
		{"ddos_l7", "l7ddos", "DDoS L7 ruleset"},
	}
}

// RuleNames returns the names of those rules of a zone that REST lists, by id. They are those of its firewall events but for
// sources that have no rulesets, such as blocked countries.
func (s *Simulator) RuleNames(zoneID string) map[string]string {
	names := map[string]string{}
	for _, r := range s.rules(zoneID) {
		if slices.ContainsFunc(phases(), func(p phase) bool { return p.source == r.source }) {
			names[r.id] = r.name
		}
	}
	return names
}

// rules are a zone's, each once. Those of [Zone.LabelSetsPerMinute] are in no ruleset: there may be more than one could hold.
func (s *Simulator) rules(zoneID string) []rule {
	rules := slices.Clone(s.traffic.zone(zoneID).rules.values)
	s.altered.rename(zoneID, rules)
	return rules
}

func (p phase) rules(rules []rule) []restRule {
	found := []restRule{}
	for _, r := range rules {
		if r.source == p.source {
			found = append(found, restRule{
				ID: r.id, Ref: r.id, Version: "1", Action: r.action, Expression: "true", Description: r.name, Enabled: true,
			})
		}
	}
	return found
}

func (p phase) managedID() string { return hexID("managed ruleset", len(p.name)) }

// entrypoint is what a zone has for a phase.
func (s *Simulator) entrypoint(p phase, z *zone) restRuleset {
	set := restRuleset{
		ID: hexID(p.name+z.ID, 0), Name: "default", Kind: "zone", Phase: p.name, Version: "3", Rules: p.rules(s.rules(z.ID)),
	}
	if p.managed != "" {
		set.Rules = []restRule{{
			ID: hexID(p.name+z.ID, 1), Ref: hexID(p.name+z.ID, 1), Version: "1", Action: "execute", Parameters: &restParameters{p.managedID()},
			Expression: "true", Description: "Execute " + p.managed, Enabled: true,
		}}
	}
	return set
}

// getEntrypoint answers that accounts have no rules.
func (s *Simulator) getEntrypoint(w http.ResponseWriter, r *http.Request, sc scope) {
	name := r.PathValue("phase")
	i := slices.IndexFunc(phases(), func(p phase) bool { return p.name == name })
	if i < 0 || sc.zone == nil {
		writeEnvelopeError(w, newAPIError(http.StatusNotFound, 10003,
			fmt.Sprintf("could not find entrypoint ruleset in the %s phase", name)))
		return
	}
	writeResult(w, s.entrypoint(phases()[i], sc.zone), nil)
}

// getRuleset knows the managed rulesets.
func (s *Simulator) getRuleset(w http.ResponseWriter, r *http.Request, _ scope) {
	for _, p := range phases() {
		if p.managed == "" || p.managedID() != r.PathValue("ruleset") {
			continue
		}
		set := restRuleset{ID: p.managedID(), Name: p.managed, Kind: "managed", Phase: p.name, Version: "42", Rules: []restRule{}}
		for _, z := range s.world().zones {
			set.Rules = append(set.Rules, p.rules(s.rules(z.ID))...)
		}
		writeResult(w, set, nil)
		return
	}
	writeEnvelopeError(w, newAPIError(http.StatusNotFound, 10003, "could not find ruleset"))
}
