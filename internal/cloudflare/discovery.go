// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflare

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
)

// AccountTags lists the ids of the accounts whose analytics the credentials may read, by GraphQL: they may be allowed that
// without being allowed to list accounts.
func (c *Client) AccountTags(ctx context.Context) ([]string, error) {
	const query = "query { cost viewer { budget accounts { accountTag } } }"
	return discover(ctx, c, "", query, nil, func(x exchange, data *data) ([]string, error) {
		return x.tags(data.Viewer.Accounts, AccountScope)
	})
}

// ZoneTags lists the ids of an account's zones whose analytics the credentials may read, by GraphQL; without an account those of
// all zones. Under account-based limits there must be an account.
func (c *Client) ZoneTags(ctx context.Context, account string) ([]string, error) {
	var all []string
	after := "0" // shorter than any id
	for range maxPages {
		tags, err := c.zoneTagsAfter(ctx, account, after)
		if err != nil {
			return nil, err
		}
		all = append(all, tags...)
		if len(tags) < zonesAtOnce {
			return all, nil
		}
		last := slices.Max(tags)
		if last <= after {
			return nil, &Error{Class: ClassMalformed, Kind: KindGraphQL, Message: "the list of zones does not go on where it should"}
		}
		after = last
	}
	return nil, &Error{Class: ClassMalformed, Kind: KindGraphQL, Message: fmt.Sprintf("the list of zones goes on after %d pages", maxPages)}
}

// zonesAtOnce is how many zones Cloudflare accepts in one query.
const zonesAtOnce = 10

func (c *Client) zoneTagsAfter(ctx context.Context, account, after string) ([]string, error) {
	const zones = "zones(filter: {zoneTag_gt: $after}, limit: $limit) { zoneTag }"
	variables := map[string]any{"after": after, "limit": zonesAtOnce}
	if account == "" {
		query := "query($after: string!, $limit: uint64!) { cost viewer { budget " + zones + " } }"
		return discover(ctx, c, account, query, variables, func(x exchange, data *data) ([]string, error) {
			return x.tags(data.Viewer.Zones, ZoneScope)
		})
	}
	query := "query($account: string!, $after: string!, $limit: uint64!) { cost viewer { budget " +
		"accounts(filter: {accountTag: $account}) { accountTag " + zones + " } } }"
	variables["account"] = account
	return discover(ctx, c, account, query, variables, func(x exchange, data *data) ([]string, error) {
		accounts, err := x.scopes(data, AccountScope, []string{account})
		if err != nil {
			return nil, err
		}
		var zones []members
		if raw := accounts[account]["zones"]; raw != nil && json.Unmarshal(raw, &zones) != nil {
			return nil, x.error(ClassMalformed, "the zones of the account are not a list of objects")
		}
		return x.tags(zones, ZoneScope)
	})
}

func discover(ctx context.Context, c *Client, scope, query string, variables map[string]any, decode func(exchange, *data) ([]string, error)) ([]string, error) {
	what := subject{KindGraphQL, "scopes", scope}
	return post(ctx, c, what, query, variables, func(x exchange, data *data) ([]string, error) {
		c.learn(data)
		return decode(x, data)
	})
}

// tags are the ids of the scopes in an answer.
func (x exchange) tags(list []members, kind ScopeKind) ([]string, error) {
	if list == nil {
		return nil, x.error(ClassMalformed, "the answer has no "+kind.list())
	}
	tags := make([]string, len(list))
	for i, fields := range list {
		if tags[i] = scalar(fields[kind.tag()]); tags[i] == "" {
			return nil, x.error(ClassMalformed, "the answer has a "+kind.String()+" without an id")
		}
	}
	return tags, nil
}
