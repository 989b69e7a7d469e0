// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// restAccount and restZone hold the documented properties that a reader of accounts and zones may want.
type restAccount struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Type      string    `json:"type"`
	CreatedOn time.Time `json:"created_on"`
}

type restZone struct {
	ID         string         `json:"id"`
	Name       string         `json:"name"`
	Status     string         `json:"status"`
	Paused     bool           `json:"paused"`
	Type       string         `json:"type"`
	Account    restAccountRef `json:"account"`
	Plan       restPlan       `json:"plan"`
	CreatedOn  time.Time      `json:"created_on"`
	ModifiedOn time.Time      `json:"modified_on"`
}

type restAccountRef struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type restPlan struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	LegacyID string `json:"legacy_id"`
}

const zoneStatusActive = "active"

// created is when everything in this world was created.
func created() time.Time { return time.Date(2024, time.January, 1, 0, 0, 0, 0, time.UTC) }

func (s *Simulator) listAccounts(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	accounts := []restAccount{}
	for _, a := range s.world().accounts {
		if s.faults.get().NoAccounts || !matches(query, "name", a.Name) {
			continue
		}
		accounts = append(accounts, restAccount{ID: a.ID, Name: a.Name, Type: "standard", CreatedOn: created()})
	}
	writePage(w, query, accounts)
}

func (s *Simulator) listZones(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	zones := []restZone{}
	for _, z := range s.world().zones {
		if s.faults.get().NoZones || !matches(query, "account.id", z.account.ID) ||
			!matches(query, "name", z.Name) || !matches(query, "status", zoneStatusActive) {
			continue
		}
		zones = append(zones, z.rest())
	}
	writePage(w, query, zones)
}

func (z *zone) rest() restZone {
	return restZone{
		ID: z.ID, Name: z.Name, Status: zoneStatusActive, Type: "full",
		Account:   restAccountRef{ID: z.account.ID, Name: z.account.Name},
		Plan:      z.Plan.rest(),
		CreatedOn: created(), ModifiedOn: created(),
	}
}

// rest describes a plan. Only the Free plan's id is a well-known one.
func (p Plan) rest() restPlan {
	plan := map[Plan]restPlan{
		PlanFree:       {ID: "0feeeeeeeeeeeeeeeeeeeeeeeeeeeeee", Name: "Free Website"},
		PlanPro:        {ID: hexID("plan", 1), Name: "Pro Website"},
		PlanBusiness:   {ID: hexID("plan", 2), Name: "Business Website"},
		PlanEnterprise: {ID: hexID("plan", 3), Name: "Enterprise Website"},
	}[p]
	plan.LegacyID = string(p)
	return plan
}

func (s *Simulator) verifyToken(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, envelope{
		Success:  true,
		Errors:   []envelopeItem{},
		Messages: []envelopeItem{{Code: 10000, Message: "This API Token is valid and active"}},
		Result:   map[string]string{"id": hexID("token", 0), "status": "active"},
	})
}

func matches(query url.Values, key, value string) bool {
	return !query.Has(key) || query.Get(key) == value
}

// writePage answers with one page of a list. A page behind the last one is empty.
func writePage[T any](w http.ResponseWriter, query url.Values, all []T) {
	page, err := number(query, "page", 1, 1, 1<<20)
	if err != nil {
		writeEnvelopeError(w, errInvalidParameter(err.Error()))
		return
	}
	perPage, err := number(query, "per_page", 20, 5, 50)
	if err != nil {
		writeEnvelopeError(w, errInvalidParameter(err.Error()))
		return
	}
	from := min((page-1)*perPage, len(all))
	items := all[from:min(from+perPage, len(all))]
	writeResult(w, items, &resultInfo{
		Page: page, PerPage: perPage, Count: len(items),
		TotalCount: len(all), TotalPages: (len(all) + perPage - 1) / perPage,
	})
}

func number(query url.Values, key string, absent, least, most int) (int, error) {
	if !query.Has(key) {
		return absent, nil
	}
	n, err := strconv.Atoi(query.Get(key))
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("%s must be a number from %d to %d", key, least, most)
	}
	return n, nil
}
