// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package main

import "strings"

// tag joins the dashboards in the list of links that each of them has.
const tag = "cloudflare"

// dashboard is the definition of one of them.
type dashboard struct {
	uid, title, about string
	variables         []variable
	rows              []row
}

type row struct {
	title  string
	panels []panel
}

// kind is Grafana's name of a visualization.
type kind string

const (
	graph kind = "timeseries"
	stat  kind = "stat"
	bars  kind = "bargauge" // the largest over the whole time range
	table kind = "table"
)

// panel is the definition of one of them. Title, kind, unit, width and queries are required.
type panel struct {
	title   string
	kind    kind
	unit    string // Grafana's id of it
	width   int    // of 24 columns
	about   string
	queries []query

	quiet    bool      // nothing is there while all is well
	stacked  bool      // graphs
	min, max *float64  // of the axis
	bounds   []float64 // from which on a value is yellow, and red
	lowIsBad bool      // turns them round: red below the first, yellow below the second
	value    string    // of tables: the name of the column with the value
	source   string    // where data comes from that is not in metadata.yaml
	absence  string    // what it means that there is none of it
	to       link
}

// query is an expression in which @zone, @account, @script, @service, @receiver and @collector stand for the matchers of the variables, and
// the legend of its series.
type query struct{ expr, legend string }

// link leads to another dashboard and carries labels of a series there.
type link struct {
	uid, title string
	carry      []carried
}

type carried struct{ variable, label string }

// variable is a choice among the values of a label.
type variable struct {
	name, label, about string
	definition         string // what Grafana asks for the values
}

// matchers of each variable. A variable may be several values, and .* is all, also where the label is missing.
func matchers() map[string]string {
	const account = `cloudflare_account_name=~"$account"`
	return map[string]string{
		"@zone":      account + `, cloudflare_zone_name=~"$zone"`,
		"@account":   account,
		"@script":    account + `, script_name=~"$script"`,
		"@service":   `job=~"$service"`,
		"@receiver":  `instance=~"$receiver"`,
		"@collector": `instance=~"$collector"`,
	}
}

func expand(expr string) string {
	for name, matcher := range matchers() {
		expr = strings.ReplaceAll(expr, name, matcher)
	}
	return expr
}

func accountVariable() variable {
	return variable{
		"account", "Account", "Cloudflare accounts by name", "label_values(cloudflare_exporter_source, cloudflare_account_name)",
	}
}

func zoneVariable() variable {
	return variable{
		"zone", "Zone", "Zones of the chosen accounts",
		`label_values(cloudflare_zone_requests_total{cloudflare_account_name=~"$account"}, cloudflare_zone_name)`,
	}
}

func scriptVariable() variable {
	return variable{
		"script", "Worker", "Worker scripts of the chosen accounts",
		`label_values(cloudflare_worker_requests_total{cloudflare_account_name=~"$account"}, script_name)`,
	}
}

func serviceVariable() variable {
	return variable{
		"service", "Service", "What pushes: serviceName of the client, or job of the path",
		`label_values(http_requests_total{route!=""}, job)`,
	}
}

func receiverVariable() variable {
	return variable{"receiver", "Receiver", "Component ids of receivers", "label_values(cloudflare_exporter_up, instance)"}
}

func collectorVariable() variable {
	return variable{
		"collector", "Collector", "Addresses of the Collector's own metrics",
		`label_values({__name__=~"otelcol_(cloudflare|workers)metrics_series"}, instance)`,
	}
}

// variables puts the choice of the data source before the others.
func variables(list []variable) []any {
	rendered := []any{dataSourceVariable{
		Name: "datasource", Label: "Data source", Type: "datasource", Query: "prometheus", Refresh: 1, Options: []string{},
	}}
	for _, v := range list {
		rendered = append(rendered, queryVariable{
			Name: v.name, Label: v.label, Description: v.about, Type: "query", DataSource: *prometheus(), Definition: v.definition,
			Query: variableQuery{QueryType: 1, Query: v.definition, RefID: "variable"}, Sort: 1, Refresh: 2, Multi: true, IncludeAll: true,
			AllValue: ".*", Current: currentValue{Selected: true, Text: []string{"All"}, Value: []string{"$__all"}}, Options: []string{},
		})
	}
	return rendered
}

// description says what a panel shows, what it reads, and what it means that there is nothing.
func (p panel) description(c catalogue) string {
	reads, absence := c.sources(p.queries)
	if p.source != "" {
		reads, absence = p.source, p.absence
	}
	if p.quiet {
		absence = quietMark
	}
	return strings.Join([]string{p.about, reads, absence}, "\n\n")
}

// quietMark is in the description of panels that have no data while all is well. Tests go by it.
const quietMark = "Empty while all is well."

// share is a panel of shares of a whole, from 0; up to 1 would hide that errors double.
func share(p panel) panel {
	p.unit, p.min = "percentunit", new(float64)
	return p
}

// outOfAll is a share whose whole range matters.
func outOfAll(p panel) panel {
	p = share(p)
	whole := 1.0
	p.max = &whole
	return p
}

// zoneLink leads to what a dashboard has about one zone.
func zoneLink(uid, title string) link {
	return link{uid, title, []carried{{"account", "cloudflare_account_name"}, {"zone", "cloudflare_zone_name"}}}
}
