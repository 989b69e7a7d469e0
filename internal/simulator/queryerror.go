// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// queryError is an error of the GraphQL layer. Texts are Cloudflare's where they are known. The status is the one that
// was seen in the wild (200 for refused access), else the documented one.
type queryError struct {
	message string
	code    string // extensions.code; absent if empty
	status  int
	path    []string // null if nil
}

func (e *queryError) Error() string { return e.message }

// at adds where in the answer the error belongs.
func (e *queryError) at(path ...string) *queryError {
	e.path = path
	return e
}

const accessPage = "https://developers.cloudflare.com/analytics/graphql-api/errors/"

func badRequest(format string, args ...any) *queryError {
	return &queryError{message: fmt.Sprintf(format, args...), status: http.StatusBadRequest}
}

func refused(format string, args ...any) *queryError {
	return &queryError{message: fmt.Sprintf(format, args...), code: "authz", status: http.StatusOK}
}

func errQuery(detail string) *queryError {
	return badRequest("query contains error, please review it and retry: %s", detail)
}

func errArguments(field, detail string) *queryError {
	return badRequest("error parsing args for %q: %s", field, detail)
}

func errZonesNotAuthorized(ids []string) *queryError {
	return refused("zones [%s] are not authorized", strings.Join(ids, " "))
}

func errAccountNotAuthorized() *queryError { return refused("not authorized for that account") }

func errNoAccess(sc scope) *queryError {
	return refused("%s '%s' does not have access to the path. Refer to this page for more details about access controls: %s",
		sc.kind(), sc.id(), accessPage)
}

func errNoFieldAccess(sc scope, field string) *queryError {
	return refused("%s '%s' does not have access to the field '%s' from the path", sc.kind(), sc.id(), strings.ToLower(field))
}

func errTooOld(sc scope, limit, age time.Duration) *queryError {
	return badRequest("%s %q cannot request data older than %s, but your query requests data from %s ago",
		sc.kind(), sc.id(), formatDuration(limit), formatDuration(age))
}

func errTooWide(sc scope, limit, width time.Duration) *queryError {
	return badRequest("%s %q cannot request a time range wider than %s, but your query time range spans %s",
		sc.kind(), sc.id(), formatDuration(limit), formatDuration(width))
}

func errTooManyFields(limit int64) *queryError {
	return badRequest("number of fields can't be more than %d", limit)
}

// errTooMany is for zones and accounts; Cloudflare's text is not known and follows the one for fields.
func errTooMany(what string, limit int) *queryError {
	return badRequest("number of %s can't be more than %d", what, limit)
}

func errLimit(limit int64) *queryError {
	return badRequest("limit must be positive number and not greater than %d", limit)
}

func errNoZoneFilter() *queryError { return badRequest("empty zone filters not allowed") }

func errTooManyNodes() *queryError {
	return &queryError{
		message: "in combination, your request queries too many nodes, zones and accounts", status: http.StatusTooManyRequests,
	}
}

// errHeavy comes with status 429 by Cloudflare's documentation; here it comes inside 200, as any error may.
func errHeavy() *queryError {
	return &queryError{
		message: "query consumed excessive resources, please try running smaller queries which consume fewer resources",
		status:  http.StatusOK,
	}
}

// errZoneList's text is not Cloudflare's, which is not known.
func errZoneList() *queryError {
	return badRequest("zone lists are not supported with account-based rate limiting, please use zoneTag or nest zones in their account")
}

func errScopeBudget(sc scope) *queryError {
	kind := map[string]string{"zone": "Zone", "account": "Account"}[sc.kind()]
	return &queryError{
		message: fmt.Sprintf("%s %s has exceeded its rate limit. Please try again after 5 minutes. Refer to this page for more details "+
			"about rate limits: https://developers.cloudflare.com/analytics/graphql-api/account-based-rate-limiting/", kind, sc.id()),
		code: "budget", status: http.StatusTooManyRequests,
	}
}

func errBudget() *queryError { return errBudgetText(0) }

func errBudgetText(i int) *queryError {
	return &queryError{message: budgetTexts()[i], code: "budget", status: http.StatusTooManyRequests}
}

// budgetTexts are the present text and two older ones.
func budgetTexts() []string {
	return []string{
		"rate limiter budget depleted, try again after 5 minutes",
		"limit reached, please try again later",
		"quota exceeded, please repeat your request in the next minute",
	}
}

func errBusy(i int) *queryError {
	return &queryError{message: busyTexts()[i], status: http.StatusServiceUnavailable}
}

func busyTexts() []string {
	return []string{
		"too many queries in progress, please try again later",
		"unable to execute query, please try again later",
	}
}

func errTransient(i int) *queryError {
	return &queryError{message: transientTexts()[i], status: http.StatusInternalServerError}
}

func transientTexts() []string { return append(busyTexts(), "Internal server error") }

// formatDuration writes a duration as Cloudflare does in messages: 26w2d, 1d1s620ms.
func formatDuration(d time.Duration) string {
	if d < time.Millisecond {
		return "0s"
	}
	var b strings.Builder
	for _, unit := range []struct {
		name string
		size time.Duration
	}{
		{"w", 7 * 24 * time.Hour},
		{"d", 24 * time.Hour},
		{"h", time.Hour},
		{"m", time.Minute},
		{"s", time.Second},
		{"ms", time.Millisecond},
	} {
		if n := d / unit.size; n > 0 {
			fmt.Fprintf(&b, "%d%s", n, unit.name)
			d -= n * unit.size
		}
	}
	return b.String()
}
