package desk_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"robotbailiff/engine"
	"robotbailiff/engine/intake"
	"robotbailiff/engine/stop"
	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/testkit"
	"robotbailiff/internal/web/desk"
	"robotbailiff/internal/web/ui/uitest"
	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// signedIn signs another person in, in a browser of his own.
func (s stage) signedIn(t *testing.T, person string) *uitest.Browser {
	t.Helper()
	b := s.Another()
	if got := b.Submit(b.Get("/desk/"), "/desk/sign-in", map[string]string{"person": person}); got.Status != http.StatusSeeOther {
		t.Fatalf("%s signing in gave %d", person, got.Status)
	}
	return b
}

// room is a desk with the people of the demonstration, or others, and whoever drives the jobs.
func room(t *testing.T, jobs app.Machinery, people []app.Actor) stage {
	t.Helper()
	w, err := uitest.NewWorld(t.Context(), testkit.DB(t), testkit.Keys(t))
	must(t, err)
	return roomOf(t, w, jobs, people)
}

// roomOf is the same with a world that there is.
func roomOf(t *testing.T, w *uitest.World, jobs app.Machinery, people []app.Actor) stage {
	t.Helper()
	service, err := app.New(app.Config{
		Pool: w.Pool, Cases: w.Store, Packs: w.Packs, OpenIIN: w.OpenIIN, Inbox: intake.NewInbox(w.Store, w.Keys, intake.InboxConfig{}), Machinery: jobs,
		DemoSignIn: true, DemoPeople: people, Fault: func(err error) { t.Error(err) },
	})
	must(t, err)
	t.Cleanup(service.Hush)
	h, err := desk.Handler(desk.Config{App: service, Key: uitest.Key(), Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	must(t, err)
	return stage{World: w, Browser: uitest.Open(t, h), service: service}
}

// wholeMonth is a period with everything that [stage.fill] does.
const wholeMonth = "from=2026-02-01&to=2026-04-30"

// Every figure of the first page is what counting the cases gives.
func TestToday_countsExactly(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	s.fill(t)
	b := s.signedIn(t, "desk:demo")
	page := b.Get("/desk/?lang=en&" + wholeMonth)
	var paid, outstanding int64
	must(t, s.Pool.QueryRow(t.Context(), `SELECT sum(paid), sum(outstanding) FILTER (WHERE ended_at IS NULL) FROM cases`).Scan(&paid, &outstanding))
	plain := func(tiyn int64) string { return comma(money.FromTiyn(tiyn).String()) + " KZT" }
	short := func(tiyn int64) string { return strings.Replace(plain(tiyn), ".00", "", 1) }
	for id, want := range map[string]string{
		"k-opened": "8", "k-notified": "5", "k-paid": "2", "k-lifted": "0", "k-handed_over": "1", "k-refused": "0", "k-collected": short(paid),
		"k-saved": "6,944.25 KZT", "cases": "8", "repaid": plain(paid), "left": plain(outstanding), "s-cancelled": "1", "w-suspense": "2", "w-refunds": "1",
	} {
		if got := strings.ReplaceAll(page.Text("#c-"+id), "\u00a0", " "); got != want {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
	s.wants(t, page.Text("main"), "The robot is on", "Abai Region", "The case was opened", "8,400.00", "Lifts not confirmed")
	if got := len(page.All(".bars rect")); got != 6 {
		t.Errorf("%d pieces in the bar, want one for each state", got)
	}
	if got := len(page.All("#latest ~ .scroll tbody tr")); got != 20 {
		t.Errorf("%d latest events", got)
	}
	if got := len(page.All(".spark")); got != 8 || len(page.All(`.spark[role="img"][aria-label]`)) != 8 {
		t.Errorf("%d charts", got)
	}
	if rows := len(page.All("details .wide tbody tr")); rows != 89 {
		t.Errorf("the table under the charts has %d days", rows)
	}
}

// Periods are in the address, with a region, and each is compared with as many days before.
func TestToday_comparesPeriods(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	for range 4 {
		s.open(t, uitest.Writ{})
	}
	s.Clock.Advance(24 * time.Hour)
	for range 6 {
		s.open(t, uitest.Writ{Region: "71"})
	}
	s.signIn(t)
	for _, c := range []struct{ query, n, says string }{
		{"period=today", "6", "▲ 50 % more, before: 4"},
		{"period=7", "10", "before: 0"},
		{"period=today&region=75", "0", "▼ 100 % less, before: 4"},
		{"from=2026-03-02&to=2026-03-02", "4", "before: 0"},
		{"from=2026-03-04&to=2026-03-01", "10", "before: 0"},
		{"period=1000000&from=x", "10", "before: 0"},
	} {
		page := s.Get("/desk/?lang=en&" + c.query)
		if got := page.Text("#c-k-opened"); got != c.n || !strings.Contains(strings.ReplaceAll(page.Text(".kpis div:first-child"), "\u00a0", " "), c.says) {
			t.Errorf("%s: %s, %s", c.query, got, page.Text(".kpis div:first-child"))
		}
	}
	if got := s.Get("/desk/?lang=en&period=30&region=71").Attr(`.langs a[lang="kk"]`, "href"); got != "?lang=kk&period=30&region=71" {
		t.Errorf("the language row loses the filter: %s", got)
	}
	if got := s.Get("/desk/?region=%27").Status; got != http.StatusOK {
		t.Errorf("a filter that makes no sense gave %d", got)
	}
}

// The saved fees are the fee of each paid case by the table of its day (EL 118), and not a part of a sum.
func TestToday_savedFeesAreTheFees(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	s.fill(t)
	sum := money.Zero
	for _, tenge := range []int64{13333, 14444} {
		fee, _ := rules.Fee(s.Store.Pack(), uitest.Tenge(tenge), calendar.DateOf(uitest.Morning))
		sum = sum.Add(fee)
	}
	v, err := s.service.Today(t.Context(), app.Actor{Name: "desk:test"}, app.TodayQuery{From: "2026-02-01", To: "2026-04-30"})
	must(t, err)
	for _, k := range v.KPIs {
		if k.Name == app.KPISaved && (k.Unknown || !k.Now.Sum.Equal(sum)) {
			t.Errorf("saved %s, the fees are %s", k.Now.Sum, sum)
		}
	}
	if _, err := s.service.Today(t.Context(), app.Actor{}, app.TodayQuery{}); err == nil {
		t.Error("nobody may look")
	}
}

// Who has some regions sees their cases and nothing of the others, nor what belongs to no region.
func TestToday_keepsToTheRegionsOfTheActor(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	s.fill(t)
	some := app.Actor{Name: "desk:test", Roles: []app.Role{app.Operator}, Regions: []string{"71"}}
	v, err := s.service.Today(t.Context(), some, app.TodayQuery{From: "2026-02-01", To: "2026-04-30"})
	must(t, err)
	var n, events int64
	must(t, s.Pool.QueryRow(t.Context(), `SELECT count(*) FROM cases WHERE region = '71'`).Scan(&n))
	must(t, s.Pool.QueryRow(t.Context(), `SELECT count(*) FROM events e JOIN cases c ON c.id = e.case_id WHERE c.region = '71'`).Scan(&events))
	if v.Cases != n || v.KPIs[0].Now.N != n || len(v.Regions) != 1 || int64(len(v.Latest)) != events || v.Lifts != 0 {
		t.Errorf("of %d cases: %d, opened %d, regions %v, %d events of %d, %d lifts", n, v.Cases, v.KPIs[0].Now.N, v.Regions, len(v.Latest), events, v.Lifts)
	}
	for _, w := range v.Work {
		if w.Kind == "suspense" || w.Kind == "batches" {
			t.Errorf("sees %s", w.Kind)
		}
	}
	if _, err := s.service.Today(t.Context(), some, app.TodayQuery{Region: "75"}); err == nil {
		t.Error("another region was shown")
	}
	if _, err := s.service.Deadlines(t.Context(), some, app.DeadlineQuery{Region: "75"}); err == nil {
		t.Error("deadlines of another region were shown")
	}
}

func TestToday_saysThatTheRobotIsStopped(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	now, err := s.Clock.Now(t.Context())
	must(t, err)
	_, err = stop.NewStore(s.Pool).Throw(t.Context(), stop.Everything, "Aigul", "INC-42", now)
	must(t, err)
	s.signIn(t)
	page := s.Get("/desk/?lang=ru")
	s.wants(t, page.Text("main"), "Меры остановлены", "INC-42", "Событий пока нет", "Пульса нет", "Ничего не ждёт вас", "Дел ещё нет")
}

// "Which cases will be handed over tomorrow?" is one click, and its answer is exactly those that are handed over then.
func TestDeadlines_sayWhatIsHandedOverTomorrow(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	ctx := t.Context()
	for i := range 60 {
		s.open(t, uitest.Writ{Region: []string{"75", "71"}[i%2]})
	}
	first := int64(260000001)
	must(t, s.World.Do(ctx, first, "desk:demo", engine.SetHold{Reason: "person"}))
	must(t, s.World.Do(ctx, first+1, engine.ActorCourt, engine.Cancel{Ground: "appeal", Act: "1"}))
	cases, err := engine.Load(ctx, s.Pool, []int64{first})
	must(t, err)
	s.Clock.Set(cases[0].TermEndsOn.Start().Add(9 * time.Hour))
	late := s.open(t, uitest.Writ{})
	must(t, s.World.Do(ctx, late.CaseID, engine.ActorDebtor, engine.RequestRefusal{}))
	s.signIn(t)
	today := s.Get("/desk/?lang=en")
	if got := today.Text("#c-d-handover-tomorrow"); got != "59" {
		t.Fatalf("handed over tomorrow: %s, want 58 by term and 1 by refusal", got)
	}
	if got := today.Text("#c-d-kept-tomorrow"); got != "1" {
		t.Errorf("kept: %s", got)
	}
	seen := map[string]bool{}
	page := s.Get(today.Attr("#c-d-handover-tomorrow", "href"))
	for {
		s.wants(t, page.Text("#list"), "59")
		for _, a := range page.All("#list ~ .scroll th a") {
			if seen[uitest.Words(a)] {
				t.Errorf("%s is listed twice", uitest.Words(a))
			}
			seen[uitest.Words(a)] = true
		}
		next := page.Attr(`section p a[href*="after="]`, "href")
		if next == "" {
			break
		}
		page = s.Get(next)
	}
	south := s.Get("/desk/deadlines?kind=handover&day=" + cases[0].TermEndsOn.AddDays(1).String() + "&region=71")
	if got := len(south.All("#list ~ .scroll th a")); got != 29 {
		t.Errorf("%d in one region, want 29", got)
	}
	if got := s.Get(today.Attr("#c-d-kept-tomorrow", "href")); !strings.Contains(got.Text("main"), "on hold") || !strings.Contains(got.Text("main"), caseno.Format(first)) {
		t.Errorf("kept: %s", got.Text("main"))
	}
	s.Clock.Set(cases[0].TermEndsOn.End().Add(10 * time.Hour)) // tomorrow, after the refusal's day
	for {
		n, err := s.Store.Sweep(ctx, 50)
		must(t, err)
		if n == 0 {
			break
		}
	}
	rows, err := s.Pool.Query(ctx, `SELECT case_id FROM events WHERE kind = 'handed_over'`)
	must(t, err)
	defer rows.Close()
	moved := 0
	for rows.Next() {
		var id int64
		must(t, rows.Scan(&id))
		if moved++; !seen[caseno.Format(id)] {
			t.Errorf("%s was handed over and not on the list", caseno.Format(id))
		}
	}
	if moved != 59 || len(seen) != 59 {
		t.Errorf("%d were handed over, %d listed", moved, len(seen))
	}
}

// What the robot has not got round to is overdue and stuck, by the rules and not by what it did.
func TestDeadlines_sayWhatIsOverdue(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	a, b := s.open(t, uitest.Writ{}), s.open(t, uitest.Writ{})
	must(t, s.Notify(t.Context(), a.CaseID))
	cases, err := engine.Load(t.Context(), s.Pool, []int64{a.CaseID})
	must(t, err)
	s.Clock.Set(cases[0].VoluntaryEndsOn.AddDays(2).Start().Add(time.Hour))
	s.signIn(t)
	today := s.Get("/desk/?lang=en")
	if got := today.Text("#c-d-voluntary-overdue"); got != "1" {
		t.Errorf("overdue: %s", got)
	}
	s.wants(t, today.Text("main"), "Stuck for more than an hour", "Arrest")
	list := s.Get("/desk/deadlines?kind=voluntary&day=overdue")
	s.wants(t, list.Text("#list"), "Overdue: 1")
	if got := list.Text("#list ~ .scroll th a"); got != caseno.Format(a.CaseID) {
		t.Errorf("listed %s, want %s and not %s", got, caseno.Format(a.CaseID), caseno.Format(b.CaseID))
	}
	for _, query := range []string{"", "?kind=x&day=y&after=z", "?kind=kept&day=overdue&from=2026-03-01&after=-5"} {
		if got := s.Get("/desk/deadlines" + query).Status; got != http.StatusOK {
			t.Errorf("%q: %d", query, got)
		}
	}
}

// Each kind of what needs a person is counted with its oldest, once it is there.
func TestToday_showsWhatNeedsAPerson(t *testing.T) {
	t.Parallel()
	s := room(t, nil, nil)
	ctx := t.Context()
	p := s.open(t, uitest.Writ{})
	must(t, s.World.Do(ctx, p.CaseID, engine.ActorDebtor, engine.Object{Ground: engine.GroundSum}))
	s.Clock.Advance(30 * time.Hour)
	now, _ := s.Clock.Now(ctx)
	for _, sql := range []string{
		`INSERT INTO batches (source, file_name, sha256, state, rows, accepted, quarantined, received_at) VALUES ('court', 'a', '\x%064d', 'done', 2, 0, 2, $1)`,
		`INSERT INTO batch_rows (batch_id, row_no, verdict, document_number, code, sealed) SELECT id, 1, 'quarantined', 'no-such', 'identity_conflict', '\x00' FROM batches`,
		`INSERT INTO batch_rows (batch_id, row_no, verdict, document_number, code, sealed) SELECT b.id, 2, 'quarantined', w.document_number, 'identity_conflict', '\x00' FROM batches b, writs w`,
		`INSERT INTO chunks (kind, case_ids, not_before, error) VALUES ('orders', '{1,2,3}', $1::timestamptz - interval '5 minutes', 'bank_away')`,
		`INSERT INTO payments (source, txn_id, amount, currency, value_date, received_at) VALUES ('gateway', 'x', 5000, 'KZT', '2026-03-02', $1)`,
		`INSERT INTO money_acts (kind, proposed_by, reason, proposed_at) VALUES ('refund', 'a', 'b', $1::timestamptz - interval '1 hour')`,
		`INSERT INTO text_versions (version, base, words, proposed_by, reason, proposed_at) VALUES (2, 1, '{}', 'a', 'b', $1::timestamptz - interval '2 hours')`,
	} {
		if strings.Contains(sql, "%") {
			sql = fmt.Sprintf(sql, 1)
		}
		args := []any{now}
		if !strings.Contains(sql, "$1") {
			args = nil
		}
		_, err := s.Pool.Exec(ctx, sql, args...)
		must(t, err)
	}
	_, err := s.Pool.Exec(ctx, `UPDATE writs SET source = 'court'`)
	must(t, err)
	v, err := s.service.Today(ctx, app.Actor{Name: "desk:test", Roles: app.Roles}, app.TodayQuery{})
	must(t, err)
	got := map[string]int64{}
	for _, w := range v.Work {
		if w.Count > 0 {
			got[w.Kind] = w.Count
			if w.Oldest.IsZero() || w.Oldest.After(now) {
				t.Errorf("%s: oldest %v", w.Kind, w.Oldest)
			}
		}
	}
	want := map[string]int64{"objections": 1, "identities": 1, "orders": 3, "suspense": 1, "approve_money": 1, "approve_texts": 1}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("waits: %v, want %v", got, want)
	}
	viewer := s.signedIn(t, "desk:demo") // an operator has no right to money
	page := viewer.Get("/desk/?lang=en")
	if page.Has("#c-w-suspense") || !page.Has("#c-w-objections") {
		t.Errorf("an operator sees money, or no objections: %d %s", page.Status, page.Text("#work ~ table"))
	}
}
