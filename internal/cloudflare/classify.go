// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflare

import (
	"net/http"
	"regexp"
	"strings"
)

// classify maps what the API says to a class: by the REST code, then the text, then GraphQL's code, then the status. The
// code of a server's failure says what it failed at, not that the request was wrong.
func classify(status int, code, message string) Class {
	if class := classOfNumber(code); class != "" && status < http.StatusInternalServerError {
		return class
	}
	if class := classOfText(strings.ToLower(message)); class != "" {
		return class
	}
	switch code {
	case "budget":
		return ClassRateLimited
	case "authz":
		return ClassPermission
	}
	return classOfStatus(status)
}

// classOfNumber knows the codes of https://developers.cloudflare.com/api that concern credentials and rates.
func classOfNumber(code string) Class {
	switch code {
	case "6003", "6103", "6111", "9103", "9106", "10000", "10001":
		return ClassAuth
	case "9109":
		return ClassPermission
	case "971", "10429":
		return ClassRateLimited
	}
	return ""
}

// phrases are parts of Cloudflare's messages in lower case; the first that occurs decides.
// https://developers.cloudflare.com/analytics/graphql-api/errors/ and messages seen in public issues.
func phrases() []struct {
	text  string
	class Class
} {
	return []struct {
		text  string
		class Class
	}{
		{"does not have access to the field", ClassGatedField},
		{"does not have access to the path", ClassGatedDataset},
		{"not available for your plan", ClassGatedDataset},
		{"cannot request data older than", ClassTooOld},
		{"cannot request a time range wider than", ClassTooWide},
		{"time range is too large", ClassTooWide},
		{"number of fields can't be more than", ClassTooManyFields},
		{"queries too many nodes", ClassTooManyNodes},
		{"consumed excessive resources", ClassExcessiveResources},
		{"rate limiter budget depleted", ClassRateLimited},
		{"has exceeded its rate limit", ClassRateLimited},
		{"limit reached, please try again", ClassRateLimited},
		{"reduced time period", ClassRateLimited},
		{"quota exceeded", ClassRateLimited},
		{"too many queries in progress", ClassTransient},
		{"unable to execute query", ClassTransient},
		{"internal server error", ClassTransient},
		{"does not have permission", ClassPermission},
		{"not authorized", ClassPermission},
		{"unauthorized", ClassAuth},
		{"authentication error", ClassAuth},
		{"invalid request headers", ClassAuth},
		{"limit must be positive", ClassInvalidQuery},
		{"error parsing args", ClassInvalidQuery},
		{"unknown field", ClassInvalidQuery},
		{"must have no selections", ClassInvalidQuery},
		{"must have selections", ClassInvalidQuery},
		{"query contains error", ClassInvalidQuery},
		{"empty zone filters", ClassInvalidQuery},
	}
}

// scopeLimited is the refusal of account-based limits, in lower case.
// https://developers.cloudflare.com/analytics/graphql-api/account-based-rate-limiting/
var scopeLimited = regexp.MustCompile(`\b(zone|account) [0-9a-f]{32} has exceeded its rate limit`)

func classOfText(message string) Class {
	if scopeLimited.MatchString(message) {
		return ClassScopeLimited
	}
	for _, phrase := range phrases() {
		if strings.Contains(message, phrase.text) {
			return phrase.class
		}
	}
	return ""
}

// classOfStatus judges by the status alone. 520 to 530 are Cloudflare's edge on behalf of its own API.
func classOfStatus(status int) Class {
	switch {
	case status == http.StatusUnauthorized:
		return ClassAuth
	case status == http.StatusForbidden:
		return ClassPermission
	case status == http.StatusTooManyRequests:
		return ClassRateLimited
	case status == http.StatusRequestTimeout, status == http.StatusGatewayTimeout, status == 524:
		return ClassTimeout
	case status >= 500:
		return ClassTransient
	default:
		return ClassInvalidQuery
	}
}
