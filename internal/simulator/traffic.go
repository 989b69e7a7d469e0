// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"encoding/hex"
	"math/rand/v2"
	"net/netip"
	"sync"
)

const tlsNone = "none"

// statusUnreachable is Cloudflare's "connection timed out".
const statusUnreachable = 522

// lateMinutes is how long after a stream's begin those values turn up that are not there from the start.
const lateMinutes = 7

// traffic draws HTTP requests. All zones have the same visitors, each its own hosts and rules.
type traffic struct {
	seed  uint64
	mean  float64
	late  int64 // index of the first minute with late values
	mu    sync.RWMutex
	zones map[string]zoneTraffic // guarded by mu

	countries, browsers, devices, ipClasses, methods choice[string]
	colos, tls, paths, cacheStatuses, sources        choice[string]
	statuses                                         choice[uint16]
	contentTypes                                     choice[content]
	bots                                             choice[bot]
}

type zoneTraffic struct {
	hosts, lateHosts choice[string]
	rules            choice[rule]
	labelSets        *labelSets // nil without them
	unreachable      float64
}

type content struct {
	name   string
	static bool
	size   float64 // median, bytes
}

type rule struct {
	id, name, source, action, threat string
	status                           uint16 // of the answer; 0 leaves it alone
}

// bot is a judgement of bot management.
type bot struct {
	score  uint8
	source string
}

// minute draws a zone's requests of one minute.
func (t *traffic) minute(zoneID string, minuteIndex int64) []httpRequest {
	dice := seeded(t.seed, "requests", zoneID, minuteIndex)
	salts := seeded(t.seed, "salts", zoneID, minuteIndex)
	at := instants(dice, t.mean, minuteIndex)
	own := t.zone(zoneID)
	requests := make([]httpRequest, len(at))
	for i := range requests {
		requests[i] = t.request(dice, own, at[i])
	}
	requests = own.labelSets.add(requests, minuteIndex)
	for i := range requests {
		requests[i].zone, requests[i].salt = zoneID, salts.Uint64()
	}
	return requests
}

func (t *traffic) zone(id string) zoneTraffic {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.zones[id]
}

// learn draws what is particular to zones that were not known before. What is known stays, so that events never change.
func (t *traffic) learn(accounts []Account) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, a := range accounts {
		for _, z := range a.Zones {
			if _, known := t.zones[z.ID]; !known {
				t.zones[z.ID] = newZoneTraffic(t.seed, z)
			}
		}
	}
}

func newTraffic(config Config) *traffic {
	t := &traffic{
		seed:  config.Seed,
		mean:  float64(config.EventsPerMinute),
		late:  floorDiv(config.Begin.UnixMicro(), minute) + lateMinutes,
		zones: map[string]zoneTraffic{},
		countries: zipf(1.1, "US", "DE", "GB", "FR", "IN", "BR", "JP", "NL", "CA", "XX", "AU", "PL", "ES", "IT", "T1", "SE", "KR",
			"MX", "SG", "TR", "ID", "ZA", "UA", "CH", "AR", "VN", "RO", "CZ", "NG", "EG", "CL", "NZ", "IS"),
		browsers:  zipf(1.0, "Chrome", "ChromeMobile", "Safari", "MobileSafari", "Firefox", "Edge", "GoogleBot", "Curl", "Unknown", "Opera"),
		devices:   zipf(0.8, "desktop", "mobile", "tablet"),
		ipClasses: zipf(1.6, "clean", "noRecord", "searchEngine", "unknown", "badHost", "monitoringService", "scan", "tor", "mobilePlatform"),
		methods:   zipf(2.2, "GET", "POST", "HEAD", "PUT", "OPTIONS", "DELETE"),
		colos:     zipf(0.9, "FRA", "AMS", "LHR", "IAD", "SJC", "CDG", "NRT", "SIN", "GRU", "WAW", "SYD", "JNB"),
		tls:       zipf(2.0, "TLSv1.3", "TLSv1.2", tlsNone, "TLSv1.1"),
		paths:     zipf(1.0, "/", "/index.html", "/api/v1/items", "/login", "/assets/app.js", "/assets/app.css", "/img/logo.png", "/search"),
		cacheStatuses: zipf(1.8, "hit", "miss", "expired", "revalidated", "stale", "updating",
			"bypass"),
		sources: weighted(
			option[string]{requestEyeball, 95},
			option[string]{"edgeWorkerFetch", 3},
			option[string]{"edgeWorkerCacheAPI", 1.5},
			option[string]{"imageResizing", 0.5},
		),
		bots: zipf(0.9, bot{97, "Machine Learning"}, bot{0, "Not Computed"}, bot{62, "Machine Learning"}, bot{1, "Heuristics"},
			bot{1, "Verified Bot"}, bot{18, "Machine Learning"}, bot{99, "Machine Learning"}),
		statuses: zipf[uint16](2.0, 200, 304, 301, 404, 302, 206, 500, 400, 502, 503, 522, 504, 410),
		contentTypes: zipf(1.0, content{"html", false, 14_000}, content{"json", false, 1_800}, content{"js", true, 42_000},
			content{"png", true, 60_000}, content{"css", true, 11_000}, content{"webp", true, 35_000}, content{"empty", false, 0},
			content{"svg", true, 3_000}, content{"txt", false, 500}, content{"bin", true, 900_000}),
	}
	t.learn(config.Accounts)
	return t
}

func newZoneTraffic(seed uint64, z Zone) zoneTraffic {
	dice := seeded(seed, "rules", z.ID, 0)
	block := func(name, source, threat string) rule { return rule{ruleID(dice), name, source, "block", threat, 403} }
	hosts := []string{z.Name, "www." + z.Name, "api." + z.Name, "static." + z.Name}
	return zoneTraffic{
		hosts:     zipf(1.2, hosts...),
		lateHosts: zipf(1.2, append(hosts, "beta."+z.Name)...),
		rules: zipf(0.9,
			block("SQLi - Probing", "firewallmanaged", "macro.ban.waf"),
			rule{ruleID(dice), "Challenge suspicious logins", "firewallcustom", "managed_challenge", "macro.chl.captchaNew", 403},
			rule{ruleID(dice), "Log API calls", "firewallcustom", "log", "", 0},
			rule{ruleID(dice), "Skip for monitoring", "firewallcustom", "skip", "", 0},
			rule{ruleID(dice), "Limit logins", "ratelimit", "block", "rate.ban.limit", 429},
			block("", "country", "user.ban.ctry"),
			rule{"bic", "Browser Integrity Check", "bic", "block", "bic.ban.unknown", 403},
			rule{ruleID(dice), "HTTP flood", "l7ddos", "jschallenge", "macro.chl.jschlNew", 403},
			block("", "ip", "user.ban.ip"),
		),
		labelSets:   newLabelSets(seed, z),
		unreachable: z.Unreachable,
	}
}

func ruleID(dice *rand.Rand) string {
	var id [16]byte
	for i := range id {
		id[i] = byte(dice.UintN(256))
	}
	return hex.EncodeToString(id[:])
}

func (t *traffic) request(dice *rand.Rand, z zoneTraffic, at int64) httpRequest {
	kindOfContent := t.contentTypes.draw(dice)
	r := httpRequest{
		at: at, clientIP: visitor(dice), clientIPClass: t.ipClasses.draw(dice), country: t.countries.draw(dice),
		asn: 64512 + uint32(dice.ExpFloat64()*20), deviceType: t.devices.draw(dice), browser: t.browsers.draw(dice),
		method: t.methods.draw(dice), host: z.hosts.draw(dice), path: t.paths.draw(dice), tlsProtocol: t.tls.draw(dice),
		requestBytes: 300 + logNormal(dice, 500, 0.7), colo: t.colos.draw(dice),
		edgeStatus: t.statuses.draw(dice), contentType: kindOfContent.name, responseBytes: 200 + logNormal(dice, kindOfContent.size, 0.9),
		cacheStatus: "dynamic", edgeTTFBMS: uint32(logNormal(dice, 12, 0.6)), source: t.sources.draw(dice),
	}
	if z.unreachable > 0 && dice.Float64() < z.unreachable {
		r.edgeStatus = statusUnreachable
	}
	if floorDiv(at, minute) >= t.late {
		r.host = z.lateHosts.draw(dice)
	}
	if kindOfContent.static {
		r.cacheStatus = t.cacheStatuses.draw(dice)
	}
	r.scheme, r.httpVersion = protocol(dice, r.encrypted())
	if dice.Float64() < 0.05 && r.eyeball() {
		r.match(z.rules.draw(dice))
	}
	r.visitOrigin(dice)
	judged := t.bots.draw(dice)
	r.botScore, r.botScoreSource = judged.score, judged.source
	r.pageView = r.edgeStatus == 200 && r.contentType == "html" && r.eyeball()
	r.visit = r.contentType == "html" && r.eyeball() && dice.Float64() < 0.4
	return r
}

// visitor draws from some thousands of addresses, of which a few come often.
func visitor(dice *rand.Rand) netip.Addr {
	n := uint32(dice.ExpFloat64() * 800)
	return netip.AddrFrom4([4]byte{198, 18 + byte(n>>16&1), byte(n >> 8), byte(n)}) // RFC 2544
}

func protocol(dice *rand.Rand, encrypted bool) (scheme, version string) {
	if !encrypted {
		return "http", "HTTP/1.1"
	}
	switch x := dice.Float64(); {
	case x < 0.55:
		return "https", "HTTP/2"
	case x < 0.85:
		return "https", "HTTP/3"
	default:
		return "https", "HTTP/1.1"
	}
}

// match is what a security rule does to a request.
func (r *httpRequest) match(matched rule) {
	r.firewallAction, r.firewallSource, r.threat = matched.action, matched.source, matched.threat
	r.ruleID, r.ruleName = matched.id, matched.name
	if matched.status != 0 {
		r.edgeStatus, r.contentType, r.cacheStatus = matched.status, "html", "none"
	}
}

// visitOrigin fills in the origin's part, unless the edge answered by itself.
func (r *httpRequest) visitOrigin(dice *rand.Rand) {
	if r.cacheStatus == "none" || r.cached() && r.cacheStatus != "revalidated" {
		return
	}
	r.originStatus = r.edgeStatus
	r.originDurationMS = uint32(logNormal(dice, 80, 0.8))
	r.edgeTTFBMS += r.originDurationMS
}
