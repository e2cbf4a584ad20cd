package identities_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"robotbailiff/engine/intake"
	"robotbailiff/internal/app/caselist"
	"robotbailiff/internal/app/identities"
	"robotbailiff/internal/testkit"
	"robotbailiff/internal/web/ui/uitest"
	"robotbailiff/rules"
)

func TestMain(m *testing.M) { testkit.Main(m) }

var (
	first  = identities.Who{Name: "desk:aigul"}
	second = identities.Who{Name: "desk:bolat"}
	east   = identities.Who{Name: "desk:east", Regions: []string{"71"}}
)

type stage struct {
	*uitest.World
	*identities.Store

	inbox *intake.Inbox
	files int
}

func setup(t *testing.T) *stage {
	t.Helper()
	w, err := uitest.NewWorld(t.Context(), testkit.DB(t), testkit.Keys(t))
	must(t, err)
	in := intake.NewInbox(w.Store, w.Keys, intake.InboxConfig{})
	return &stage{World: w, Store: identities.New(w.Pool, in), inbox: in}
}

type failing interface {
	Helper()
	Fatal(args ...any)
}

func must(t failing, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// writ is a row of a batch; the IIN is that of the n-th person.
func writ(document string, n int64, name, born, region string) string {
	return fmt.Sprintf("%s;2025-12-25;2026-01-12;fine_prescription;%s;%s;%s;+77017000001;kk;%s;20155.00;KZT;2026-02-20", document, uitest.IIN(n), name, born, region)
}

const header = "document_number;document_date;in_force_date;kind;debtor_iin;debtor_name;debtor_birth_date;debtor_phone;debtor_language;region;amount;currency;unpaid_confirmed_on"

// take takes a batch of rows in.
func (s *stage) take(t failing, rows ...string) intake.Batch {
	t.Helper()
	s.files++
	b, err := s.inbox.Receive(context.Background(), intake.Arrival{Source: "court", FileName: fmt.Sprintf("%d.csv", s.files), Via: intake.ViaDrop}, strings.NewReader(header+"\n"+strings.Join(rows, "\n")+"\n"))
	must(t, err)
	b, err = s.inbox.Process(context.Background(), b.ID, nil)
	must(t, err)
	if b.State != intake.StateDone {
		t.Fatal(b.State, b.Fault)
	}
	return b
}

func (s *stage) one(t failing, sql string, args ...any) (v string) {
	t.Helper()
	must(t, s.Pool.QueryRow(context.Background(), sql, args...).Scan(&v))
	return v
}

func (s *stage) sound(t *testing.T) {
	t.Helper()
	found, err := intake.Check(t.Context(), s.Pool)
	must(t, err)
	for _, v := range found {
		t.Errorf("%s case %d: %s", v.ID, v.CaseID, v.Detail)
	}
}

// say says the first word and gives its id.
func (s *stage) say(t *testing.T, batch int64, row int, a identities.Answer) int64 {
	t.Helper()
	must(t, s.Propose(t.Context(), first, batch, row, a, "looked it up"))
	v, err := s.Look(t.Context(), first, batch, row)
	must(t, err)
	if v.Open() == nil || !v.Open().Mine {
		t.Fatalf("%+v", v.Words)
	}
	return v.Open().ID
}

// A row whose person is doubtful is let in by two: it becomes a case by the way of any other, its event names both, and the batch says so.
func TestLetIn(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.take(t, writ("A-1", 1, "Ахметов Данияр", "", "75"))
	b := s.take(t, writ("A-2", 1, "Цой Виктор", "", "71"), writ("A-3", 2, "Омарова Дина", "1971-02-03", "71"))
	if b.Quarantined != 2 {
		t.Fatalf("%+v", b)
	}
	if got := s.one(t, `SELECT string_agg(hold, ',') FROM cases`); got != rules.CodeIdentityConflict {
		t.Errorf("the case of who was known: %q", got)
	}
	v, err := s.Look(t.Context(), east, b.ID, 2)
	must(t, err)
	if !v.Doubtful() || v.Region != "71" || v.Outcome != "" || v.Known == nil || !v.Known.OtherName || v.Known.OtherBirth || len(v.Known.Cases) != 0 || !v.Known.Other {
		t.Errorf("%+v known %+v", v, v.Known)
	}
	id := s.say(t, b.ID, 2, identities.Same)
	if n := s.one(t, `SELECT count(*)::text FROM cases`); n != "1" {
		t.Errorf("one word has opened a case: %s", n)
	}
	must(t, s.Decide(t.Context(), second, b.ID, 2, id, true, "the registry says so"))
	if got := s.one(t, `SELECT e.actor || ' ' || c.state || ' ' || w.document_number || ' ' || c.region FROM batch_rows r JOIN cases c ON c.id = r.case_id JOIN writs w ON w.case_id = c.id JOIN events e ON e.case_id = c.id AND e.seq = 1
 WHERE r.batch_id = $1 AND r.row_no = 2 AND r.verdict = 'accepted' AND r.code = '' AND r.sealed IS NULL`, b.ID); got != "desk:aigul, desk:bolat opened A-2 71" {
		t.Error(got)
	}
	id = s.say(t, b.ID, 3, identities.Same) // the birth date is not that of the number
	must(t, s.Decide(t.Context(), second, b.ID, 3, id, true, ""))
	if got := s.one(t, `SELECT data::text FROM events e JOIN writs w ON w.case_id = e.case_id AND e.seq = 1 WHERE w.document_number = 'A-3'`); !strings.Contains(got, "identity") || !strings.Contains(got, "confirmed") {
		t.Errorf("the event does not say that people confirmed: %s", got)
	}
	b, err = s.inbox.Batch(t.Context(), b.ID)
	must(t, err)
	if b.Accepted != 2 || b.Quarantined != 0 || b.Rows != 2 {
		t.Errorf("%+v", b)
	}
	v, err = s.Look(t.Context(), east, b.ID, 2)
	must(t, err)
	if v.Writ.DebtorIIN != "" || v.Known != nil || len(v.Words) != 1 || v.Words[0].Became != intake.Accepted || v.Words[0].DecidedBy != "desk:bolat" || v.Answers() != nil {
		t.Errorf("afterwards: %+v", v)
	}
	if err := s.Decide(t.Context(), second, b.ID, 2, v.Words[0].ID, true, ""); !errors.Is(err, identities.ErrClosed) {
		t.Errorf("decided twice: %v", err)
	}
	if again := s.take(t, writ("A-2", 1, "Цой Виктор", "", "71")); again.Duplicate != 1 {
		t.Errorf("the same writ again: %+v", again)
	}
	s.sound(t)
}

// A row that two send back gets its last verdict, with a code and a remedy that the court reads; the writ may come again, mended.
func TestSendBack(t *testing.T) {
	t.Parallel()
	s := setup(t)
	b := s.take(t, writ("A-1", 3, "Омарова Дина", "1971-02-03", "75"), writ("A-2", 4, "Ким Анна", "2015-02-03", "75"))
	id := s.say(t, b.ID, 2, identities.Back)
	must(t, s.Decide(t.Context(), second, b.ID, 2, id, true, ""))
	rows, err := s.inbox.Rows(t.Context(), b.ID, intake.RowQuery{Language: "en"})
	must(t, err)
	if r := rows[0]; r.Verdict != intake.Rejected || r.Code != intake.CodeIdentityRefused || !strings.Contains(r.Message, "send the writ in a new file") || r.CaseID != 0 {
		t.Errorf("%+v", r)
	}
	if n := s.one(t, `SELECT count(*)::text FROM cases`); n != "0" {
		t.Errorf("%s cases", n)
	}
	if again := s.take(t, writ("A-1", 3, "Омарова Дина", "", "75")); again.Accepted != 1 {
		t.Errorf("the mended writ: %+v", again)
	}
	s.sound(t)
}

// A row that waits for another reason than a doubtful person is not let in by people; it can be sent back.
func TestOtherRows_areOnlySentBack(t *testing.T) {
	t.Parallel()
	s := setup(t)
	child := strings.Replace(writ("A-2", 4, "Ким Анна", "", "75"), uitest.IIN(4), minor(t), 1)
	b := s.take(t, child)
	if b.Quarantined != 1 {
		t.Fatalf("%+v", b)
	}
	if err := s.Propose(t.Context(), first, b.ID, 2, identities.Same, "x"); !errors.Is(err, identities.ErrAnswer) {
		t.Errorf("let in: %v", err)
	}
	id := s.say(t, b.ID, 2, identities.Back)
	must(t, s.Decide(t.Context(), second, b.ID, 2, id, true, ""))
	if got := s.one(t, `SELECT code FROM batch_rows WHERE batch_id = $1`, b.ID); got != intake.CodeSentBack {
		t.Error(got)
	}
	s.sound(t)
}

func minor(t *testing.T) string {
	t.Helper()
	for n := 5000; ; n++ {
		head := fmt.Sprintf("1506155%04d", n)
		if c, ok := rules.IINCheckDigit(head); ok {
			return head + string(c)
		}
	}
}

// What the rules say on the day of the second word counts: a confirmation that has grown old sends the row back by itself.
func TestLetIn_bySameRulesOfToday(t *testing.T) {
	t.Parallel()
	s := setup(t)
	b := s.take(t, writ("A-1", 3, "Омарова Дина", "1971-02-03", "75"))
	s.Clock.Advance(400 * 24 * 60 * 60 * 1e9)
	v, err := s.Look(t.Context(), first, b.ID, 2)
	must(t, err)
	if v.Outcome == "" {
		t.Fatal("the page promises a case")
	}
	id := s.say(t, b.ID, 2, identities.Same)
	must(t, s.Decide(t.Context(), second, b.ID, 2, id, true, ""))
	if got := s.one(t, `SELECT verdict || ' ' || code FROM batch_rows WHERE batch_id = $1`, b.ID); got != "rejected "+v.Outcome {
		t.Error(got)
	}
	s.sound(t)
}

// A writ that got its case by another batch meanwhile gets no second one.
func TestLetIn_neverASecondCase(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.take(t, writ("A-1", 1, "Ахметов Данияр", "", "75"))
	b := s.take(t, writ("A-2", 1, "Цой Виктор", "", "75"))
	s.take(t, writ("A-2", 1, "Ахметов Данияр", "", "75"))
	id := s.say(t, b.ID, 2, identities.Same)
	must(t, s.Decide(t.Context(), second, b.ID, 2, id, true, ""))
	if got := s.one(t, `SELECT r.verdict || ' ' || r.code || ' ' || (SELECT count(*) FROM cases) FROM batch_rows r WHERE r.batch_id = $1`, b.ID); got != "quarantined conflict 2" {
		t.Error(got)
	}
	id = s.say(t, b.ID, 2, identities.Back) // it waits on, for another reason
	must(t, s.Decide(t.Context(), second, b.ID, 2, id, true, ""))
	s.sound(t)
}

// Two people, a day, one word at a time: whatever is said, in whatever order, by whomever.
func TestWords_neverOnePersonAlone(t *testing.T) {
	t.Parallel()
	s := setup(t)
	n := int64(0)
	rapid.Check(t, func(rt *rapid.T) {
		n++
		b := s.take(rt, writ(fmt.Sprintf("R-%d", n), 10+n, "Омарова Дина", "1971-02-03", "75"))
		people := []identities.Who{first, second, {Name: "DESK:Aigul "}, {Name: "desk:chief"}}
		var ids []int64
		for range rapid.IntRange(1, 8).Draw(rt, "steps") {
			who := rapid.SampledFrom(people).Draw(rt, "who")
			seen := int64(0)
			if len(ids) > 0 {
				seen = rapid.SampledFrom(ids).Draw(rt, "seen")
			}
			before := s.one(rt, `SELECT verdict FROM batch_rows WHERE batch_id = $1`, b.ID)
			switch rapid.SampledFrom([]string{"propose", "agree", "refuse", "back", "expire"}).Draw(rt, "step") {
			case "propose":
				_ = s.Propose(context.Background(), who, b.ID, 2, rapid.SampledFrom(identities.Answers).Draw(rt, "answer"), "because")
				if v, err := s.Look(context.Background(), who, b.ID, 2); err == nil && v.Open() != nil {
					ids = append(ids, v.Open().ID)
				}
			case "agree":
				err := s.Decide(context.Background(), who, b.ID, 2, seen, true, "")
				after := s.one(rt, `SELECT verdict FROM batch_rows WHERE batch_id = $1`, b.ID)
				if (err == nil) != (before != after) {
					rt.Fatalf("%v: %s, then %s", err, before, after)
				}
			case "refuse":
				_ = s.Decide(context.Background(), who, b.ID, 2, seen, false, "no")
			case "back":
				_ = s.TakeBack(context.Background(), who, b.ID, 2, seen, "no")
			case "expire":
				s.age(rt, seen)
				if err := s.Decide(context.Background(), second, b.ID, 2, seen, true, ""); err == nil {
					rt.Fatal("an expired word was agreed with")
				}
			}
		}
		if bad := s.one(rt, `SELECT count(*)::text FROM batch_rows r WHERE r.batch_id = $1 AND r.verdict <> 'quarantined' AND NOT EXISTS (SELECT 1 FROM identity_words w
 WHERE w.batch_id = r.batch_id AND w.row_no = r.row_no AND w.verdict = 'agreed' AND w.proposed_by <> w.decided_by AND (w.answer = 'same') = (r.verdict = 'accepted'))`, b.ID); bad != "0" {
			rt.Fatal("a row was settled without two people")
		}
		if twice := s.one(rt, `SELECT count(*)::text FROM (SELECT 1 FROM writs GROUP BY source, document_number HAVING count(*) > 1) x`); twice != "0" {
			rt.Fatal("two cases of one writ")
		}
	})
	s.sound(t)
}

// age makes a word a day and an hour old.
func (s *stage) age(t failing, id int64) {
	t.Helper()
	_, err := s.Pool.Exec(context.Background(), fmt.Sprintf(`BEGIN; ALTER TABLE identity_words DISABLE TRIGGER identity_words_forward;
 UPDATE identity_words SET proposed_at = proposed_at - interval '25 hours', expires_at = expires_at - interval '25 hours' WHERE id = %d AND verdict = '';
 ALTER TABLE identity_words ENABLE TRIGGER identity_words_forward; COMMIT`, id))
	must(t, err)
}

func TestWords_expire(t *testing.T) {
	t.Parallel()
	s := setup(t)
	b := s.take(t, writ("A-1", 3, "Омарова Дина", "1971-02-03", "75"))
	id := s.say(t, b.ID, 2, identities.Same)
	s.age(t, id)
	if err := s.Decide(t.Context(), second, b.ID, 2, id, true, ""); !errors.Is(err, identities.ErrExpired) {
		t.Errorf("agreed too late: %v", err)
	}
	again := s.say(t, b.ID, 2, identities.Same)
	if err := s.Decide(t.Context(), second, b.ID, 2, id, true, ""); !errors.Is(err, identities.ErrExpired) {
		t.Errorf("the tab of the former word: %v", err)
	}
	must(t, s.Decide(t.Context(), second, b.ID, 2, again, true, ""))
	s.sound(t)
}

// Two tabs: two second people at once settle the row once, and two first words are one.
func TestWords_twoTabs(t *testing.T) {
	t.Parallel()
	s := setup(t)
	b := s.take(t, writ("A-1", 3, "Омарова Дина", "1971-02-03", "75"))
	said := together(4, func(int) error { return s.Propose(context.Background(), first, b.ID, 2, identities.Same, "because") })
	if said != 1 {
		t.Errorf("%d first words", said)
	}
	v, err := s.Look(t.Context(), second, b.ID, 2)
	must(t, err)
	id := v.Open().ID
	agreed := together(4, func(i int) error {
		return s.Decide(context.Background(), identities.Who{Name: fmt.Sprintf("desk:chief%d", i)}, b.ID, 2, id, true, "")
	})
	if n := s.one(t, `SELECT count(*)::text FROM cases`); n != "1" || agreed != 1 {
		t.Errorf("%s cases, agreed %d times", n, agreed)
	}
	s.sound(t)
}

func together(n int, f func(i int) error) (ok int) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if f(i) == nil {
				mu.Lock()
				ok++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return ok
}

// Who does not see the region of a row sees no row, says nothing of it, and looks at nobody.
func TestScope(t *testing.T) {
	t.Parallel()
	s := setup(t)
	b := s.take(t, writ("A-1", 3, "Омарова Дина", "1971-02-03", "75"), writ("A-2", 5, "Ким Анна", "", "71"))
	for name, err := range map[string]error{
		"a look":       second2(s.Look(t.Context(), east, b.ID, 2)),
		"unmasking":    second2(s.Unmask(t.Context(), east, b.ID, 2, "because")),
		"a word":       s.Propose(t.Context(), east, b.ID, 2, identities.Same, "because"),
		"a verdict":    s.Decide(t.Context(), east, b.ID, 2, 1, true, ""),
		"no such row":  second2(s.Look(t.Context(), first, b.ID, 9)),
		"a plain row":  second2(s.Look(t.Context(), first, b.ID, 3)),
		"no such file": second2(s.Look(t.Context(), first, b.ID+9, 2)),
	} {
		if !errors.Is(err, identities.ErrNone) && !errors.Is(err, identities.ErrClosed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := s.one(t, `SELECT count(*)::text FROM identity_words`) + s.one(t, `SELECT count(*)::text FROM desk_access`); n != "00" {
		t.Error("something was kept:", n)
	}
}

func second2(_ identities.View, err error) error { return err }

// Looking at whom a row means takes a reason, is kept, and has an end.
func TestUnmask(t *testing.T) {
	t.Parallel()
	s := setup(t)
	b := s.take(t, writ("A-1", 3, "Омарова Дина", "1971-02-03", "75"))
	if _, err := s.Unmask(t.Context(), first, b.ID, 2, " "); !errors.Is(err, identities.ErrReason) {
		t.Errorf("without a reason: %v", err)
	}
	if _, err := s.Unmask(t.Context(), first, b.ID, 2, "about "+uitest.IIN(3)); !errors.Is(err, identities.ErrPersonal) {
		t.Errorf("with the number of a person: %v", err)
	}
	v, err := s.Unmask(t.Context(), first, b.ID, 2, "compare with the registry")
	must(t, err)
	if v.Writ.DebtorName != "Омарова Дина" {
		t.Errorf("%+v", v.Writ)
	}
	if got := s.one(t, `SELECT actor || ' ' || what || ' ' || kind || ' ' || reason FROM desk_access`); got != fmt.Sprintf("desk:aigul unmask row %d/2 compare with the registry", b.ID) {
		t.Error(got)
	}
	for range caselist.MostUnmasked - 1 {
		if _, err := s.Unmask(t.Context(), first, b.ID, 2, "again"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Unmask(t.Context(), first, b.ID, 2, "again"); !errors.Is(err, caselist.ErrTooOften) {
		t.Errorf("too often: %v", err)
	}
	if got := s.one(t, `SELECT count(*)::text FROM desk_access WHERE what = 'unmask_refused'`); got != "1" {
		t.Error(got)
	}
}

// Other debtors of the same name or telephone are shown beside the row.
func TestLook_similarPersons(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.take(t, writ("A-1", 7, "Омарова Дина", "", "75"), strings.Replace(writ("A-2", 8, "Ким Анна", "", "71"), "7000001", "7000009", 1))
	b := s.take(t, writ("A-3", 3, "ОМАРОВА ДИНА", "1971-02-03", "71"))
	v, err := s.Look(t.Context(), first, b.ID, 2)
	must(t, err)
	if len(v.Similar) != 1 || v.Similar[0].IIN != uitest.IIN(7) || !v.Similar[0].SamePhone || v.Similar[0].OtherName || len(v.Similar[0].Cases) != 1 || v.Known != nil || !v.BirthDiffers {
		t.Errorf("%+v", v.Similar)
	}
	v, err = s.Look(t.Context(), east, b.ID, 2)
	must(t, err)
	if len(v.Similar) != 0 {
		t.Errorf("a person of another region is shown: %+v", v.Similar)
	}
}

// The database holds what the domain says.
func TestWords_inTheDatabase(t *testing.T) {
	t.Parallel()
	s := setup(t)
	b := s.take(t, writ("A-1", 3, "Омарова Дина", "1971-02-03", "75"))
	s.say(t, b.ID, 2, identities.Same)
	for name, sql := range map[string]string{
		"one person alone":      `UPDATE identity_words SET verdict = 'agreed', decided_by = proposed_by, decided_at = clock_timestamp(), became = 'accepted'`,
		"himself in capitals":   `UPDATE identity_words SET verdict = 'agreed', decided_by = 'DESK:AIGUL', decided_at = clock_timestamp(), became = 'accepted'`,
		"the robot":             `UPDATE identity_words SET verdict = 'agreed', decided_by = 'robot', decided_at = clock_timestamp(), became = 'accepted'`,
		"after a day":           `UPDATE identity_words SET verdict = 'agreed', decided_by = 'desk:x', decided_at = expires_at + interval '1 hour', became = 'accepted'`,
		"another past":          `UPDATE identity_words SET reason = 'else'`,
		"no past":               `DELETE FROM identity_words`,
		"expired too early":     `UPDATE identity_words SET verdict = 'expired', decided_at = clock_timestamp()`,
		"a second open word":    `INSERT INTO identity_words (batch_id, row_no, answer, reason, region, proposed_by) SELECT batch_id, row_no, 'back', 'x', '75', 'desk:x' FROM identity_words`,
		"a word dated ahead":    `INSERT INTO identity_words (batch_id, row_no, answer, reason, region, proposed_by, proposed_at, expires_at) VALUES (9, 9, 'same', 'x', '75', 'desk:x', now() + interval '1 day', now() + interval '2 days')`,
		"a row without a word":  `UPDATE batch_rows SET verdict = 'rejected', code = 'sent_back'`,
		"a case without a word": `UPDATE batch_rows SET verdict = 'accepted', code = '', case_id = 1`,
	} {
		if _, err := s.Pool.Exec(t.Context(), sql); err == nil {
			t.Errorf("the database takes %s", name)
		}
	}
	s.sound(t)
}

// A case that a person has opened without a second one is found.
func TestCheck_findsWhoActedAlone(t *testing.T) {
	t.Parallel()
	s := setup(t)
	b := s.take(t, writ("A-1", 3, "Омарова Дина", "1971-02-03", "75"))
	id := s.say(t, b.ID, 2, identities.Same)
	must(t, s.Decide(t.Context(), second, b.ID, 2, id, true, ""))
	s.sound(t)
	for _, sql := range []string{
		`ALTER TABLE identity_words DISABLE TRIGGER ALL; ALTER TABLE identity_words DROP CONSTRAINT identity_words_four_eyes; UPDATE identity_words SET decided_by = proposed_by`,
		`UPDATE identity_words SET decided_by = 'desk:else'`,
		`UPDATE identity_words SET decided_by = 'desk:bolat', became = 'rejected', code = 'sent_back'`,
		`UPDATE identity_words SET became = 'accepted', code = ''; ALTER TABLE batch_rows DISABLE TRIGGER ALL; UPDATE batch_rows SET verdict = 'rejected', code = 'sent_back', sealed = ''`,
	} {
		_, err := s.Pool.Exec(t.Context(), sql)
		must(t, err)
		found, err := intake.Check(t.Context(), s.Pool)
		must(t, err)
		n := 0
		for _, v := range found {
			if v.ID == "INV-I3" {
				n++
			}
		}
		if n == 0 {
			t.Errorf("not found: %s", sql)
		}
	}
}
