// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/dataset"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/oracle"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/simulator"
)

func listedAccounts() []simulator.Account {
	return simulator.DefaultLayout(2, 3, simulator.PlanEnterprise, simulator.PlanFree, simulator.PlanPro)
}

// newListed is a world of all lists, and of counters beside them.
func newListed(t *testing.T, change ...func(*Config)) *world {
	t.Helper()
	datasets := coreDatasets()
	for _, l := range dataset.Listings() {
		datasets = append(datasets, l.Name)
	}
	return newWorldOf(t, simulator.Config{Accounts: listedAccounts(), EventsPerMinute: 10}, append([]func(*Config){only(t, datasets...)}, change...)...)
}

// listingMetrics are all that are read from lists.
func listingMetrics() []string {
	var metrics []string
	for _, l := range dataset.Listings() {
		for _, m := range l.Metrics {
			metrics = append(metrics, m.Name)
		}
	}
	return metrics
}

// served is what the gauges of lists must stand at, by what the simulator serves.
type served struct {
	*simulator.Simulator
	gauges map[oracle.Series]float64
}

func (s served) set(value float64, metric, scope string, attributes map[string]string) {
	s.gauges[oracle.Series{Metric: metric, Scope: scope, Attributes: oracle.Attributes(attributes)}] = value
}

// listedGauges are those of all lists.
func (w *world) listedGauges() map[oracle.Series]float64 {
	s := served{w.sim, map[oracle.Series]float64{}}
	for _, a := range listedAccounts() {
		s.pools(a.ID)
		s.tunnels(a.ID)
		for _, z := range a.Zones {
			s.certificates(z.ID)
			s.loadBalancers(a.ID, z.ID)
		}
	}
	return s.gauges
}

func (s served) certificates(zone string) {
	for _, p := range s.CertificatePacks(zone) {
		certificates := p.Certificates
		if len(certificates) == 0 {
			certificates = []simulator.Certificate{{ID: p.ID}}
		}
		for _, c := range certificates {
			set := map[string]string{"certificate_id": c.ID, "type": p.Type, "issuer": c.Issuer, "status": p.Status}
			s.set(1, "cloudflare.zone.certificate.status", zone, set)
			if !c.ExpiresOn.IsZero() {
				set["status"], set["host"] = c.Status, c.Hosts[0]
				s.set(float64(c.ExpiresOn.Unix()), "cloudflare.zone.certificate.expiry", zone, set)
			}
		}
	}
}

func (s served) loadBalancers(account, zone string) {
	for _, b := range s.LoadBalancers(zone) {
		used := append([]string{b.FallbackPool}, b.DefaultPools...)
		for _, list := range b.RegionPools {
			used = append(used, list...)
		}
		for _, p := range s.Pools(account) {
			for _, o := range p.Origins {
				if slices.Contains(used, p.ID) && o.Enabled {
					s.set(o.Weight, "cloudflare.zone.lb.origin_weight", zone,
						map[string]string{"lb_name": b.Name, "pool_name": p.Name, "origin_name": o.Name})
				}
			}
		}
	}
}

// pools has an origin healthy that more than half of the data centres find healthy.
func (s served) pools(account string) {
	for _, p := range s.Pools(account) {
		for _, o := range p.Origins {
			well, checked := 0, 0
			for _, pop := range s.PoolHealth(p) {
				for _, found := range pop.Origins {
					if one, ok := found[o.Address]; ok {
						checked++
						if one.Healthy {
							well++
						}
					}
				}
			}
			if checked == 0 {
				continue
			}
			health := 0.0
			if 2*well > checked {
				health = 1
			}
			s.set(health, "cloudflare.pool.origin.health_status", account,
				map[string]string{"pool_name": p.Name, "origin_name": o.Name, "ip": o.Address})
		}
	}
}

func (s served) tunnels(account string) {
	for _, t := range s.Tunnels(account) {
		s.set(1, "cloudflare.tunnel.info", account, map[string]string{"tunnel_id": t.ID, "tunnel_name": t.Name, "status": t.Status})
		s.set(map[string]float64{"healthy": 1, "degraded": 0.5}[t.Status], "cloudflare.tunnel.health_status", account,
			map[string]string{"tunnel_id": t.ID, "tunnel_name": t.Name})
		connectors := map[string]bool{}
		for _, c := range t.Connections {
			if c.IsPendingReconnect {
				continue
			}
			connectors[c.ClientID] = true
			attributes := oracle.Attributes(map[string]string{
				"tunnel_id": t.ID, "connector_id": c.ClientID, "version": c.ClientVersion, "colo": c.ColoName,
			})
			s.gauges[oracle.Series{Metric: "cloudflare.tunnel.connections", Scope: account, Attributes: attributes}]++
		}
		s.set(float64(len(connectors)), "cloudflare.tunnel.connectors", account, map[string]string{"tunnel_id": t.ID})
	}
}

// What REST lists is shown as it is listed, in each scrape.
func TestListings(t *testing.T) {
	t.Parallel()
	w := newListed(t)
	followed := lives{}
	for range 4 {
		w.ticks(1)
		expected := w.listedGauges()
		w.expectGauges(expected, listingMetrics())
		for s := range followed.follow(w) {
			assert.NotContains(t, listingMetrics(), s.Metric, "nothing was taken off a list")
		}
		met := map[string]bool{}
		for s := range expected {
			met[s.Metric] = true
		}
		assert.Len(t, met, len(listingMetrics()))
	}
	w.settle()
	w.expectTruth()
	assert.Empty(t, w.logs.FilterLevelExact(zap.WarnLevel).All())
}

// What is no longer listed ends with one point, and the rest of its list stays.
func TestRemovedFromAList(t *testing.T) {
	t.Parallel()
	w := newListed(t, func(c *Config) { c.Datasets = map[string]DatasetConfig{"certificates": every(time.Minute)} })
	w.ticks(2)
	followed := lives{}
	require.Empty(t, followed.follow(w))
	account := listedAccounts()[0]
	tunnel, pack := w.sim.Tunnels(account.ID)[0].ID, w.sim.CertificatePacks(account.Zones[0].ID)[0]
	before := w.listedGauges()
	w.sim.Remove(tunnel)
	w.sim.Remove(pack.ID)
	gone := map[oracle.Series]bool{}
	after := w.listedGauges()
	for s := range before {
		if _, listed := after[s]; !listed {
			gone[s] = true
		}
	}
	require.Len(t, gone, 3+6+2*len(pack.Certificates), "info, health and connectors; each connector's colos; each certificate's two gauges")
	w.ticks(1)
	ended := followed.follow(w)
	maps.DeleteFunc(ended, func(s oracle.Series, _ bool) bool { return !slices.Contains(listingMetrics(), s.Metric) })
	assert.Equal(t, gone, ended)
	w.expectGauges(after, listingMetrics())
	w.ticks(1)
	for s := range followed.follow(w) {
		assert.NotContains(t, gone, s, "once")
	}
}

// While REST is away, lists stand for as long as they are valid, and what is counted from GraphQL is not touched.
func TestListingsWhileRESTIsAway(t *testing.T) {
	t.Parallel()
	w := newListed(t, func(c *Config) { c.Retry.Enabled = false })
	w.ticks(1)
	listed := w.clock.Now()
	w.sim.SetFaults(simulator.Faults{REST: simulator.Fault{ServerErrorRate: 1}})
	expected := w.listedGauges()
	followed := lives{}
	followed.follow(w)
	for w.clock.Now().Sub(listed) < 37*time.Minute {
		err := w.tick(time.Minute)
		age := w.clock.Now().Sub(listed)
		assert.Equal(t, age >= time.Minute, err != nil, "after %v", age)
		followed.follow(w)
		for _, l := range dataset.Listings() {
			for _, m := range l.Metrics {
				if age > l.Interval+gaugeLifetime {
					maps.DeleteFunc(expected, func(s oracle.Series, _ float64) bool { return s.Metric == m.Name })
				}
			}
		}
		w.expectGauges(expected, listingMetrics())
	}
	assert.Empty(t, expected)
	require.Error(t, w.tick(0))                        // new series are shown as zero first
	truth := identities(w.truth(w.begin, w.settled())) // names of rules are not to be had
	assert.Empty(t, oracle.Differences(truth, identities(w.last)))
	assert.Len(t, w.logs.FilterLevelExact(zap.WarnLevel).All(), 1, logged(w))

	w.sim.SetFaults(simulator.Faults{})
	w.ticks(1)
	w.expectGauges(w.listedGauges(), listingMetrics())
	w.settle()
	w.expectTruth()
}
