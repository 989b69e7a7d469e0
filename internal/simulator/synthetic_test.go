// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"
)

// Every node of the schema answers whatever it has, in the schema's types.
func TestEveryNodeAnswers(t *testing.T) {
	t.Parallel()
	s, _ := newTestSimulator(t, func(c *Config) {
		c.Accounts, c.EventsPerMinute = DefaultLayout(1, 1, PlanEnterprise), 12
	})
	a := s.world().accounts[0]
	var granted []string
	for key, n := range s.nodes {
		if key.scope == "account" && n.tellsZones() {
			granted = append(granted, key.name)
		}
	}
	require.NoError(t, s.SetGranted(a.ID, granted...))
	for key := range s.nodes {
		t.Run(key.scope+" "+key.name, func(t *testing.T) {
			t.Parallel()
			everyFieldOf(t, s, key)
		})
	}
}

func everyFieldOf(t *testing.T, s *Simulator, key nodeKey) {
	t.Helper()
	field := s.schema.Types[key.scope].Fields.ForName(key.name)
	node := fmt.Sprintf(`%s(limit: 10000, filter: {%s}) %%s`, key.name, wholeHour(t, s, key))
	row := s.schema.Types[field.Type.Name()]
	for _, selection := range selections(s.schema, row) {
		query := inZone(s.world().zones[0].ID, fmt.Sprintf(node, selection))
		if key.scope == "account" {
			query = inAccount(s.world().accounts[0].ID, fmt.Sprintf(node, selection))
		}
		w := call(t, s, http.MethodPost, "/client/v4/graphql", queryBody(t, query, nil))
		require.Equal(t, http.StatusOK, w.Code, w.Body.String())
		rows := decodedRows(t, w.Body, key.name)
		require.NotEmpty(t, rows)
		for _, r := range rows {
			hasType(t, s.schema, row, r)
		}
	}
}

// decodedRows reads an answer of one node of one scope.
func decodedRows(t *testing.T, body io.Reader, node string) []map[string]any {
	t.Helper()
	var answer struct {
		Data struct {
			Viewer map[string][]map[string][]map[string]any
		}
	}
	decoder := json.NewDecoder(body)
	decoder.UseNumber()
	require.NoError(t, decoder.Decode(&answer))
	for _, scopes := range answer.Data.Viewer {
		return scopes[0][node]
	}
	return nil
}

// valueOf makes a number of a number or a time.
func valueOf(t *testing.T, v any) float64 {
	t.Helper()
	if n, ok := v.(json.Number); ok {
		x, err := n.Float64()
		require.NoError(t, err)
		return x
	}
	x, _ := numeric(v)
	return x
}

// wholeHour is a filter of the hour from testBegin on, by a dimension of time that the node has.
func wholeHour(t *testing.T, s *Simulator, key nodeKey) string {
	t.Helper()
	for _, name := range []string{"datetime", "datetimeMinute", "datetimeFiveMinutes", "datetimeHour", "startDatetime"} {
		if _, ok := s.nodes[key].dimensions[name]; ok {
			return fmt.Sprintf(`%s_geq: "2026-03-04T10:00:00Z", %s_lt: "2026-03-04T11:00:00Z"`, name, name)
		}
	}
	require.Contains(t, s.nodes[key].dimensions, "date")
	return `date: "2026-03-04"`
}

// selections list all fields without arguments of a type, in pieces that are no wider than a query may be.
func selections(schema *ast.Schema, row *ast.Definition) []string {
	var list []string
	for _, f := range row.Fields {
		object := schema.Types[f.Type.Name()]
		if len(f.Arguments) > 0 {
			continue
		}
		if object.Kind != ast.Object {
			list = append(list, f.Name)
			continue
		}
		for _, leaf := range object.Fields {
			name := leaf.Name
			if element := schema.Types[leaf.Type.Name()]; element.Kind == ast.Object {
				var names []string
				for _, f := range element.Fields {
					names = append(names, f.Name)
				}
				name += " { " + strings.Join(names, " ") + " }"
			}
			list = append(list, f.Name+" { "+name+" }")
		}
	}
	var pieces []string
	for piece := range slices.Chunk(list, maxNumberOfFields) {
		pieces = append(pieces, "{ "+strings.Join(piece, " ")+" }")
	}
	return pieces
}

// hasType holds an object of an answer against its type.
func hasType(t *testing.T, schema *ast.Schema, definition *ast.Definition, object map[string]any) {
	t.Helper()
	for name, value := range object {
		f := definition.Fields.ForName(name)
		require.NotNil(t, f, name)
		element := schema.Types[f.Type.Name()]
		values, isList := value.([]any)
		require.Equal(t, f.Type.Elem != nil, isList, name)
		if !isList {
			values = []any{value}
		}
		for _, v := range values {
			if element.Kind == ast.Object {
				require.IsType(t, map[string]any{}, v, name)
				hasType(t, schema, element, v.(map[string]any)) //nolint:errcheck // it was just checked
				continue
			}
			assert.NoError(t, leafFits(element.Name, v), name)
		}
	}
}

// leafFits tells what is wrong with the value of a scalar.
func leafFits(scalar string, v any) error {
	text := fmt.Sprint(v)
	_, isNumber := v.(json.Number)
	_, isText := v.(string)
	switch {
	case scalar == "string" && isText:
		return nil
	case scalar == "Time" && isText:
		_, err := time.Parse(time.RFC3339, text)
		return err
	case scalar == "Date" && isText:
		_, err := time.Parse(time.DateOnly, text)
		return err
	case strings.HasPrefix(scalar, "float") && isNumber:
		x, err := strconv.ParseFloat(text, 64)
		if err == nil && math.IsNaN(x) {
			return strconv.ErrRange
		}
		return err
	case strings.HasPrefix(scalar, "uint") && isNumber:
		_, err := strconv.ParseUint(text, 10, bits(scalar[len("uint"):]))
		return err
	case strings.HasPrefix(scalar, "int") && isNumber:
		_, err := strconv.ParseInt(text, 10, bits(scalar[len("int"):]))
		return err
	default:
		return fmt.Errorf("%v of %T is no %s", v, v, scalar)
	}
}

func bits(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}
