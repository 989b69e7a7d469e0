// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import "net/netip"

// Instants inside the simulator are Unix microseconds, those of events on full milliseconds.
const (
	second = int64(1e6)
	minute = 60 * second
)

// httpRequest is one request to a zone. The datasets of HTTP traffic and of firewall events are views of it.
type httpRequest struct {
	at            int64
	salt          uint64
	zone          string // id
	clientIP      netip.Addr
	clientIPClass string
	country       string // ISO 3166-1 alpha-2, XX for unknown, T1 for Tor
	asn           uint32
	deviceType    string
	browser       string // family; for roll-ups
	method        string
	scheme        string
	host          string
	path          string
	httpVersion   string
	tlsProtocol   string // "none" without encryption
	requestBytes  uint64
	colo          string

	edgeStatus       uint16
	contentType      string
	responseBytes    uint64
	cacheStatus      string
	originStatus     uint16 // 0 if the origin was not asked
	originDurationMS uint32
	edgeTTFBMS       uint32
	pageView         bool   // a successful answer of HTML
	visit            bool   // a request for HTML that came from elsewhere, whatever its answer
	source           string // who asked: requestEyeball is an end user, others are from within Cloudflare
	botScore         uint8  // 1 automated to 99 human, 0 if it was not computed
	botScoreSource   string

	// Empty unless a security rule matched.
	firewallAction string
	firewallSource string
	ruleID         string
	ruleName       string
	threat         string // what roll-ups call threat pathing; empty for log and skip
}

// requestEyeball is the request source of end users, whose requests alone the roll-ups count.
const requestEyeball = "eyeball"

func (r *httpRequest) eyeball() bool { return r.source == requestEyeball }

func (r *httpRequest) encrypted() bool { return r.tlsProtocol != tlsNone }

// cached tells whether the answer came from the cache.
func (r *httpRequest) cached() bool {
	switch r.cacheStatus {
	case "hit", "stale", "updating", "revalidated":
		return true
	default:
		return false
	}
}

// invocation is one run of a Worker script.
type invocation struct {
	at           int64
	salt         uint64
	script       string
	status       string
	failed       bool
	disconnected bool   // the client went away
	cpuUS        uint64 // µs
	wallUS       uint64 // µs
	requestUS    uint64 // µs
	// duration is in GB·s, a multiple of 2^-20, so that sums of float64 do not depend on their order.
	duration      float64
	responseBytes uint64
	subrequests   uint64
}

// syntheticEvent is what datasets count that nothing is modelled for by hand: whatever is asked of it follows from its salt.
type syntheticEvent struct {
	at   int64
	salt uint64
	zone string // id; empty at account scope
}
