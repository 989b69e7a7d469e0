// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package main

import "strings"

// How panels look and where they are. Everything that is not in a panel's definition is decided here, once.

const (
	columns     = 24
	panelHeight = 8
	statHeight  = 4
)

// render turns definitions into Grafana's schema.
func (d dashboard) render(c catalogue) *dashboardJSON {
	return &dashboardJSON{
		UID: d.uid, Title: "Cloudflare / " + d.title, Description: d.about, Tags: []string{tag},
		Timezone: "browser", Editable: true, GraphTooltip: 1, Refresh: "1m", SchemaVersion: 39, Version: 1,
		Time: timeRange{From: "now-6h", To: "now"}, Annotations: list[any]{List: []any{}}, Templating: list[any]{List: variables(d.variables)},
		Links:  []linkJSON{{Title: "Cloudflare", Type: "dashboards", Tags: []string{tag}, AsDropdown: true, IncludeVars: true, KeepTime: true, Icon: "external link"}},
		Panels: d.layOut(c),
	}
}

// layOut fills rows from left to right, one below the other.
func (d dashboard) layOut(c catalogue) (panels []*panelJSON) {
	y := 0
	add := func(p *panelJSON, at gridPos) {
		p.ID, p.GridPos = len(panels)+1, at
		panels = append(panels, p)
	}
	for _, r := range d.rows {
		add(&panelJSON{Type: "row", Title: r.title, Collapsed: new(bool), Panels: &[]any{}}, gridPos{H: 1, W: columns, Y: y})
		y++
		x, tallest := 0, 0
		for _, p := range r.panels {
			if x+p.width > columns {
				x, y, tallest = 0, y+tallest, 0
			}
			add(p.render(c), gridPos{H: p.height(), W: p.width, X: x, Y: y})
			x, tallest = x+p.width, max(tallest, p.height())
		}
		y += tallest
	}
	return panels
}

func (p panel) height() int {
	if p.kind == stat {
		return statHeight
	}
	return panelHeight
}

func (p panel) render(c catalogue) *panelJSON {
	out := &panelJSON{
		Type: string(p.kind), Title: p.title, Description: p.description(c), DataSource: prometheus(), Interval: "1m",
		FieldConfig: &fieldConfig{
			Defaults: fieldDefaults{
				Unit: p.unit, Min: p.min, Max: p.max, Color: map[string]any{"mode": "palette-classic"}, Thresholds: p.steps(), Links: p.links(),
			},
			Overrides: []any{},
		},
	}
	for i, q := range p.queries {
		out.Targets = append(out.Targets, target{
			RefID: string(rune('A' + i)), DataSource: *prometheus(), EditorMode: "code", Expr: expand(q.expr), LegendFormat: q.legend,
			Format: map[bool]string{true: "table", false: "time_series"}[p.kind == table],
			Range:  p.kind == graph || p.kind == stat, Instant: p.kind == bars || p.kind == table,
		})
	}
	p.style(out)
	return out
}

// style sets the options that each kind of panel has.
func (p panel) style(out *panelJSON) {
	switch p.kind {
	case graph:
		p.graphStyle(out)
	case stat:
		out.FieldConfig.Defaults.Color["mode"] = "thresholds"
		out.Options = map[string]any{
			"reduceOptions": newest(), "colorMode": "value", "graphMode": "area", "justifyMode": "auto", "orientation": "auto",
			"textMode": "auto", "wideLayout": true,
		}
	case bars:
		out.Options = map[string]any{
			"reduceOptions": newest(), "displayMode": "gradient", "orientation": "horizontal", "valueMode": "color", "showUnfilled": true,
			"minVizWidth": 8, "minVizHeight": 16, "namePlacement": "auto", "sizing": "auto",
		}
	case table:
		p.tableStyle(out)
	}
}

// newest has a series shown as one value, its last.
func newest() map[string]any {
	return map[string]any{"calcs": []string{"lastNotNull"}, "fields": "", "values": false}
}

func (p panel) graphStyle(out *panelJSON) {
	stacking, fill := "none", 10
	if p.stacked {
		stacking, fill = "normal", 40
	}
	out.FieldConfig.Defaults.Custom = map[string]any{
		"drawStyle": "line", "lineInterpolation": "linear", "lineWidth": 1, "fillOpacity": fill, "gradientMode": "none",
		"showPoints": "auto", "pointSize": 4, "spanNulls": false, "stacking": map[string]any{"mode": stacking, "group": "A"},
		"axisPlacement": "auto", "axisLabel": "", "scaleDistribution": map[string]any{"type": "linear"},
		"thresholdsStyle": map[string]any{"mode": "off"},
	}
	out.Options = map[string]any{
		"legend":  map[string]any{"showLegend": true, "displayMode": "table", "placement": "bottom", "calcs": []string{"mean", "max", "lastNotNull"}},
		"tooltip": map[string]any{"mode": "multi", "sort": "desc"},
	}
}

func (p panel) tableStyle(out *panelJSON) {
	defaults := &out.FieldConfig.Defaults
	defaults.Color["mode"] = "thresholds"
	defaults.Custom = map[string]any{"align": "auto", "cellOptions": map[string]any{"type": "auto"}, "filterable": true, "inspect": false}
	out.Options = map[string]any{"showHeader": true, "cellHeight": "sm", "footer": map[string]any{"show": false, "reducer": []string{"sum"}, "countRows": false}}
	out.Transformations = p.columns()
}

// columns hides what is the same in all rows and names the rest.
func (p panel) columns() []transformation {
	hidden := map[string]bool{"Time": true, "job": true, "__name__": true}
	return []transformation{{ID: "organize", Options: map[string]any{
		"excludeByName": hidden, "indexByName": map[string]int{},
		"renameByName": map[string]string{
			"Value": p.value, "cloudflare_account_name": "account", "cloudflare_zone_name": "zone", "metric_family": "family",
		},
	}}}
}

// steps are the colours of values: green below the first, then yellow, then red. Without bounds everything is green.
func (p panel) steps() *thresholds {
	t := &thresholds{Mode: "absolute", Steps: []threshold{{Color: "green"}}}
	colors := []string{"yellow", "red"}
	if p.lowIsBad {
		t.Steps[0].Color, colors = "red", []string{"yellow", "green"}
	}
	for i, bound := range p.bounds {
		t.Steps = append(t.Steps, threshold{Color: colors[i], Value: &bound})
	}
	return t
}

// links lead from a series to the dashboard that has more about it.
func (p panel) links() []dataLink {
	if p.to.uid == "" {
		return nil
	}
	parts := []string{"/d/" + p.to.uid + "?${__url_time_range}", "var-datasource=${datasource}"}
	for _, v := range p.to.carry {
		parts = append(parts, "var-"+v.variable+"=${__field.labels."+v.label+"}")
	}
	return []dataLink{{Title: p.to.title, URL: strings.Join(parts, "&")}}
}

func prometheus() *dataSource { return &dataSource{Type: "prometheus", UID: "${datasource}"} }
