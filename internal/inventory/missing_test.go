// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/simulator"
)

// A list that could not be read says nothing about what is in it.
func TestAFailedListLetsNothingAge(t *testing.T) {
	t.Parallel()
	a := serve(t, []simulator.Account{account(1, "acme", 3)})
	first := a.inventory()
	a.refresh(first)
	saved, err := first.Marshal()
	require.NoError(t, err)

	second := a.inventory() // after a weekend's stop
	require.NoError(t, second.Restore(saved))
	a.broken(true)
	_, err = second.Refresh(t.Context(), a.after(48*time.Hour))
	require.Error(t, err)
	assert.Len(t, names(second.Scopes()), 3, "restart")

	_, err = first.Refresh(t.Context(), a.clock())
	require.Error(t, err)
	assert.Len(t, names(first.Scopes()), 3, "REST outage")
}

// The time that a zone may be missing begins with the first list without it, however long ago it was listed last.
func TestKeepCountsFromTheFirstAbsence(t *testing.T) {
	t.Parallel()
	a := serve(t, []simulator.Account{account(1, "acme", 3)})
	first := a.inventory()
	a.refresh(first)
	a.become([]simulator.Account{account(1, "acme", 2)})
	a.after(25 * time.Hour)
	a.refresh(first)
	assert.Len(t, names(first.Scopes()), 3)
}

// A token that may list accounts only is not asked again and again for zones.
func TestZonesMayNotBeListed(t *testing.T) {
	t.Parallel()
	a := serve(t, []simulator.Account{account(1, "acme", 2)})
	asked := a.forbid("/zones")
	i := a.inventory()
	_, err := i.Refresh(t.Context(), a.after(time.Minute))
	require.ErrorContains(t, err, "list zones: ")
	for range 3 {
		_, err := i.Refresh(t.Context(), a.after(time.Minute))
		require.NoError(t, err)
	}
	assert.Equal(t, 1, *asked)
	assert.True(t, i.Known())
}

// Cloudflare says of each zone whose it is; if not, the zone stands alone.
func TestAZoneWithoutAccount(t *testing.T) {
	t.Parallel()
	a := serve(t, []simulator.Account{account(1, "acme", 1)})
	a.before = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/zones") {
			return false
		}
		a.edit(w, r, func(zone map[string]any) { delete(zone, "account") })
		return true
	}
	i := a.inventory()
	a.refresh(i)
	for _, s := range i.Scopes() {
		assert.NotEmpty(t, s.ID)
	}
}
