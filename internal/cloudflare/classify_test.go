// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflare

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// texts are the messages of Cloudflare's documentation and of public issue trackers, with the status they come with.
var texts = []struct {
	message string
	status  int
	code    string
	want    Class
}{
	{"Unauthorized", 401, "", ClassAuth},
	{"Actor does not have permission 'com.cloudflare.api.account.zone.analytics.read' for zone " + zoneA, 403, "authz", ClassPermission},
	{"zones [" + zoneA + " " + zoneB + "] are not authorized", 403, "authz", ClassPermission},
	{"not authorized for that account", 403, "authz", ClassPermission},
	{"zone '" + zoneA + "' does not have access to the path. Refer to this page for more details about access controls: https://developers.cloudflare.com/analytics/graphql-api/errors/", 403, "authz", ClassGatedDataset},
	{"account '" + account + "' does not have access to the path. Refer to this page for more details about access controls: https://developers.cloudflare.com/analytics/graphql-api/errors/", 403, "authz", ClassGatedDataset},
	{"zone '" + zoneA + "' does not have access to the field 'clientrefererhost' from the path", 403, "authz", ClassGatedField},
	{"not available for your plan. Upgrade to Pro", 403, "", ClassGatedDataset},
	{"cannot request data older than 2678400s", 400, "", ClassTooOld},
	{`zone/account "` + zoneA + `" cannot request data older than 26w2d, but your query requests data from 28w4d6s ago`, 400, "", ClassTooOld},
	{"query time range is too large, please reduce it", 400, "", ClassTooWide},
	{`zone/account "` + zoneA + `" cannot request a time range wider than 1d, but your query time range spans 1d1s620ms`, 400, "quota", ClassTooWide},
	{"number of fields can't be more than 30", 400, "", ClassTooManyFields},
	{"limit must be positive number and not greater than 10000", 400, "", ClassInvalidQuery},
	{"error parsing args for \"zones\"", 400, "", ClassInvalidQuery},
	{"unknown field \"nope\"", 400, "", ClassInvalidQuery},
	{"scalar fields must have no selections", 400, "", ClassInvalidQuery},
	{"object field must have selections", 400, "", ClassInvalidQuery},
	{"query contains error, please review it and retry", 400, "", ClassInvalidQuery},
	{"empty zone filters not allowed", 400, "", ClassInvalidQuery},
	{"rate limiter budget depleted, try again after 5 minutes", 429, "budget", ClassRateLimited},
	{"limit reached, please try again later", 429, "", ClassRateLimited},
	{"limit reached, please try again with reduced time period", 429, "", ClassRateLimited},
	{"quota exceeded, please repeat your request in the next minute", 429, "", ClassRateLimited},
	{"Account " + account + " has exceeded its rate limit. Please try again after 5 minutes. Refer to this page for more details about rate limits: https://developers.cloudflare.com/", 429, "budget", ClassScopeLimited},
	{"Zone " + zoneA + " has exceeded its rate limit. Please try again after 5 minutes.", 429, "budget", ClassScopeLimited},
	{"in combination, your request queries too many nodes, zones and accounts", 429, "", ClassTooManyNodes},
	{"query consumed excessive resources, please try running smaller queries which consume fewer resources", 429, "", ClassExcessiveResources},
	{"too many queries in progress, please try again later", 503, "", ClassTransient},
	{"unable to execute query, please try again later", 503, "", ClassTransient},
	{"Internal server error", 500, "", ClassTransient},
}

// Each text means the same in errors[] of a 200, in errors[] of its own status and in the REST envelope.
func TestClassifyTexts(t *testing.T) {
	t.Parallel()
	for _, tt := range texts {
		t.Run(tt.message[:min(40, len(tt.message))], func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tt.want, classify(tt.status, tt.code, tt.message))
			for _, status := range []int{200, tt.status} {
				client, _ := serve(t, text(status, graphQLError(tt.message, tt.code), "Cf-Ray", "8f1-FRA"), oneAttempt)
				_, err := client.Limits(t.Context(), AccountScope, []string{account}, []string{"x"})
				var typed *Error
				require.ErrorAs(t, err, &typed)
				assert.Equal(t, tt.want, typed.Class)
				assert.Equal(t, KindGraphQL, typed.Kind)
				assert.Equal(t, status, typed.Status)
				assert.Equal(t, tt.code, typed.Code)
				assert.Equal(t, "8f1-FRA", typed.RayID)
				assert.Equal(t, []string{"viewer", "zones", "0", "p1"}, typed.Path)
				part, named := typed.Part()
				assert.True(t, named)
				assert.Equal(t, 1, part)
				assert.Equal(t, tt.want == ClassRateLimited || tt.want == ClassScopeLimited, typed.RetryAfter > 0)
			}
			client, _ := serve(t, text(tt.status, fmt.Sprintf(`{"success":false,"errors":[{"code":7003,"message":%q}],"result":null}`, tt.message)), oneAttempt)
			_, err := client.Zones(t.Context())
			assert.Equal(t, tt.want, ClassOf(err))
		})
	}
}

func TestErrorNamesScopesAndField(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		body  string
		tags  []string
		field string
		class Class
	}{
		"one zone": {graphQLError("zone '"+zoneB+"' does not have access to the path", "authz"), []string{zoneB}, "", ClassGatedDataset},
		"a list":   {graphQLError("zones ["+zoneB+" "+zoneA+"] are not authorized", "authz"), []string{zoneA, zoneB}, "", ClassPermission},
		"a field":  {graphQLError("zone '"+zoneB+"' does not have access to the field 'botscore' from the path", "authz"), []string{zoneB}, "botscore", ClassGatedField},
		"no one":   {graphQLError("not authorized for that account", "authz"), nil, "", ClassPermission},
		"several errors": {
			`{"errors":[{"message":"zone '` + zoneB + `' does not have access to the path"},{"message":"zone '` + zoneA + `' does not have access to the path"},{"message":"Internal server error ` + account + `"}]}`,
			[]string{zoneA, zoneB},
			"", ClassGatedDataset,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, _ := serve(t, text(200, tt.body), oneAttempt)
			_, err := client.Limits(t.Context(), ZoneScope, []string{zoneA}, []string{"x"})
			var typed *Error
			require.ErrorAs(t, err, &typed)
			assert.Equal(t, tt.class, typed.Class)
			assert.Equal(t, tt.tags, typed.Tags)
			assert.Equal(t, tt.field, typed.Field)
		})
	}
}

func TestClassifyEnvelopesAndStatuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		status  int
		body    string
		want    Class
		message string
	}{
		"bad token":       {401, `{"success":false,"errors":[{"code":10000,"message":"Authentication error"}],"messages":[],"result":null}`, ClassAuth, "Authentication error"},
		"bad token 403":   {403, `{"success":false,"errors":[{"code":10000,"message":"Authentication error"}]}`, ClassAuth, "Authentication error"},
		"bad token 200":   {200, `{"success":false,"errors":[{"code":10000,"message":"Authentication error"}]}`, ClassAuth, "Authentication error"},
		"malformed token": {400, `{"success":false,"errors":[{"code":6003,"message":"Invalid request headers","error_chain":[{"code":6103,"message":"Invalid format for X-Auth-Key header"}]}]}`, ClassAuth, "Invalid request headers: Invalid format for X-Auth-Key header"},
		"401 HTML":        {401, `<html>`, ClassAuth, "Unauthorized"},
		"403 HTML":        {403, `<html>`, ClassPermission, "Forbidden"},
		"429 HTML":        {429, `<html>`, ClassRateLimited, "Too Many Requests"},
		"400":             {400, ``, ClassInvalidQuery, "Bad Request"},
		"500":             {500, `null`, ClassTransient, "Internal Server Error"},
		"502":             {502, `{}`, ClassTransient, "Bad Gateway"},
		"530":             {530, `error code: 1016`, ClassTransient, "refused without a reason"},
		"524":             {524, ``, ClassTimeout, "refused without a reason"},
		"unknown text":    {200, `{"errors":[{"message":"out of cheese"}]}`, ClassInvalidQuery, "out of cheese"},
		"unknown authz":   {200, `{"errors":[{"message":"nope","extensions":{"code":"authz"}}]}`, ClassPermission, "nope"},
		"odd types":       {200, `{"errors":[{"message":7,"path":"x","extensions":[],"code":{}}]}`, ClassInvalidQuery, "7"},
		"no message":      {200, `{"errors":[{}]}`, ClassInvalidQuery, "no message"},
		"null error":      {200, `{"errors":[null]}`, ClassInvalidQuery, "no message"},
		"errors no list":  {200, `{"errors":"boom","data":{}}`, ClassMalformed, ""},
		"redirect":        {302, ``, ClassMalformed, "the endpoint redirects, and redirects are not followed"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, _ := serve(t, text(tt.status, tt.body, "Location", "/elsewhere"), oneAttempt)
			_, graphql := client.Limits(t.Context(), ZoneScope, []string{zoneA}, []string{"x"})
			_, rest := client.Zones(t.Context())
			for kind, err := range map[Kind]error{KindGraphQL: graphql, KindREST: rest} {
				var typed *Error
				require.ErrorAs(t, err, &typed)
				want := tt.want
				if kind == KindREST && tt.status == http.StatusForbidden {
					want = ClassPermission // an endpoint refuses so what a token may not do
				}
				assert.Equal(t, want, typed.Class, "%s", err)
				assert.Equal(t, kind, typed.Kind)
				assert.Equal(t, tt.status, typed.Status)
				if tt.message != "" {
					assert.Equal(t, tt.message, typed.Message)
				}
			}
		})
	}
}

func TestClassesHaveRemedies(t *testing.T) {
	t.Parallel()
	for _, class := range []Class{
		ClassAuth, ClassPermission, ClassGatedDataset, ClassGatedField, ClassTooWide, ClassTooOld, ClassTooManyNodes, ClassTooManyFields,
		ClassExcessiveResources, ClassRateLimited, ClassTimeout, ClassTransient, ClassBodyTooLarge, ClassInvalidQuery, ClassMalformed,
	} {
		assert.NotEmpty(t, Remedy(class), class)
		assert.Equal(t, 1, strings.Count(Remedy(class)+" ", ". "), "one sentence: %s", Remedy(class))
	}
	assert.Empty(t, Remedy(ClassCanceled))
	assert.Empty(t, Remedy(""))
}

func TestMessagesAreShortAndOneLine(t *testing.T) {
	t.Parallel()
	client, _ := serve(t, text(400, `{"errors":[{"message":"a\nb\u0000\u2028c `+strings.Repeat("ü", 400)+`"}]}`), oneAttempt)
	_, err := client.Limits(t.Context(), ZoneScope, []string{zoneA}, []string{"x"})
	var typed *Error
	require.ErrorAs(t, err, &typed)
	assert.LessOrEqual(t, len(typed.Message), maxMessage)
	assert.True(t, strings.HasPrefix(typed.Message, "a b c üü"), typed.Message)
	assert.True(t, strings.HasSuffix(typed.Message, "ü…"), typed.Message)
}

func TestErrorText(t *testing.T) {
	t.Parallel()
	err := &Error{Class: ClassRateLimited, Kind: KindREST, Message: "slow down", Status: http.StatusTooManyRequests, Code: "971", RetryAfter: 299600 * time.Millisecond, RayID: "8f"}
	require.EqualError(t, err, "cloudflare rest: rate_limited: slow down (HTTP 429, code 971, retry after 5m0s, ray 8f)")
	require.EqualError(t, &Error{Class: ClassTransient, Kind: KindGraphQL, Message: "no route"}, "cloudflare graphql: transient: no route")
}

func TestClassOf(t *testing.T) {
	t.Parallel()
	assert.Empty(t, ClassOf(nil))
	assert.Equal(t, ClassCanceled, ClassOf(fmt.Errorf("x: %w", context.Canceled)))
	assert.Equal(t, ClassTimeout, ClassOf(context.DeadlineExceeded))
	assert.Equal(t, ClassGatedField, ClassOf(fmt.Errorf("zone: %w", &Error{Class: ClassGatedField})))
	assert.Equal(t, ClassTransient, ClassOf(assert.AnError))
}
