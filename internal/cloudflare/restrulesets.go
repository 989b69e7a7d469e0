// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflare

import (
	"context"
	"net/url"
)

// Rule is a rule of a ruleset.
type Rule struct {
	ID string
	// Ref is what a user or Terraform refers to the rule by; the id unless it has been set.
	Ref         string
	Description string
	// Executes is the id of the ruleset that the rule executes, if it does.
	Executes string
}

// Name is what people call the rule: its description, or else the reference that somebody gave it.
func (r Rule) Name() string {
	if r.Description == "" && r.Ref != r.ID {
		return r.Ref
	}
	return r.Description
}

// PhaseRules reads the rules of a phase's entry point in a zone or account, none where the phase has no entry point. It needs the
// permission Zone WAF Read or Account Rulesets Read.
// https://developers.cloudflare.com/ruleset-engine/reference/phases-list/
func (c *Client) PhaseRules(ctx context.Context, kind ScopeKind, id, phase string) ([]Rule, error) {
	return c.rules(ctx, rulesetsPath(kind, id)+"/phases/"+url.PathEscape(phase)+"/entrypoint", nothingThere)
}

// RulesetRules reads the rules of a ruleset that a zone or account executes, Cloudflare's managed ones included.
func (c *Client) RulesetRules(ctx context.Context, kind ScopeKind, id, rulesetID string) ([]Rule, error) {
	return c.rules(ctx, rulesetsPath(kind, id)+"/"+url.PathEscape(rulesetID), never)
}

func rulesetsPath(kind ScopeKind, id string) string { return kind.list() + "/" + id + "/rulesets" }

// nothingThere says of a 404 that the path is known, but nothing is there.
func nothingThere(err *Error) bool { return err.Code != "" && err.Code != noRoute }

// noRoute is the code of a path that does not exist, or of a zone or account that does not.
const noRoute = "7003"

// rules reads a ruleset. The SDK has a type for each of some twenty actions; four fields are needed, which all have.
func (c *Client) rules(ctx context.Context, path string, absent func(*Error) bool) ([]Rule, error) {
	type ruleset struct {
		Rules []struct {
			ID          string `json:"id"`
			Ref         string `json:"ref"`
			Action      string `json:"action"`
			Description string `json:"description"`
			Parameters  struct {
				ID string `json:"id"`
			} `json:"action_parameters"`
		} `json:"rules"`
	}
	found, err := object[ruleset](ctx, c, "rulesets", path, absent)
	if err != nil || found == nil {
		return nil, err
	}
	rules := make([]Rule, len(found.Rules))
	for i, r := range found.Rules {
		rules[i] = Rule{ID: r.ID, Ref: r.Ref, Description: r.Description}
		if r.Action == "execute" {
			rules[i].Executes = r.Parameters.ID
		}
	}
	return rules, nil
}
