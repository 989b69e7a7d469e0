// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestReadAccounts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		of               *Dataset
		rows             string
		counters, gauges []string
	}{
		{
			of: r2OperationsAdaptiveGroupsDataset(),
			rows: `[{
			  "dimensions": {"bucketName": "logs", "actionType": "GetObject", "actionStatus": "success"},
			  "sum": {"requests": 101, "responseBytes": 102, "responseObjectSize": 103}
			}]`,
			counters: []string{
				"cloudflare.r2.operations{bucket=logs,action_type=GetObject,action_status=success} 101",
				"cloudflare.r2.response{bucket=logs,action_type=GetObject,action_status=success} 102",
				"cloudflare.r2.response.objects{bucket=logs,action_type=GetObject,action_status=success} 103",
			},
		},
		{
			of: r2StorageAdaptiveGroupsDataset(),
			rows: `[{
			  "dimensions": {"bucketName": "logs", "storageClass": "Standard"},
			  "max": {"payloadSize": 201, "metadataSize": 202, "objectCount": 203, "uploadCount": 204}
			}]`,
			gauges: []string{
				"cloudflare.r2.storage.payload{bucket=logs,storage_class=Standard} 201",
				"cloudflare.r2.storage.metadata{bucket=logs,storage_class=Standard} 202",
				"cloudflare.r2.storage.objects{bucket=logs,storage_class=Standard} 203",
				"cloudflare.r2.storage.uploads{bucket=logs,storage_class=Standard} 204",
			},
		},
		{
			of:   magicTransitTunnelTrafficAdaptiveGroupsDataset(),
			rows: `[{"dimensions": {"tunnelName": "gre-1", "direction": "ingress"}, "sum": {"bits": 101, "packets": 102}}]`,
			counters: []string{
				"cloudflare.magic_transit.tunnel.traffic.bits{tunnel_name=gre-1,direction=ingress} 101",
				"cloudflare.magic_transit.tunnel.traffic.packets{tunnel_name=gre-1,direction=ingress} 102",
			},
		},
		{
			of: magicTransitTunnelHealthCheckSLOsAdaptiveGroupsDataset(),
			rows: `[{
			  "dimensions": {"tunnelName": "gre-1", "siteName": "paris", "alertType": "slo", "status": "ok"},
			  "avg": {"effectiveSlo": 0.75, "slo": 0.5}
			}]`,
			gauges: []string{
				"cloudflare.magic_transit.tunnel.effective_slo{tunnel_name=gre-1,site_name=paris,alert_type=slo,status=ok} 0.75",
				"cloudflare.magic_transit.tunnel.slo{tunnel_name=gre-1,site_name=paris,alert_type=slo,status=ok} 0.5",
			},
		},
		{
			of:   magicFirewallSamplesAdaptiveGroupsDataset(),
			rows: `[{"dimensions": {"ruleId": "r1"}, "sum": {"bits": 101, "packets": 102}}]`,
			counters: []string{
				"cloudflare.magic_firewall.rule.bits{rule_id=r1} 101",
				"cloudflare.magic_firewall.rule.packets{rule_id=r1} 102",
			},
		},
		{
			of:       liveInputEventsAdaptiveGroupsDataset(),
			rows:     `[{"count": 101, "dimensions": {"eventCode": "connected", "inputId": "i1"}}]`,
			counters: []string{"cloudflare.stream.live_input.segments{input_id=i1,event_code=connected} 101"},
		},
		{
			of:   videoPlaybackEventsAdaptiveGroupsDataset(),
			rows: `[{"count": 101, "dimensions": {"uid": "v1", "clientCountryName": "DE"}, "sum": {"timeViewedMinutes": 102}}]`,
			counters: []string{
				"cloudflare.stream.video_playback.starts{video_id=v1,country=DE} 101",
				"cloudflare.stream.video_playback.time{video_id=v1,country=DE} 102",
			},
		},
		{
			of:       videoBufferEventsAdaptiveGroupsDataset(),
			rows:     `[{"count": 101, "dimensions": {"uid": "v1"}}]`,
			counters: []string{"cloudflare.stream.video_buffer.events{video_id=v1} 101"},
		},
		{
			of:       videoQualityEventsAdaptiveGroupsDataset(),
			rows:     `[{"count": 101, "dimensions": {"uid": "v1", "qualityResolution": 1080}}]`,
			counters: []string{"cloudflare.stream.video_quality.events{video_id=v1,resolution=1080} 101"},
		},
		{
			of:       streamMinutesViewedAdaptiveGroupsDataset(),
			rows:     `[{"dimensions": {"clientCountryName": "DE", "mediaType": "vod"}, "sum": {"minutesViewed": 101}}]`,
			counters: []string{"cloudflare.stream.minutes_viewed{country=DE,media_type=vod} 101"},
		},
	} {
		t.Run(tt.of.Name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tt.counters, read(t, tt.of, tt.rows, Counter, tt.of.all()))
			assert.Equal(t, tt.gauges, read(t, tt.of, tt.rows, Gauge, tt.of.all()))
		})
	}
}

func TestReadNetworkAnalytics(t *testing.T) {
	t.Parallel()
	const rows = `[{"dimensions": {"outcome": "drop", "direction": "ingress", "ipProtocolName": "UDP"}, "sum": {"bits": 101, "packets": 102}}]`
	for system, d := range map[string]*Dataset{
		"advanced_dns_protection":      advancedDnsProtectionNetworkAnalyticsAdaptiveGroupsDataset(),
		"cdn":                          cdnNetworkAnalyticsAdaptiveGroupsDataset(),
		"dosd":                         dosdNetworkAnalyticsAdaptiveGroupsDataset(),
		"magic_firewall":               magicFirewallNetworkAnalyticsAdaptiveGroupsDataset(),
		"magic_idps":                   magicIDPSNetworkAnalyticsAdaptiveGroupsDataset(),
		"magic_transit":                magicTransitNetworkAnalyticsAdaptiveGroupsDataset(),
		"programmable_flow_protection": programmableFlowProtectionNetworkAnalyticsAdaptiveGroupsDataset(),
		"spectrum":                     spectrumNetworkAnalyticsAdaptiveGroupsDataset(),
	} {
		assert.Equal(t, []string{
			"cloudflare.network_analytics." + system + ".bits{outcome=drop,direction=ingress,ip_protocol=UDP} 101",
			"cloudflare.network_analytics." + system + ".packets{outcome=drop,direction=ingress,ip_protocol=UDP} 102",
		}, read(t, d, rows, Counter, d.all()))
	}
}

// Rows are finer than tunnels: by data centre, result and whether the data centre has traffic for the tunnel.
func TestReadTunnelHealth(t *testing.T) {
	t.Parallel()
	const (
		paris = `{"count": 3, "avg": {"tunnelState": 1}, "dimensions":
		  {"active": 0, "edgeColoName": "cdg01", "resultStatus": "ok", "siteName": "s1", "tunnelName": "gre-1"}}`
		london = `{"count": 1, "avg": {"tunnelState": 0.5}, "dimensions":
		  {"active": 1, "edgeColoName": "lhr01", "resultStatus": "timeout", "siteName": "s1", "tunnelName": "gre-1"}}`
		elsewhere = `{"count": 2, "avg": {"tunnelState": 1}, "dimensions":
		  {"active": 0, "edgeColoName": "cdg01", "resultStatus": "ok", "siteName": "s2", "tunnelName": "gre-1"}}`
	)
	for name, tt := range map[string]struct {
		rows             string
		counters, gauges []string
	}{
		"no tunnels": {rows: "[]"},
		"two of the same name": {
			rows: "[" + paris + "," + london + "," + elsewhere + "]",
			counters: []string{
				"cloudflare.magic_transit.tunnel.checks{tunnel_name=gre-1,site_name=s1,result_status=ok} 3",
				"cloudflare.magic_transit.tunnel.checks{tunnel_name=gre-1,site_name=s1,result_status=timeout} 1",
				"cloudflare.magic_transit.tunnel.checks{tunnel_name=gre-1,site_name=s2,result_status=ok} 2",
			},
			gauges: []string{
				"cloudflare.magic_transit.tunnel.state{tunnel_name=gre-1,site_name=s1} 0.875",
				"cloudflare.magic_transit.tunnel.state{tunnel_name=gre-1,site_name=s2} 1",
				"cloudflare.magic_transit.active_tunnels{} 1",
				"cloudflare.magic_transit.healthy_tunnels{} 1",
				"cloudflare.magic_transit.edge_colo_count{} 2",
			},
		},
		"a count that was sampled away": {
			rows: `[{"count": 0, "avg": {"tunnelState": 0}, "dimensions": {"edgeColoName": "cdg01", "siteName": "s1", "tunnelName": "gre-1"}}]`,
			gauges: []string{
				"cloudflare.magic_transit.active_tunnels{} 0",
				"cloudflare.magic_transit.healthy_tunnels{} 0",
				"cloudflare.magic_transit.edge_colo_count{} 1",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := magicTransitTunnelHealthChecksAdaptiveGroupsDataset()
			assert.Equal(t, tt.counters, read(t, d, tt.rows, Counter, d.all()))
			assert.Equal(t, tt.gauges, read(t, d, tt.rows, Gauge, d.all()))
		})
	}
}
