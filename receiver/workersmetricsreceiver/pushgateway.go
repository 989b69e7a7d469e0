// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package workersmetricsreceiver

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/receiver/workersmetricsreceiver/internal/aggregate"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/receiver/workersmetricsreceiver/internal/promformat"
)

const base64Suffix = "@base64"

// group is what the path of a request to the Pushgateway's API names.
type group struct {
	labels map[string]string
	name   string // of the group of series
}

// groupOf reads the labels in the path: /metrics/job/<job>{/<label>/<value>}, where <label>@base64 says that the value is
// encoded, as it must be if it is empty or has a slash. See the Pushgateway's README.
func groupOf(r *http.Request) (group, error) {
	g, err := parseGroup(strings.TrimPrefix(r.URL.EscapedPath(), "/metrics/"))
	if err != nil {
		return g, failure(http.StatusBadRequest, "the path: %v", err)
	}
	cumulative, err := isCumulative(r)
	if err != nil {
		return g, err
	}
	named := g.labels
	if cumulative && r.Method != http.MethodDelete {
		// The instance says who pushes, and is no label of the series: they belong to all instances.
		named = maps.Clone(g.labels)
		delete(named, "instance")
	}
	g.name = aggregate.Group(named)
	return g, nil
}

func parseGroup(path string) (group, error) {
	parts := strings.Split(strings.TrimSuffix(path, "/"), "/")
	if len(parts)%2 != 0 {
		return group{}, fmt.Errorf("a label is without value: %.200q", path)
	}
	g := group{labels: make(map[string]string, len(parts)/2)}
	for i := 0; i < len(parts); i += 2 {
		name, value, err := parseLabel(parts[i], parts[i+1])
		if err != nil {
			return group{}, err
		}
		if _, ok := g.labels[name]; ok {
			return group{}, fmt.Errorf("label %s occurs twice", name)
		}
		g.labels[name] = value
	}
	if g.labels["job"] == "" {
		return group{}, fmt.Errorf("the job has no name: %.200q", path)
	}
	return g, nil
}

func parseLabel(escapedName, escapedValue string) (name, value string, err error) {
	if name, err = url.PathUnescape(escapedName); err != nil {
		return "", "", err
	}
	if value, err = url.PathUnescape(escapedValue); err != nil {
		return "", "", err
	}
	name, encoded := strings.CutSuffix(name, base64Suffix)
	if encoded {
		// Padding may be left out, or be all there is.
		decoded, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(value, "="))
		if err != nil {
			return "", "", fmt.Errorf("label %.60q: %w", name, err)
		}
		value = string(decoded)
	}
	if name == "" || strings.HasPrefix(name, "__") {
		return "", "", fmt.Errorf("label name %.60q is not valid", name)
	}
	return name, value, nil
}

// pushGroup adds to a group. PUT ends those of its gauges that are not pushed.
func (s *server) pushGroup(r *http.Request, body []byte) (answer, error) {
	g, err := groupOf(r)
	if err != nil {
		return answer{}, err
	}
	md, err := parsePush(r, body, g.labels)
	if err != nil {
		return answer{}, err
	}
	_, err = s.change(r, body, func(store *aggregate.Store) (aggregate.Outcome, error) {
		return store.Push(aggregate.Push{Metrics: md, Group: g.name, ReplaceGauges: r.Method == http.MethodPut})
	})
	return answer{status: http.StatusOK}, err
}

// deleteGroup ends the series of a group.
func (s *server) deleteGroup(r *http.Request, body []byte) (answer, error) {
	g, err := groupOf(r)
	if err != nil {
		return answer{}, err
	}
	_, err = s.change(r, body, func(store *aggregate.Store) (aggregate.Outcome, error) {
		store.DeleteGroup(g.name, promformat.Resource(g.labels))
		return aggregate.Outcome{}, nil
	})
	return answer{status: http.StatusAccepted}, err // as the Pushgateway, whose clients want it
}
