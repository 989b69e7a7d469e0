// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflare

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const someSettings = `{"enabled":true,"availableFields":["count","dimensions_action","sum_countryMap"],"maxDuration":86400,"maxNumberOfFields":30,"maxPageSize":10000,"notOlderThan":2678400}`

func limitsServer(t *testing.T, asked *[][]string, refused ...string) http.HandlerFunc {
	t.Helper()
	return func(w http.ResponseWriter, r *http.Request) {
		var request struct {
			Query     string              `json:"query"`
			Variables map[string][]string `json:"variables"`
		}
		assert.NoError(t, json.NewDecoder(r.Body).Decode(&request))
		tags := request.Variables["zones"]
		requireValid(t, loadSchema(t), request.Query, map[string]any{"zones": tags})
		*asked = append(*asked, tags)
		var zones []string
		for _, tag := range tags {
			if slices.Contains(refused, tag) {
				text(200, graphQLError("zones ["+tag+"] are not authorized", "authz"))(w, r)
				return
			}
			zones = append(zones, fmt.Sprintf(`{"zoneTag":%q,"settings":{"httpRequests1mGroups":%s,"firewallEventsAdaptiveGroups":{"enabled":false}}}`, tag, someSettings))
		}
		text(200, `{"data":{"cost":1,"viewer":{"budget":100,"zones":[`+strings.Join(zones, ",")+`]}}}`)(w, r)
	}
}

func zoneTags(n int) []string {
	tags := make([]string, n)
	for i := range tags {
		tags[i] = fmt.Sprintf("%032x", i)
	}
	return tags
}

func TestLimits(t *testing.T) {
	t.Parallel()
	var asked [][]string
	client, _ := serve(t, limitsServer(t, &asked))
	tags := zoneTags(25)
	limits, err := client.Limits(t.Context(), ZoneScope, tags, []string{"httpRequests1mGroups", "firewallEventsAdaptiveGroups"})
	require.NoError(t, err)
	assert.Equal(t, [][]string{tags[:10], tags[10:20], tags[20:]}, asked)
	require.Len(t, limits, 25)
	want := Limits{
		Enabled: true, AvailableFields: []string{"count", "dimensions_action", "sum_countryMap"},
		MaxDuration: 24 * time.Hour, NotOlderThan: 31 * 24 * time.Hour, MaxPageSize: 10000, MaxFields: 30,
	}
	assert.Equal(t, want, limits[tags[24]]["httpRequests1mGroups"])
	assert.Equal(t, Limits{}, limits[tags[0]]["firewallEventsAdaptiveGroups"])
	for path, offered := range map[string]bool{
		"count": true, "dimensions.action": true, "dimensions.source": false, "sum.countryMap.requests": true, "sum.requests": false, "co": false,
	} {
		assert.Equal(t, offered, want.Offers(path), path)
	}
	assert.True(t, Limits{}.Offers("anything"), "without a list nothing is known to be refused")
}

func TestLimitsOfAccounts(t *testing.T) {
	t.Parallel()
	var asked []string
	client, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var request struct {
			Query     string            `json:"query"`
			Variables map[string]string `json:"variables"`
		}
		assert.NoError(t, json.NewDecoder(r.Body).Decode(&request))
		tag := request.Variables["account"]
		requireValid(t, loadSchema(t), request.Query, map[string]any{"account": tag})
		asked = append(asked, tag)
		text(200, `{"data":{"viewer":{"accounts":[{"accountTag":"`+tag+`","settings":{"workersInvocationsAdaptive":`+someSettings+`}}]}}}`)(w, r)
	})
	limits, err := client.Limits(t.Context(), AccountScope, []string{account, zoneA}, []string{"workersInvocationsAdaptive"})
	require.NoError(t, err)
	assert.Equal(t, []string{account, zoneA}, asked)
	assert.Len(t, limits, 2)
}

func TestLimitsSingleOutWhatIsRefused(t *testing.T) {
	t.Parallel()
	var asked [][]string
	tags := zoneTags(20)
	client, _ := serve(t, limitsServer(t, &asked, tags[3]))
	limits, err := client.Limits(t.Context(), ZoneScope, tags, []string{"httpRequests1mGroups", "firewallEventsAdaptiveGroups"})
	assert.Equal(t, ClassPermission, ClassOf(err))
	assert.Len(t, limits, 19)
	assert.NotContains(t, limits, tags[3])
	assert.LessOrEqual(t, len(asked), 10)
}

func TestLimitsGiveUpOnWhatSplittingDoesNotCure(t *testing.T) {
	t.Parallel()
	client, seen := serve(t, text(401, ``))
	limits, err := client.Limits(t.Context(), ZoneScope, zoneTags(40), []string{"x"})
	assert.Equal(t, ClassAuth, ClassOf(err))
	assert.Empty(t, limits)
	assert.Len(t, seen.classes(), 1)
}

func TestLimitsOfNothing(t *testing.T) {
	t.Parallel()
	client, seen := serve(t, text(200, ``))
	limits, err := client.Limits(t.Context(), ZoneScope, nil, []string{"x"})
	require.NoError(t, err)
	assert.Empty(t, limits)
	limits, err = client.Limits(t.Context(), ZoneScope, []string{zoneA}, nil)
	require.NoError(t, err)
	assert.Empty(t, limits)
	for _, node := range []string{"", "a b", "x{y}", "1m", "ü"} {
		_, err = client.Limits(t.Context(), ZoneScope, []string{zoneA}, []string{node})
		assert.Equal(t, ClassInvalidQuery, ClassOf(err), node)
	}
	assert.Empty(t, seen.classes())
}

func TestLimitsAreReadStrictly(t *testing.T) {
	t.Parallel()
	for settings, want := range map[string]Class{
		`null`: "", `{}`: ClassMalformed, `[]`: ClassMalformed, `{"x":null}`: ClassMalformed, `{"x":{}}`: ClassMalformed, `{"x":[]}`: ClassMalformed,
		`{"x":{"enabled":"yes"}}`: ClassMalformed, `{"x":{"enabled":true,"maxDuration":"1d"}}`: ClassMalformed, `{"x":{"enabled":true}}`: "",
	} {
		t.Run(settings, func(t *testing.T) {
			t.Parallel()
			client, _ := serve(t, text(200, `{"data":{"viewer":{"zones":[{"zoneTag":"`+zoneA+`","settings":`+settings+`}]}}}`), oneAttempt)
			limits, err := client.Limits(t.Context(), ZoneScope, []string{zoneA}, []string{"x"})
			assert.Equal(t, want, ClassOf(err))
			assert.Equal(t, settings == `{"x":{"enabled":true}}`, limits[zoneA]["x"].Enabled)
		})
	}
}

func TestSecondsDoNotOverflow(t *testing.T) {
	t.Parallel()
	assert.Equal(t, time.Minute, seconds(60))
	assert.Zero(t, seconds(-5))
	assert.Positive(t, seconds(math.MaxInt64))
}
