// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver"
	"go.uber.org/zap"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/cloudflare"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/inventory"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/ledger"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/metadata"
)

// metricsScraper is used from the controller's goroutine only, but for asking the API, which runs documents side by side.
type metricsScraper struct {
	life     context.Context // ends when the receiver shuts down
	config   *Config
	settings receiver.Settings
	now      func() time.Time

	sources    *sources
	emitter    *emitter
	health     *health
	http       *http.Client
	client     *cloudflare.Client
	storage    storage.Client
	ledger     *ledger.Ledger
	inventory  *inventory.Inventory
	partitions map[ledger.ID]*partition
	served     map[ledger.ID]*source // the last source of each partition
	gauges     map[ledger.ID]*gauges
	listAt     map[ledger.ID]time.Time // when a list of a scope is next due
	steps      steps
	zoneOnly   map[accountDataset]time.Time // not asked for at account scope until then
	names      names
	probes     probes
	said       map[string]bool // what is logged once
	telemetry  telemetry
	found      [3]int                         // accounts, zones, zones left out; as last logged
	ended      map[ledger.ID]*inventory.Scope // shown as ended in the last scrape, to be removed in the next
	nodes      nodeBound
}

func newMetricsScraper(life context.Context, config *Config, set receiver.Settings) (*metricsScraper, error) {
	sources, err := newSources(config)
	if err != nil {
		return nil, err
	}
	builder, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	s := &metricsScraper{
		life: life, config: config, settings: set, now: time.Now,
		sources:    sources,
		emitter:    newEmitter(metadata.NewMetricsBuilder(config.MetricsBuilderConfig, set)),
		health:     newHealth(set.Logger),
		partitions: map[ledger.ID]*partition{},
		served:     map[ledger.ID]*source{},
		gauges:     map[ledger.ID]*gauges{},
		listAt:     map[ledger.ID]time.Time{},
		steps:      steps{},
		zoneOnly:   map[accountDataset]time.Time{},
		names:      newNames(),
		probes:     probes{results: map[string][]probeResult{}},
		said:       map[string]bool{},
		telemetry:  telemetry{builder},
		ended:      map[ledger.ID]*inventory.Scope{},
	}
	return s, nil
}

func (s *metricsScraper) start(ctx context.Context, host component.Host) (err error) {
	s.health.host = host
	s.storage, err = ledger.Storage(ctx, host, s.config.Storage, s.settings.ID)
	if err != nil {
		return err
	}
	s.ledger, err = ledger.Open(ctx, s.storage, s.settings.Logger)
	if err != nil {
		return fmt.Errorf("storage: read the saved counters: %w", err)
	}
	if s.config.Storage == nil {
		s.settings.Logger.Warn("no storage is configured: counters restart with the process, and what happens while it is down is not counted")
	}
	s.http, err = s.config.HTTP.ToClient(ctx, host.GetExtensions(), s.settings.TelemetrySettings)
	if err != nil {
		return fmt.Errorf("http: %w", err)
	}
	s.client, err = cloudflare.NewClient(s.clientSettings())
	if err != nil {
		return err
	}
	return s.startInventory()
}

func (s *metricsScraper) clientSettings() cloudflare.Settings {
	c := s.config
	return cloudflare.Settings{
		Endpoint:     c.HTTP.Endpoint,
		Credentials:  cloudflare.Credentials{Token: string(c.APIToken), Key: string(c.APIKey), Email: c.APIEmail},
		HTTP:         s.http,
		UserAgent:    s.settings.BuildInfo.Command + "/" + s.settings.BuildInfo.Version,
		Retry:        c.Retry,
		REST:         cloudflare.Rate(c.RateLimit.REST),
		GraphQL:      cloudflare.Rate(c.RateLimit.GraphQL),
		AccountBased: c.RateLimit.AccountBased,
		Now:          s.now,
		Observe:      s.telemetry.request,
	}
}

func (s *metricsScraper) startInventory() error {
	s.inventory = inventory.New(inventory.Settings{
		Accounts: s.config.Accounts,
		Zones:    s.config.Zones,
		Refresh:  s.config.Inventory.Refresh,
		Keep:     s.config.MaxBackfill,
	}, s.client)
	saved, ok := s.ledger.Cursor(receiverID())
	if !ok || len(saved) == 0 {
		return nil
	}
	if err := s.inventory.Restore(saved); err != nil {
		s.settings.Logger.Warn("the saved list of accounts and zones cannot be read; it will be listed anew", zap.Error(err))
	}
	return nil
}

// shutdown copes with a start that failed half-way or never happened.
func (s *metricsScraper) shutdown(ctx context.Context) error {
	s.telemetry.Shutdown()
	if s.http != nil {
		s.http.CloseIdleConnections()
	}
	if s.storage != nil {
		return s.storage.Close(ctx)
	}
	return nil
}

// scrape is one tick: ask, count, save, emit. What could not be asked is asked by a later tick.
func (s *metricsScraper) scrape(ctx context.Context) (pmetric.Metrics, error) {
	ctx, done := context.WithCancel(ctx)
	defer done()
	defer context.AfterFunc(s.life, done)()

	now := s.now()
	tx := s.ledger.Begin()
	s.collect(ctx, now, tx)
	s.commit(ctx, tx)
	return s.emit(now), s.health.settle()
}

// collect does the tick's API work, which ends early enough for emitting to happen within the interval.
func (s *metricsScraper) collect(ctx context.Context, now time.Time, tx *ledger.Tx) {
	ctx, done := context.WithTimeout(ctx, s.apiTime())
	defer done()

	s.removeEnded(tx)
	s.refreshInventory(ctx, now, tx)
	s.failed(tx, "", "settings", s.sayDenied(s.inventory.RefreshLimits(ctx, now, s.sources.nodes)))
	s.openPartitions(tx)
	finished := s.read(ctx, tx)
	s.list(ctx, tx, now)
	if finished {
		s.probe(ctx)
	}
	s.health.carryOver()
}

// apiTime is 80 % of the interval, or of the timeout where that is shorter.
func (s *metricsScraper) apiTime() time.Duration {
	d := s.config.ControllerConfig.CollectionInterval
	if t := s.config.ControllerConfig.Timeout; t > 0 {
		d = min(d, t)
	}
	return d * 8 / 10
}

func (s *metricsScraper) refreshInventory(ctx context.Context, now time.Time, tx *ledger.Tx) {
	_, saved := s.ledger.Cursor(receiverID())
	tx.Define(receiverID(), now, s.sources.ownMetrics)
	for _, family := range s.sources.names {
		if !saved {
			tx.Add(receiverID(), ownLostTime, []string{family}, now, ledger.IntValue(0))
		}
	}
	renewed, err := s.inventory.Refresh(ctx, now)
	s.failed(tx, "", "inventory", s.sayDenied(err))
	if accounts, zones, _ := s.inventory.Counts(); err == nil && accounts+zones == 0 {
		s.health.failed("list accounts and zones", errNothingToScrape)
	}
	if !renewed {
		return
	}
	s.health.answered = true
	s.saveInventory(tx)
	s.logFound()
}

func (s *metricsScraper) saveInventory(tx *ledger.Tx) {
	data, err := s.inventory.Marshal()
	if err != nil {
		s.health.failed("encode the list of accounts and zones", err)
		return
	}
	tx.SetCursor(receiverID(), data)
}

// logFound says what there is to scrape when that has changed.
func (s *metricsScraper) logFound() {
	var found [3]int
	found[0], found[1], found[2] = s.inventory.Counts()
	if found == s.found {
		return
	}
	s.found = found
	s.settings.Logger.Info("found accounts and zones",
		zap.Int("accounts", found[0]), zap.Int("zones", found[1]), zap.Int("zones left out", found[2]))
}

// sayDenied logs once what the token may not list, and gives the other errors back. The rest works without it.
func (s *metricsScraper) sayDenied(err error) error {
	var others []error
	for _, e := range flatten(err) {
		var of *inventory.Error
		if classOf(e) != cloudflare.ClassPermission || !errors.As(e, &of) {
			others = append(others, e)
		} else if key := string(of.Task); !s.said[key] {
			s.said[key] = true
			s.settings.Logger.Warn("the token may not list everything; what is known from other answers is scraped",
				zap.Error(e), zap.String("remedy", "give the token the permission "+permissionFor(of.Task)))
		}
	}
	return errors.Join(others...)
}

// permissionFor is what the token needs for what has been denied, in the words of Cloudflare's dashboard.
func permissionFor(task inventory.Task) string {
	switch task {
	case inventory.ReadRules:
		return "Zone > Zone WAF: Read and Account > Account Rulesets: Read; until then the identifiers of firewall rules stand for their names"
	case inventory.ListAccounts, inventory.ReadAccountLimits:
		return "Account > Account Settings: Read, for names, and Account > Account Analytics: Read, for metrics"
	case inventory.ListZones, inventory.ReadZoneLimits, inventory.Discover:
	}
	return "Zone > Zone: Read, for names, and Zone > Analytics: Read, for metrics"
}

var errNothingToScrape = errors.New("the token sees no active zone and no account that the configuration includes; " +
	"check the token's resources and the accounts and zones filters")

// failed reports an error of the API, and counts it by account and by what was asked for.
func (s *metricsScraper) failed(tx *ledger.Tx, account, dataset string, err error) {
	for _, class := range s.health.failed("read "+dataset, err) {
		tx.Add(receiverID(), ownErrors, []string{account, dataset, string(class)}, s.now(), ledger.IntValue(1))
	}
}

// commit saves the tick's additions. When that fails they are undone, and their windows will be asked for again.
func (s *metricsScraper) commit(ctx context.Context, tx *ledger.Tx) {
	// A shutdown may end asking, but what has been answered by then is worth saving.
	ctx = context.WithoutCancel(ctx)
	if err := tx.Commit(ctx); err != nil {
		s.health.failed("save counters", fmt.Errorf("%w; check the storage extension's directory and its disk", err))
		clear(s.partitions) // their watermarks ran ahead of what is saved
	}
	stats := s.ledger.Stats()
	s.telemetry.state(ctx, stats.Series, stats.EncodedBytes, s.client.Budget())
}
