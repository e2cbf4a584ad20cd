package desk_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"robotbailiff/engine"
	"robotbailiff/internal/app/caseacts"
	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/web/desk"
	"robotbailiff/internal/web/ui/uitest"
	"robotbailiff/payments/source"
	"robotbailiff/rules/money"
)

// country is a desk over cases of two regions, with everything that can happen to a case in each.
type country struct {
	till
	of      map[string][]string // numbers of cases, by region
	objects map[string]string   // paths of objections
}

func openCountry(t *testing.T) country {
	t.Helper()
	return openCountryFor(t, []app.Actor{
		{Name: "desk:all", Roles: app.Roles}, {Name: "desk:75", Roles: app.Roles, Regions: []string{"75"}}, {Name: "desk:none", Roles: app.Roles, Regions: []string{}},
	})
}

func openCountryFor(t *testing.T, people []app.Actor) country {
	t.Helper()
	s := country{till: openTillFor(t, people), of: map[string][]string{}, objects: map[string]string{}}
	ctx := t.Context()
	for i, region := range []string{"71", "75"} {
		var here []uitest.Person
		for range 4 {
			p := s.open(t, uitest.Writ{Region: region, Amount: 12000})
			here = append(here, p)
			s.of[region] = append(s.of[region], caseno.Format(p.CaseID))
		}
		must(t, s.Notify(ctx, here[0].CaseID))
		s.objects[region], _ = s.objected(t, here[0].CaseID, engine.GroundPaid)
		must(t, s.Notify(ctx, here[1].CaseID))
		must(t, s.Arrest(ctx, here[1].CaseID))
		must(t, s.Pay(ctx, here[1].CaseID, 12000)) // leaves a lift that waits
		must(t, s.World.Do(ctx, here[2].CaseID, engine.ActorCourt, engine.Cancel{Ground: "appeal", Act: "77"}))
		s.statement(t, region, int64(1_000_000*i), source.Line{Ref: "P" + region, Credit: true, Amount: money.FromTiyn(1_300_000), Purpose: "дело " + s.of[region][3], Payer: source.Party{Name: "Ахметова Айгүл", IBAN: payerIBAN}})
	}
	for _, id := range s.tried(t, 2) {
		s.of["75"] = append(s.of["75"], caseno.Format(id))
	}
	now, err := s.Clock.Now(ctx)
	must(t, err)
	for region := range s.of {
		_, err := s.Pool.Exec(ctx, `INSERT INTO bank_findings (bank, leg_id, case_id, kind, ours, theirs, found_at, seen_at, proposal)
SELECT 'dala', gen_random_uuid(), id, 'orphan', 0, 5, now(), now(), 'lift' FROM cases WHERE region = $1 ORDER BY id LIMIT 1`, region)
		must(t, err)
		_, err = s.Pool.Exec(ctx, `INSERT INTO late_lifts (order_id, level, case_id, purpose, since, raised_at) SELECT o.id, 1, c.id, 'lift', now(), now() FROM orders o JOIN cases c ON c.id = o.case_id WHERE c.region = $1 AND o.purpose = 'lift' LIMIT 1`, region)
		must(t, err)
		_, err = s.Pool.Exec(ctx, `INSERT INTO notices (case_id, ordinal, channel, kind, language, text_version, params, status, detail, not_before, expires_at, created_at)
SELECT id, 90, 'sms', 'opening', 'kk', 1, '{}', 'failed', 'code ' || region, $2, $2, $2 FROM cases WHERE region = $1`, region, now)
		must(t, err)
		who := caseacts.Who{Name: "desk:somebody"}
		store := caseacts.New(s.Pool, s.Store)
		act, err := store.Draft(ctx, who, caseacts.Request{Kind: caseacts.Cancel, Numbers: s.of[region][0], Reason: "x", Act: "7", ActOn: "2026-03-01"})
		must(t, err)
		must(t, store.Confirm(ctx, who, act))
		_, err = s.Pool.Exec(ctx, `UPDATE payments SET refund_due = 100, allocated = allocated - 100 WHERE allocated > 100 AND case_id = (SELECT id FROM cases WHERE region = $1 ORDER BY id OFFSET 3 LIMIT 1)`, region)
		must(t, err)
	}
	return s
}

// shown are the numbers of cases of a region on the pages of all routes that read, whatever their ids, by route.
func (s country) shown(t *testing.T, b *uitest.Browser, patterns []string, region string) map[string]bool {
	t.Helper()
	on := map[string]bool{}
	for _, pattern := range patterns {
		if strings.HasPrefix(pattern, "POST ") {
			continue
		}
		fills := []string{"1"}
		if strings.Contains(pattern, "{") {
			fills = nil
			for i := range 9 {
				fills = append(fills, strconv.Itoa(i+1))
			}
		}
		for _, fill := range fills {
			_, path := uitest.Route(pattern, fill)
			got := b.Get(path)
			for _, number := range s.of[region] {
				on[pattern] = on[pattern] || strings.Contains(got.Body, number)
			}
		}
	}
	return on
}

// Nothing on any page, whatever is asked for, names a case of a region that the actor does not see; those who see all find them there.
func TestScope_noPageNamesACaseOfAnotherRegion(t *testing.T) {
	t.Parallel()
	s := openCountry(t)
	h, err := desk.Handler(desk.Config{App: s.service, Key: uitest.Key()})
	must(t, err)
	patterns := uitest.Patterns(t, h)
	all, some, none := s.as(t, "desk:all"), s.as(t, "desk:75"), s.as(t, "desk:none")
	for _, pattern := range []string{"GET /desk/{$}", "GET /desk/objections", "GET /desk/orders", "GET /desk/notices", "GET /desk/money/payments/{id}", "GET /desk/money/refunds"} {
		if on := s.shown(t, all, []string{pattern}, "71"); !on[pattern] {
			t.Errorf("%s names no case of 71 at all", pattern)
		}
	}
	for _, c := range []struct {
		who    string
		b      *uitest.Browser
		region string
	}{{"desk:75", some, "71"}, {"desk:none", none, "71"}, {"desk:none", none, "75"}} {
		for pattern, named := range s.shown(t, c.b, patterns, c.region) {
			if named {
				t.Errorf("%s names a case of %s to %s", pattern, c.region, c.who)
			}
		}
	}
	if on := s.shown(t, some, patterns, "75"); !on["GET /desk/objections"] || !on["GET /desk/orders"] || !on["GET /desk/trials"] || !on["GET /desk/{$}"] {
		t.Errorf("one does not see the cases of one's own region: %v", on)
	}
}

// What asks for one case of another region, or acts on it, finds nothing, and changes nothing.
func TestScope_aCaseOfAnotherRegionIsNotThere(t *testing.T) {
	t.Parallel()
	s := openCountry(t)
	b := s.as(t, "desk:75")
	token := b.Get("/desk/access").Attr("input[name=form_token]", "value")
	id := func(sql, region string) string { return s.one(t, sql, region) }
	finding := `SELECT f.id::text FROM bank_findings f JOIN cases c ON c.id = f.case_id WHERE c.region = $1`
	payment := `SELECT p.id::text FROM payments p JOIN cases c ON c.id = p.case_id WHERE c.region = $1 AND p.refund_due > 0`
	act := `SELECT max(a.id)::text FROM case_acts a WHERE $1 = ANY (a.regions)`
	before, err := s.Counts(t.Context())
	must(t, err)
	for _, c := range []struct {
		method, path string
		form         url.Values
		own          int // status with a case of one's own region; 0: not tried, since it acts
	}{
		{"GET", "/desk/cases/{case0}", nil, 200},
		{"GET", "/desk/cases/{case0}/documents/decree", nil, 0},
		{"GET", "/desk/acts/new?case={case0}", nil, 200},
		{"GET", "/desk/acts/{act}", nil, 200},
		{"POST", "/desk/acts/{act}/agree", nil, 0},
		{"POST", "/desk/acts/{act}/refuse", url.Values{"why": {"x"}}, 0},
		{"POST", "/desk/acts/{act}/withdraw", url.Values{"why": {"x"}}, 0},
		{"POST", "/desk/acts/{act}/confirm", nil, 0},
		{"GET", "/desk/cases/{case0}/link", nil, 200},
		{"POST", "/desk/cases/{case0}/link", url.Values{"reason": {"x"}, "seen": {"0"}}, 0},
		{"POST", "/desk/cases/{case0}/unmask", url.Values{"reason": {"x"}}, 0},
		{"GET", "{objection}", nil, 200},
		{"POST", "{objection}/answer", url.Values{"answer": {"accept"}, "reason": {"paid"}}, 0},
		{"POST", "{objection}/told", url.Values{"how": {"x"}}, 0},
		{"POST", "{objection}/files", url.Values{"file": {"1"}}, 0},
		{"POST", "/desk/orders/findings/{finding}/lift", url.Values{"reason": {"x"}}, 0},
		{"POST", "/desk/trials/arrests/{case1}/1", url.Values{"verdict": {"confirmed"}, "reason": {"x"}}, 0},
		{"POST", "/desk/trials/arrests/{case1}/1", url.Values{"verdict": {"rejected"}, "reason": {"x"}}, 0},
		{"GET", "/desk/money/payments/{payment}", nil, 200},
		{"POST", "/desk/money/payments/{payment}/open", url.Values{"reason": {"x"}}, 0},
		{"POST", "/desk/money/payments/{payment}/requisites", url.Values{"reason": {"x"}}, 0},
		{"POST", "/desk/money/acts", url.Values{"kind": {"refund"}, "payment": {"{payment}"}, "reason": {"x"}}, 0},
		{"GET", "/desk/texts/edit?kind=reminder&language=ru&case={case0}", nil, 200},
		{"GET", "/desk/?region={region}", nil, 200},
	} {
		fill := func(text, region string) string {
			return strings.NewReplacer(
				"{case0}", s.of[region][0], "{case1}", s.of[region][1], "{objection}", s.objects[region],
				"{finding}", id(finding, region), "{act}", id(act, region), "{payment}", id(payment, region), "{region}", region,
			).Replace(text)
		}
		send := func(region string) *uitest.Page {
			form := url.Values{"form_token": {token}}
			for k, v := range c.form {
				form.Set(k, fill(v[0], region))
			}
			return b.Do(c.method, fill(c.path, region), form, nil)
		}
		if got := send("71"); got.Status != http.StatusNotFound && (!strings.Contains(c.path, "/texts/") || strings.Contains(got.Body, s.of["71"][0]+"</")) {
			t.Errorf("%s %s of another region: %d %s", c.method, c.path, got.Status, got.Text("h1"))
		}
		if c.own != 0 {
			if got := send("75"); got.Status != c.own {
				t.Errorf("%s %s of one's own region: %d %s", c.method, c.path, got.Status, got.Text("h1"))
			}
		}
	}
	for _, path := range []string{"/desk/switch/1/release", "/desk/texts/draft", "/desk/imports/1/release", "/desk/money/claimants/collect", "/desk/money/files/1/release", "/desk/trials/1/agree"} {
		if got := b.Post(path, url.Values{"form_token": {token}, "reason": {"x"}}); got.Status != http.StatusForbidden || !strings.Contains(got.Text("h1"), "all regions") {
			t.Errorf("%s, which concerns all regions: %d %s", path, got.Status, got.Text("h1"))
		}
	}
	after, err := s.Counts(t.Context())
	must(t, err)
	if before != after {
		t.Errorf("what is not there was changed:\n%s\n---\n%s", before, after)
	}
}

// A page offers nobody a form that he may not send.
func TestAccess_pagesOfferOnlyWhatMayBeDone(t *testing.T) {
	t.Parallel()
	s := openCountryFor(t, oneOfEach())
	s.waitingBatch(t)
	m, need := http.NewServeMux(), map[string]desk.Right{}
	for _, r := range desk.Routes {
		m.Handle(r.Pattern, http.NotFoundHandler())
		need[r.Pattern] = r.Right
	}
	for _, role := range app.Roles {
		b, offered := s.as(t, "desk:"+string(role)), map[string]bool{}
		for _, r := range desk.Routes {
			if strings.HasPrefix(r.Pattern, "POST ") || r.Right == desk.Open {
				continue
			}
			for _, fill := range []string{"1", "2", s.of["71"][0]} {
				_, path := uitest.Route(r.Pattern, fill)
				page := b.Get(path)
				for _, form := range page.All(`form[method="post"]`) {
					action := ""
					for _, a := range form.Attr {
						if a.Key == "action" {
							action = a.Val
						}
					}
					_, pattern := m.Handler(&http.Request{Method: http.MethodPost, URL: &url.URL{Path: strings.Split(action, "?")[0]}})
					offered[pattern] = true
					if right := need[pattern]; right != desk.Open && !desk.May(app.Actor{Name: "x", Roles: []app.Role{role}}, right) {
						t.Errorf("%s offers %s %s", path, role, action)
					}
				}
			}
		}
		// The auditor signs out, ends visits of his own, switches the keys off, and sends what is written down: a search, a look at a person, a list that
		// leaves, and a run of the verifier.
		if role == app.Auditor && len(offered) > 9 || role == app.Supervisor && len(offered) < 8 {
			t.Errorf("%s is offered %d: %v", role, len(offered), offered)
		}
	}
}
