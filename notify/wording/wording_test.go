package wording

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/internal/clock"
	"robotbailiff/internal/testkit"
	"robotbailiff/notify/text"
)

func TestMain(m *testing.M) { testkit.Main(m) }

var (
	noon  = time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)
	place = text.Place{Kind: text.Reminder, Language: "ru"}
)

// better is the reminder in Russian with one word more.
func better(word string) text.Wording {
	w := text.BuiltIn().Words()[place.Language][place.Kind]
	w.Body[0] = "Долг по делу " + word + " ещё не оплачен."
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func refused(t *testing.T, err error, code string) {
	t.Helper()
	if wrong, ok := errors.AsType[*ActError](err); !ok || wrong.Code != code {
		t.Errorf("want %s, got %v", code, err)
	}
}

// propose makes a version as an operator would.
func propose(t *testing.T, s *Store, actor, word string, at time.Time) int {
	t.Helper()
	base, err := s.InForce(t.Context())
	must(t, err)
	must(t, s.Save(t.Context(), actor, place, base, better(word)))
	d, err := s.Draft(t.Context(), actor)
	must(t, err)
	n, err := s.Propose(t.Context(), actor, "clearer", d.Seen, at)
	must(t, err)
	return n
}

func inForce(t *testing.T, s *Store) int {
	t.Helper()
	v, err := s.InForce(t.Context())
	must(t, err)
	return v
}

func TestApprove_byASecondPerson(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), NewStore(testkit.DB(t))
	n := propose(t, s, "desk:a", "пока", noon)
	if n != 2 || inForce(t, s) != 1 {
		t.Fatalf("version %d, in force %d", n, inForce(t, s))
	}
	refused(t, s.Approve(ctx, n, " Desk:A ", "me again", noon), CodeSamePerson)
	refused(t, s.Approve(ctx, n, " ", "", noon), CodeNoActor)
	refused(t, s.Reject(ctx, n, "desk:b", "  ", noon), CodeNoReason)
	refused(t, s.Approve(ctx, n, "desk:b", "", noon.Add(24*time.Hour)), CodeNotOpen)
	must(t, s.Approve(ctx, n, "desk:b", "", noon.Add(24*time.Hour-time.Microsecond)))
	refused(t, s.Reject(ctx, n, "desk:b", "too late", noon.Add(time.Hour)), CodeNotOpen)
	if err := s.Approve(ctx, 7, "desk:b", "", noon); !errors.Is(err, ErrNoVersion) {
		t.Errorf("no such version: %v", err)
	}
	all, err := s.List(ctx, noon.Add(48*time.Hour))
	must(t, err)
	if len(all) != 2 || all[0].State != StateInForce || all[0].DecidedBy != "desk:b" || all[0].ProposedBy != "desk:a" || all[0].Base != 1 || all[1].State != StateFormer {
		t.Errorf("%+v", all)
	}
	e, err := s.Edition(ctx, 2)
	must(t, err)
	if got := text.BuiltIn().Words().Changes(e.Words()); len(got) != 1 || got[0] != place {
		t.Errorf("changed: %v", got)
	}
}

func TestPropose_oneAtATimeAndWhatWasSeen(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), NewStore(testkit.DB(t))
	_, err := s.Propose(ctx, "desk:a", "x", "", noon)
	refused(t, err, CodeNothing)
	must(t, s.Save(ctx, "desk:b", place, 1, better("всё")))
	d, err := s.Draft(ctx, "desk:b")
	must(t, err)
	_, err = s.Propose(ctx, "desk:b", " \n ", d.Seen, noon)
	refused(t, err, CodeNoReason)
	must(t, s.Save(ctx, "desk:b", place, 1, better("вот")))
	_, err = s.Propose(ctx, "desk:b", "x", d.Seen, noon)
	refused(t, err, CodeStale) // another window has changed the words

	first := propose(t, s, "desk:a", "пока", noon)
	d, err = s.Draft(ctx, "desk:b")
	must(t, err)
	_, err = s.Propose(ctx, "desk:b", "x", d.Seen, noon.Add(23*time.Hour))
	refused(t, err, CodeOpenAlready)
	must(t, s.Reject(ctx, first, "desk:a", "withdrawn", noon.Add(time.Hour)))
	second, err := s.Propose(ctx, "desk:b", "x", d.Seen, noon.Add(2*time.Hour))
	must(t, err)
	if second != 3 {
		t.Errorf("a rejected version keeps its number: the next is %d", second)
	}
	// nobody approves it in time: it lapses, and the next may come
	if third := propose(t, s, "desk:a", "так", noon.Add(26*time.Hour)); third != 4 {
		t.Errorf("the next is %d", third)
	}
	refused(t, s.Approve(ctx, second, "desk:a", "", noon.Add(26*time.Hour)), CodeNotOpen)
	all, err := s.List(ctx, noon.Add(27*time.Hour))
	must(t, err)
	for i, want := range []State{StateOpen, StateLapsed, StateRejected, StateInForce} {
		if all[i].State != want {
			t.Errorf("version %d is %s, want %s", all[i].Number, all[i].State, want)
		}
	}
}

func TestSave_keepsWhatIsBeingWorkedOn(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), NewStore(testkit.DB(t))
	bad := better("{amount}")
	must(t, s.Save(ctx, "desk:a", place, 1, bad)) // no other language has the sum in that place
	bad.Body = append(bad.Body[:4], "{name} {link}")
	must(t, s.Save(ctx, "desk:a", place, 1, bad))
	d, err := s.Draft(ctx, "desk:a")
	must(t, err)
	if len(d.Edits) != 1 || len(d.Problems) == 0 || d.Ready() {
		t.Errorf("%+v", d)
	}
	_, err = s.Propose(ctx, "desk:a", "x", d.Seen, noon)
	refused(t, err, CodeProblems)
	bad.Body[0] = "ИИН 850101300075"
	refused(t, s.Save(ctx, "desk:a", place, 1, bad), CodeNotKept)
	refused(t, s.Save(ctx, "desk:a", text.Place{Kind: "greeting", Language: "ru"}, 1, better("пока")), CodeNotKept)
	var kept string
	must(t, s.pool.QueryRow(ctx, `SELECT string_agg(words::text, '') FROM text_drafts`).Scan(&kept))
	if strings.Contains(kept, "8501") {
		t.Error("a number of a person was kept")
	}
	if d, err = s.Draft(ctx, "desk:b"); err != nil || len(d.Edits) != 0 {
		t.Errorf("another person's draft: %+v, %v", d.Edits, err)
	}
	must(t, s.Save(ctx, "desk:a", place, 1, text.BuiltIn().Words()["ru"][text.Reminder]))
	if d, err = s.Draft(ctx, "desk:a"); err != nil || len(d.Edits) != 0 {
		t.Errorf("the words in force are no change: %+v, %v", d.Edits, err)
	}
	must(t, s.Save(ctx, "desk:a", place, 1, better("пока")))
	must(t, s.Discard(ctx, "desk:a", place))
	must(t, s.Save(ctx, "desk:a", place, 1, better("пока")))
	must(t, s.Discard(ctx, "desk:a", text.Place{}))
	if d, err = s.Draft(ctx, "desk:a"); err != nil || len(d.Edits) != 0 {
		t.Errorf("discarded: %+v, %v", d.Edits, err)
	}
}

// A draft that stands beside words which are not in force any more is not proposed over them.
func TestDraft_noticesThatTheWordsChanged(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), NewStore(testkit.DB(t))
	other := text.Place{Kind: text.Paid, Language: "ru"}
	thanks := text.BuiltIn().Words()["ru"][text.Paid]
	thanks.Body[2] = "Большое спасибо."
	must(t, s.Save(ctx, "desk:b", place, 1, better("всё")))
	must(t, s.Save(ctx, "desk:b", other, 1, thanks))
	must(t, s.Approve(ctx, propose(t, s, "desk:a", "пока", noon), "desk:b", "", noon))
	refused(t, s.Save(ctx, "desk:b", place, 1, better("вот")), CodeStale)
	d, err := s.Draft(ctx, "desk:b")
	must(t, err)
	stale := map[text.Place]bool{}
	for _, e := range d.Edits {
		stale[e.Place] = e.Stale
	}
	if len(stale) != 2 || !stale[place] || stale[other] || d.Ready() {
		t.Errorf("%+v", d.Edits)
	}
	_, err = s.Propose(ctx, "desk:b", "x", d.Seen, noon.Add(time.Hour))
	refused(t, err, CodeProblems)
	must(t, s.Save(ctx, "desk:b", place, 2, better("вот")))
	d, err = s.Draft(ctx, "desk:b")
	must(t, err)
	n, err := s.Propose(ctx, "desk:b", "x", d.Seen, noon.Add(time.Hour))
	must(t, err)
	e, err := s.Edition(ctx, n)
	must(t, err)
	if got := text.BuiltIn().Words().Changes(e.Words()); len(got) != 2 {
		t.Errorf("changed: %v", got)
	}
}

func TestTake_goesOnWithOtherWords(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), NewStore(testkit.DB(t))
	first := propose(t, s, "desk:a", "пока", noon)
	refused(t, s.Take(ctx, "desk:a", first, noon), CodeNotOpen)
	must(t, s.Reject(ctx, first, "desk:b", "no", noon))
	must(t, s.Take(ctx, "desk:a", first, noon))
	d, err := s.Draft(ctx, "desk:a")
	must(t, err)
	if !d.New["ru"][text.Reminder].Equal(better("пока")) || len(d.Edits) != 1 || !d.Ready() {
		t.Errorf("the rejected words: %+v", d.Edits)
	}
	second, err := s.Propose(ctx, "desk:a", "again", d.Seen, noon)
	must(t, err)
	must(t, s.Approve(ctx, second, "desk:b", "", noon))
	must(t, s.Take(ctx, "desk:b", text.Version, noon))
	d, err = s.Draft(ctx, "desk:b")
	must(t, err)
	if got := text.BuiltIn().Words().Changes(d.New); len(got) != 0 || len(d.Edits) != 1 {
		t.Errorf("the words of before: %v, %+v", got, d.Edits)
	}
	if err := s.Take(ctx, "desk:b", 77, noon); !errors.Is(err, ErrNoVersion) {
		t.Errorf("no such version: %v", err)
	}
}

func TestPropose_atOnce(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), NewStore(testkit.DB(t))
	var wg sync.WaitGroup
	var mu sync.Mutex
	made := 0
	for _, actor := range []string{"desk:a", "desk:b", "desk:c", "desk:d"} {
		must(t, s.Save(ctx, actor, place, 1, better("пока")))
		wg.Go(func() {
			d, err := s.Draft(ctx, actor)
			if err == nil {
				_, err = s.Propose(ctx, actor, "x", d.Seen, noon)
			}
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				made++
			} else if wrong, ok := errors.AsType[*ActError](err); !ok || wrong.Code != CodeOpenAlready {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if made != 1 {
		t.Errorf("%d proposals at once", made)
	}
}

// What the domain forgets the database still refuses.
func TestGuard_ofTheDatabase(t *testing.T) {
	t.Parallel()
	const version = `INSERT INTO text_versions (version, base, words, proposed_by, reason, proposed_at) VALUES `
	const act = `INSERT INTO text_version_acts (version, act, actor, reason, at) VALUES `
	first := version + `(2, 1, '{}', 'desk:a', 'x', '2026-11-23 07:00Z')`
	approved := act + `(2, 'approved', 'desk:b', '', '2026-11-23 08:00Z')`
	for name, c := range map[string]struct {
		before []string
		sql    string
		ok     bool
	}{
		"a gap":                 {nil, version + `(3, 1, '{}', 'desk:a', 'x', now())`, false},
		"the first again":       {nil, version + `(1, 1, '{}', 'desk:a', 'x', now())`, false},
		"no reason":             {nil, version + `(2, 1, '{}', 'desk:a', '', now())`, false},
		"another one open":      {[]string{first}, version + `(3, 1, '{}', 'desk:b', 'x', '2026-11-24 06:59Z')`, false},
		"the other one lapsed":  {[]string{first}, version + `(3, 1, '{}', 'desk:b', 'x', '2026-11-24 07:00Z')`, true},
		"an old base":           {[]string{first, approved}, version + `(3, 1, '{}', 'desk:b', 'x', '2026-11-24 07:00Z')`, false},
		"two people":            {[]string{first}, approved, true},
		"one person":            {[]string{first}, act + `(2, 'approved', 'desk:a', '', '2026-11-23 08:00Z')`, false},
		"the same in capitals":  {[]string{first}, act + `(2, 'approved', 'Desk:A', '', '2026-11-23 08:00Z')`, false},
		"too late":              {[]string{first}, act + `(2, 'approved', 'desk:b', '', '2026-11-24 07:00Z')`, false},
		"before the proposal":   {[]string{first}, act + `(2, 'approved', 'desk:b', '', '2026-11-23 06:00Z')`, false},
		"nothing to approve":    {nil, act + `(2, 'approved', 'desk:b', '', now())`, false},
		"rejected by one":       {[]string{first}, act + `(2, 'rejected', 'desk:a', 'x', '2026-11-23 08:00Z')`, true},
		"rejected in silence":   {[]string{first}, act + `(2, 'rejected', 'desk:b', '', '2026-11-23 08:00Z')`, false},
		"two ends":              {[]string{first, approved}, act + `(2, 'rejected', 'desk:b', 'x', '2026-11-23 08:00Z')`, false},
		"other words":           {[]string{first}, `UPDATE text_versions SET words = '[]'`, false},
		"forgetting a version":  {[]string{first}, `DELETE FROM text_versions`, false},
		"forgetting an act":     {[]string{first, approved}, `DELETE FROM text_version_acts`, false},
		"another approver":      {[]string{first, approved}, `UPDATE text_version_acts SET actor = 'desk:c'`, false},
		"forgetting everything": {[]string{first}, `TRUNCATE text_versions, text_version_acts`, false},
	} {
		t.Run(name, func(t *testing.T) { // one after the other: emptying a table waits for whoever writes to it
			tx := testkit.Tx(t)
			for _, sql := range c.before {
				if _, err := tx.Exec(t.Context(), sql); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := tx.Exec(t.Context(), c.sql); (err == nil) != c.ok {
				t.Errorf("%v", err)
			}
		})
	}
}

// counted counts the questions to the database.
type counted struct {
	*pgxpool.Pool

	n int
}

func (c *counted) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	c.n++
	return c.Pool.QueryRow(ctx, sql, args...)
}

func TestLibrary_asksSeldomAndLearnsNewVersions(t *testing.T) {
	t.Parallel()
	ctx, pool := t.Context(), testkit.DB(t)
	s, q := NewStore(pool), &counted{Pool: pool}
	var l Library
	for range 1000 {
		if v, err := l.Current(ctx, q); err != nil || v != 1 {
			t.Fatal(v, err)
		}
		if _, err := l.Edition(ctx, q, 1); err != nil {
			t.Fatal(err)
		}
	}
	if q.n > 3 {
		t.Errorf("%d questions for 1000 batches", q.n)
	}
	must(t, s.Approve(ctx, propose(t, s, "desk:a", "пока", noon), "desk:b", "", noon))
	l.looked = clock.Stopwatch{} // the second is over
	if v, err := l.Current(ctx, q); err != nil || v != 2 {
		t.Fatalf("the new version is not seen: %d, %v", v, err)
	}
	q.n = 0
	for range 100 {
		if _, err := l.Edition(ctx, q, 2); err != nil {
			t.Fatal(err)
		}
	}
	if q.n != 1 {
		t.Errorf("the version was read %d times", q.n)
	}
	if _, err := l.Edition(ctx, q, 9); !errors.Is(err, text.ErrUnknown) {
		t.Errorf("a version that does not exist: %v", err)
	}
}
