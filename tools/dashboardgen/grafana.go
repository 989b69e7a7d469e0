// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package main

// The part of Grafana's dashboard schema that is used here, as of schema version 39 (Grafana 11 and later).
// https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/

type dashboardJSON struct {
	ID            *int         `json:"id"` // null: Grafana gives one
	UID           string       `json:"uid"`
	Title         string       `json:"title"`
	Description   string       `json:"description"`
	Tags          []string     `json:"tags"`
	Timezone      string       `json:"timezone"`
	Editable      bool         `json:"editable"`
	GraphTooltip  int          `json:"graphTooltip"` // 1: a crosshair in all panels
	Refresh       string       `json:"refresh"`
	SchemaVersion int          `json:"schemaVersion"`
	Version       int          `json:"version"`
	Time          timeRange    `json:"time"`
	Annotations   list[any]    `json:"annotations"`
	Templating    list[any]    `json:"templating"`
	Links         []linkJSON   `json:"links"`
	Panels        []*panelJSON `json:"panels"`
}

type list[T any] struct {
	List []T `json:"list"`
}

type timeRange struct {
	From string `json:"from"`
	To   string `json:"to"`
}

type dataSource struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

// linkJSON leads to the dashboards with a tag.
type linkJSON struct {
	Title       string   `json:"title"`
	Type        string   `json:"type"`
	Tags        []string `json:"tags"`
	AsDropdown  bool     `json:"asDropdown"`
	IncludeVars bool     `json:"includeVars"`
	KeepTime    bool     `json:"keepTime"`
	TargetBlank bool     `json:"targetBlank"`
	Icon        string   `json:"icon"`
	Tooltip     string   `json:"tooltip"`
	URL         string   `json:"url"`
}

type dataSourceVariable struct {
	Name    string   `json:"name"`
	Label   string   `json:"label"`
	Type    string   `json:"type"` // datasource
	Query   string   `json:"query"`
	Regex   string   `json:"regex"`
	Hide    int      `json:"hide"`
	Refresh int      `json:"refresh"`
	Options []string `json:"options"`
}

type queryVariable struct {
	Name        string        `json:"name"`
	Label       string        `json:"label"`
	Description string        `json:"description"`
	Type        string        `json:"type"` // query
	DataSource  dataSource    `json:"datasource"`
	Definition  string        `json:"definition"`
	Query       variableQuery `json:"query"`
	Regex       string        `json:"regex"`
	Sort        int           `json:"sort"`    // 1: by alphabet
	Refresh     int           `json:"refresh"` // 2: whenever the time range changes
	Hide        int           `json:"hide"`
	Multi       bool          `json:"multi"`
	IncludeAll  bool          `json:"includeAll"`
	AllValue    string        `json:"allValue"`
	Current     currentValue  `json:"current"`
	Options     []string      `json:"options"`
}

type variableQuery struct {
	QueryType int    `json:"qryType"` // 1: label_values
	Query     string `json:"query"`
	RefID     string `json:"refId"`
}

type currentValue struct {
	Selected bool     `json:"selected"`
	Text     []string `json:"text"`
	Value    []string `json:"value"`
}

type panelJSON struct {
	ID              int              `json:"id"`
	Type            string           `json:"type"`
	Title           string           `json:"title"`
	Description     string           `json:"description,omitempty"`
	GridPos         gridPos          `json:"gridPos"`
	DataSource      *dataSource      `json:"datasource,omitempty"`
	Interval        string           `json:"interval,omitempty"` // least step, which $__rate_interval goes by
	FieldConfig     *fieldConfig     `json:"fieldConfig,omitempty"`
	Options         map[string]any   `json:"options,omitempty"`
	Targets         []target         `json:"targets,omitempty"`
	Transformations []transformation `json:"transformations,omitempty"`
	Collapsed       *bool            `json:"collapsed,omitempty"` // rows only
	Panels          *[]any           `json:"panels,omitempty"`    // rows only: those of a collapsed one
}

type gridPos struct {
	H int `json:"h"`
	W int `json:"w"`
	X int `json:"x"`
	Y int `json:"y"`
}

type fieldConfig struct {
	Defaults  fieldDefaults `json:"defaults"`
	Overrides []any         `json:"overrides"`
}

type fieldDefaults struct {
	Unit       string         `json:"unit"`
	Min        *float64       `json:"min,omitempty"`
	Max        *float64       `json:"max,omitempty"`
	Color      map[string]any `json:"color"`
	Thresholds *thresholds    `json:"thresholds,omitempty"`
	Custom     map[string]any `json:"custom,omitempty"`
	Links      []dataLink     `json:"links,omitempty"`
}

type thresholds struct {
	Mode  string      `json:"mode"`
	Steps []threshold `json:"steps"`
}

type threshold struct {
	Color string   `json:"color"`
	Value *float64 `json:"value"` // null: from the beginning
}

type dataLink struct {
	Title string `json:"title"`
	URL   string `json:"url"`
}

type target struct {
	RefID        string     `json:"refId"`
	DataSource   dataSource `json:"datasource"`
	EditorMode   string     `json:"editorMode"`
	Expr         string     `json:"expr"`
	LegendFormat string     `json:"legendFormat"`
	Format       string     `json:"format"`
	Range        bool       `json:"range"`
	Instant      bool       `json:"instant"`
}

type transformation struct {
	ID      string         `json:"id"`
	Options map[string]any `json:"options"`
}
