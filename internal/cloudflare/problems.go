// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflare

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// problem is one element of errors[], as the REST envelope or GraphQL has it.
type problem struct {
	Message    json.RawMessage `json:"message"`
	Code       json.RawMessage `json:"code"`
	Path       json.RawMessage `json:"path"`
	Extensions json.RawMessage `json:"extensions"`
	Chain      []problem       `json:"error_chain"`
}

// refused turns a response's problems into one error. The first one decides; others of its class add their tags. Without
// problems the status decides.
func (c *Client) refused(x exchange, found []problem) *Error {
	if len(found) == 0 {
		result := x.error(classify(x.status, "", ""), cmpText(http.StatusText(x.status), "refused without a reason"))
		result.RetryAfter = c.retryAfter(x, result)
		return result
	}
	result := c.explain(x, found[0])
	for _, other := range found[1:] {
		if more := c.explain(x, other); more.Class == result.Class {
			result.Tags = append(result.Tags, more.Tags...)
		}
	}
	slices.Sort(result.Tags)
	result.Tags = slices.Compact(result.Tags)
	return result
}

func (c *Client) explain(x exchange, p problem) *Error {
	message := c.settings.Credentials.redact(p.text(0))
	code := p.code()
	result := x.error(classify(x.status, code, message), tidy(message))
	result.Code = tidy(c.settings.Credentials.redact(code))
	for _, step := range p.path() {
		result.Path = append(result.Path, tidy(c.settings.Credentials.redact(step)))
	}
	result.Tags = tags.FindAllString(message, -1)
	if field := gatedField.FindStringSubmatch(message); field != nil {
		result.Field = field[1]
	}
	result.RetryAfter = c.retryAfter(x, result)
	return result
}

// text joins the message with those of its chain, which name the cause.
func (p problem) text(depth int) string {
	message := scalar(p.Message)
	if depth > 3 {
		return message
	}
	parts := []string{cmpText(message, "no message")}
	for _, cause := range p.Chain {
		parts = append(parts, cause.text(depth+1))
	}
	return strings.Join(parts, ": ")
}

// code returns GraphQL's extensions.code or the REST envelope's number.
func (p problem) code() string {
	var extensions struct {
		Code json.RawMessage `json:"code"`
	}
	if json.Unmarshal(p.Extensions, &extensions) == nil && scalar(extensions.Code) != "" {
		return scalar(extensions.Code)
	}
	return scalar(p.Code)
}

func (p problem) path() []string {
	var steps []json.RawMessage
	if json.Unmarshal(p.Path, &steps) != nil {
		return nil
	}
	path := make([]string, len(steps))
	for i, step := range steps {
		path[i] = scalar(step)
	}
	return path
}

// scalar returns a JSON string's or number's text, and "" for anything else.
func scalar(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	var number json.Number
	if json.Unmarshal(raw, &number) == nil {
		return number.String()
	}
	return ""
}

func cmpText(text, otherwise string) string {
	if strings.TrimSpace(text) == "" {
		return otherwise
	}
	return text
}

var (
	tags       = regexp.MustCompile(`\b[0-9a-f]{32}\b`)
	gatedField = regexp.MustCompile(`access to the field '([^']{1,200})'`)
)
