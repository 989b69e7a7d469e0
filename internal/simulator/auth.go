// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"crypto/subtle"
	"net/http"
	"regexp"
	"strings"
)

// credentials finds out which token or global key a request carries. The error is Cloudflare's for headers that are
// missing or malformed.
func credentials(h http.Header) (string, *apiError) {
	if authorization := h.Get("Authorization"); authorization != "" {
		token, ok := strings.CutPrefix(authorization, "Bearer ")
		if !ok || !wellFormed(token) {
			return "", errInvalidHeader(6111, "Authorization")
		}
		return token, nil
	}
	email, key := h.Get("X-Auth-Email"), h.Get("X-Auth-Key")
	switch {
	case email == "" && key == "":
		return "", errMissingToken()
	case !strings.Contains(email, "@"):
		return "", errInvalidHeader(6102, "X-Auth-Email")
	case !wellFormed(key):
		return "", errInvalidHeader(6103, "X-Auth-Key")
	}
	return key, nil
}

// wellFormed accepts the characters of a bearer token (RFC 6750, section 2.1).
func wellFormed(token string) bool {
	return regexp.MustCompile(`^[A-Za-z0-9._~+/-]+=*$`).MatchString(token)
}

// authenticate finds out with which token a request is sent.
func (s *Simulator) authenticate(r *http.Request) (Token, *apiError) {
	secret, err := credentials(r.Header)
	if err != nil {
		return Token{}, err
	}
	for _, token := range append([]Token{{Secret: s.config.Token}}, s.altered.allTokens()...) {
		if subtle.ConstantTimeCompare([]byte(secret), []byte(token.Secret)) == 1 {
			return token, nil
		}
	}
	if s.config.Token == "" && len(s.config.Tokens) == 0 {
		return Token{Secret: secret}, nil
	}
	if strings.HasSuffix(r.URL.Path, "/tokens/verify") {
		return Token{}, errTokenNotVerified()
	}
	return Token{}, errInvalidToken()
}
