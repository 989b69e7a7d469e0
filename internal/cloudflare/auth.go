// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflare

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

// Credentials are an API token, or a Global API Key with the user's email address, or nothing.
type Credentials struct {
	Token      string
	Key, Email string
}

// Format keeps credentials out of logs whatever the verb.
func (Credentials) Format(state fmt.State, _ rune) { _, _ = state.Write([]byte(redacted)) }

const redacted = "[REDACTED]"

func (c Credentials) validate() error {
	switch {
	case c.Token != "" && (c.Key != "" || c.Email != ""):
		return errors.New("use either an API token or an API key with an email address, not both")
	case (c.Key == "") != (c.Email == ""):
		return errors.New("an API key and an email address belong together")
	case NotForHeaders(c.Token + c.Key + c.Email):
		return errors.New("credentials contain a space, a line break or another character that cannot be part of them")
	}
	return nil
}

// NotForHeaders says that a text has characters that no credentials have, and that a header must not have.
func NotForHeaders(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f })
}

// authorize sets the headers of https://developers.cloudflare.com/fundamentals/api/how-to/make-api-calls/.
func (c Credentials) authorize(header http.Header) {
	if c.Token != "" {
		header.Set("Authorization", "Bearer "+c.Token)
	}
	if c.Key != "" {
		header.Set("X-Auth-Key", c.Key)
		header.Set("X-Auth-Email", c.Email)
	}
}

// bearer finds a token that an authentication extension sent and that a server or proxy echoes.
var bearer = regexp.MustCompile(`(?i)\bbearer[\s:]+[\w.~+/=-]+`)

// redact removes the credentials from a text of the API.
func (c Credentials) redact(text string) string {
	for _, secret := range []string{c.Token, c.Key, c.Email} {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, redacted)
		}
	}
	return bearer.ReplaceAllString(text, "Bearer "+redacted)
}
