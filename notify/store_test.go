package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/internal/testkit"
)

func TestCreate_linksAndTexts(t *testing.T) {
	t.Parallel()
	ctx, s, tx := t.Context(), newStore(t), testkit.Tx(t)
	a, b := opening(firstCase+1, 1, noon), on(opening(firstCase+2, 3, noon), SMS)
	b.Language, b.Rung, b.NotBefore = "ru", 2, noon.Add(time.Hour)
	if err := s.Create(ctx, tx, []Intent{a, b}); err != nil {
		t.Fatal(err)
	}
	for _, in := range []Intent{a, b} {
		token := s.cfg.Links.LinkToken(in.CaseID, in.Ordinal)
		id, ordinal, err := s.CaseByToken(ctx, tx, token)
		if err != nil || id != in.CaseID || ordinal != in.Ordinal {
			t.Errorf("link of %d-%d leads to %d-%d, %v", in.CaseID, in.Ordinal, id, ordinal, err)
		}
		notices, err := s.OfCase(ctx, tx, in.CaseID)
		if err != nil || len(notices) != len(in.Channels) {
			t.Fatalf("%d notices, %v", len(notices), err)
		}
		for _, n := range notices {
			if n.Status != StatusCreated || n.Attempts != 0 || n.SentAt != nil || !n.NotBefore.Equal(in.notBefore()) || n.Rung != in.Rung {
				t.Errorf("%+v", n)
			}
			if !strings.Contains(n.Text, "1414.gov.kz/p/"+token) || strings.Contains(n.Masked, token) || !strings.Contains(n.Masked, "1414.gov.kz/p/…") {
				t.Errorf("link in %q, masked %q", n.Text, n.Masked)
			}
			if (n.Title != "") != (n.Channel == Push) {
				t.Errorf("title %q on %s", n.Title, n.Channel)
			}
		}
	}
	var tokens int
	if err := tx.QueryRow(ctx, `SELECT count(*) FROM links WHERE strpos(encode(token_hash, 'escape'), '1414') = 0`).Scan(&tokens); err != nil || tokens != 2 {
		t.Errorf("%d links, %v", tokens, err)
	}
}

func TestCreate_onceOnly(t *testing.T) {
	t.Parallel()
	ctx, s, tx := t.Context(), newStore(t), testkit.Tx(t)
	in := opening(firstCase+1, 1, noon)
	if err := s.Create(ctx, tx, []Intent{in}); err != nil {
		t.Fatal(err)
	}
	if err := s.Create(ctx, tx, []Intent{on(in, SMS)}); err == nil {
		t.Fatal("the same notice twice")
	}
}

func TestCreate_refusesBadIntents(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	for name, spoil := range map[string]func(*Intent){
		"no case":         func(in *Intent) { in.CaseID = 0 },
		"no ordinal":      func(in *Intent) { in.Ordinal = 0 },
		"unknown kind":    func(in *Intent) { in.Kind = "greeting" },
		"unknown tongue":  func(in *Intent) { in.Language = "de" },
		"no channel":      func(in *Intent) { in.Channels = nil },
		"unknown channel": func(in *Intent) { in.Channels = []Channel{"fax"} },
		"channel twice":   func(in *Intent) { in.Channels = []Channel{SMS, Push, Push} },
		"no end":          func(in *Intent) { in.ExpiresAt = time.Time{} },
		"over at once":    func(in *Intent) { in.NotBefore = in.ExpiresAt },
		"no time":         func(in *Intent) { in.At = time.Time{} },
	} {
		in := opening(firstCase+1, 1, noon)
		spoil(&in)
		err := s.Create(t.Context(), nil, []Intent{opening(firstCase+2, 1, noon), in})
		if _, ok := errors.AsType[*IntentError](err); !ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCaseByToken_shapeFirst(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	for _, token := range []string{"", "x", "7Kq2Xf9bTzW4nHc8MdRa3P\n", "0Kq2Xf9bTzW4nHc8MdRa3P", "zzzzzzzzzzzzzzzzzzzzzz", strings.Repeat("1", 23), "../../../../etc/passwd"} {
		if _, _, err := s.CaseByToken(t.Context(), nil, token); !errors.Is(err, ErrNoLink) { // nil: the database is not asked
			t.Errorf("%q: %v", token, err)
		}
	}
	if _, _, err := s.CaseByToken(t.Context(), testkit.Tx(t), "7Kq2Xf9bTzW4nHc8MdRa3P"); !errors.Is(err, ErrNoLink) {
		t.Errorf("a stranger's token: %v", err)
	}
}

// The text of an old notice does not change when the portal moves.
func TestOfCase_sameBytesAfterTheHostMoved(t *testing.T) {
	t.Parallel()
	ctx, s, tx := t.Context(), newStore(t), testkit.Tx(t)
	in := opening(firstCase+1, 1, noon)
	in.Kind, in.Params.UndoUntil = KindRefusal, noon.Add(24*time.Hour)
	if err := s.Create(ctx, tx, []Intent{in}); err != nil {
		t.Fatal(err)
	}
	before, err := s.OfCase(ctx, tx, in.CaseID)
	if err != nil {
		t.Fatal(err)
	}
	moved := newStore(t)
	moved.cfg.Host = "new.gov.kz"
	after, err := moved.OfCase(ctx, tx, in.CaseID)
	if err != nil {
		t.Fatal(err)
	}
	for i := range before {
		if before[i].Text != after[i].Text || before[i].Title != after[i].Title {
			t.Errorf("%q became %q", before[i].Text, after[i].Text)
		}
	}
	var params []byte
	if err := tx.QueryRow(ctx, `SELECT params FROM notices WHERE case_id = $1 AND channel = 'sms'`, in.CaseID).Scan(&params); err != nil {
		t.Fatal(err)
	}
	var keys map[string]any
	if err := json.Unmarshal(params, &keys); err != nil || len(keys) != 6 {
		t.Errorf("params %s: %v", params, err)
	}
}

func TestReceive_anyOrderOneTruth(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	w := newWorld(t, db)
	receipts := []Receipt{
		{Status: StatusDelivered, At: noon.Add(5 * time.Minute)},
		{Status: StatusFailed, At: noon.Add(6 * time.Minute), Detail: "late failure"},
		{Status: StatusUnknown, At: noon.Add(2 * time.Minute)},
		{Status: StatusDelivered, At: noon.Add(5 * time.Minute)},
	}
	orders := [][]int{{0, 1, 2, 3}, {3, 2, 1, 0}, {1, 0, 2, 3}, {2, 1, 0, 3}, {1, 2, 3, 0}}
	for i, order := range orders {
		for _, together := range []bool{true, false} {
			id := firstCase + int64(2*i+1)
			if together {
				id++
			}
			create(t, w.Store, db, on(opening(id, 1, noon), SMS))
			if err := w.run(id); err != nil {
				t.Fatal(err)
			}
			var batch []Receipt
			for _, j := range order {
				r := receipts[j]
				r.Ref = Ref(id, 1, SMS)
				batch = append(batch, r)
			}
			var delivered []Delivered
			if together {
				delivered, _ = receiveAll(t, w.Store, db, noon.Add(afterwards), batch...)
			} else {
				for _, r := range batch {
					news, _ := receiveAll(t, w.Store, db, noon.Add(afterwards), r)
					delivered = append(delivered, news...)
				}
			}
			want := Delivered{CaseID: id, Ordinal: 1, Kind: KindOpening, Channel: SMS, At: noon.Add(5 * time.Minute)}
			if len(delivered) != 1 || !delivered[0].At.Equal(want.At) || delivered[0].CaseID != id || delivered[0].Kind != want.Kind || delivered[0].Channel != SMS {
				t.Errorf("order %v, together %t: %+v", order, together, delivered)
			}
			if n := ofCase(t, w.Store, db, id)[0]; n.Status != StatusDelivered || !n.DeliveredAt.Equal(want.At) {
				t.Errorf("order %v: %s at %v", order, n.Status, n.DeliveredAt)
			}
		}
	}
	checkGreen(t, w.Store, db)
}

// A forged or misdirected receipt must not start a term, and is not dropped in silence.
func TestReceive_strays(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	w := newWorld(t, db)
	never, sent := firstCase+1, firstCase+2
	create(t, w.Store, db, on(opening(never, 1, noon), SMS), on(opening(sent, 1, noon), SMS))
	if err := w.run(sent); err != nil {
		t.Fatal(err)
	}
	receipts := []Receipt{
		{Ref: Ref(never, 1, SMS), Status: StatusDelivered, At: noon}, // exists, but nobody sent it
		{Ref: Ref(sent, 1, Push), Status: StatusDelivered, At: noon},
		{Ref: Ref(sent, 9, SMS), Status: StatusDelivered, At: noon},
		{Ref: "gibberish", ProviderRef: "p" + Ref(sent, 1, SMS), Status: StatusDelivered, At: noon}, // our name is wrong: no second guess
		{ProviderRef: "nobody's", Status: StatusDelivered, At: noon},
		{Status: StatusDelivered, At: noon},
	}
	delivered, strays := receiveAll(t, w.Store, db, noon.Add(time.Minute), receipts...)
	if len(delivered) != 0 || len(strays) != len(receipts) {
		t.Fatalf("delivered %+v, %d strays of %d", delivered, len(strays), len(receipts))
	}
	delivered, strays = receiveAll(t, w.Store, db, noon.Add(time.Minute), Receipt{ProviderRef: "p" + Ref(sent, 1, SMS), Status: StatusDelivered, At: noon})
	if len(delivered) != 1 || len(strays) != 0 {
		t.Fatalf("by the provider's reference: %+v, %+v", delivered, strays)
	}
}

// The time of a receipt starts a term, so a wrong clock at the provider must not move it
// out of what we know ourselves.
func TestReceive_timeWithinWhatWeKnow(t *testing.T) {
	sent := noon.Add(time.Minute)
	now := noon.Add(time.Hour)
	base := row{CaseID: 1, Ordinal: 1, Channel: SMS, Status: StatusSent, Attempts: 1, CreatedAt: noon, SentAt: &sent}
	for name, c := range map[string]struct{ at, want time.Time }{
		"as told":         {sent.Add(time.Minute), sent.Add(time.Minute)},
		"not told":        {time.Time{}, now},
		"in the future":   {now.Add(time.Hour), now},
		"before the send": {noon.Add(-time.Hour), sent},
	} {
		r, moved := receive(base, Receipt{Status: StatusDelivered, At: c.at}, now)
		if !moved || !r.DeliveredAt.Equal(c.want) {
			t.Errorf("%s: %v, want %v", name, r.DeliveredAt, c.want)
		}
	}
	twice := base
	twice.Attempts = 2
	if r, _ := receive(twice, Receipt{Status: StatusDelivered, At: noon.Add(30 * time.Second)}, now); !r.DeliveredAt.Equal(noon.Add(30 * time.Second)) {
		t.Errorf("the receipt of the first of two attempts: %v", r.DeliveredAt)
	}
}

// Every step of every pure decision is an edge of the published graph.
func TestTransitions_coverEveryDecision(t *testing.T) {
	edge := func(from, to Status, what string) {
		t.Helper()
		if from == to {
			return
		}
		for _, next := range Transitions[from] {
			if next == to {
				return
			}
		}
		t.Errorf("%s: %s -> %s is no edge", what, from, to)
	}
	sent := noon
	for from := range Transitions {
		for attempts := range 3 {
			for _, now := range []time.Time{noon.Add(time.Minute), noon.Add(time.Hour), noon.Add(100 * time.Hour)} {
				r := row{CaseID: 1, Ordinal: 1, Channel: SMS, Status: from, Attempts: attempts, CreatedAt: noon, ExpiresAt: noon.Add(72 * time.Hour)}
				if attempts > 0 {
					r.SentAt = &sent
				}
				for _, answer := range []Answer{Accepted, Rejected, Unknown, NotFound, "nonsense"} {
					for _, asked := range []bool{false, true} {
						got, moved := settle(r, Outcome{Sent: Sent{Status: answer}, Asked: asked}, now, 10*time.Minute)
						edge(from, got.Status, fmt.Sprintf("%s asked %t after %d", answer, asked, attempts))
						if !moved && (got.Status != r.Status || got.Attempts != r.Attempts) {
							t.Errorf("%s after %s moved in secret", answer, from)
						}
						if got.Attempts < 0 || got.Attempts > attempts {
							t.Errorf("%s after %s: %d attempts", answer, from, got.Attempts)
						}
					}
				}
				if attempts == 0 {
					continue
				}
				for _, status := range []Status{StatusDelivered, StatusFailed, StatusUnknown, "nonsense", StatusCreated} {
					got, _ := receive(r, Receipt{Status: status, At: now}, now)
					edge(from, got.Status, "receipt "+string(status))
					if (got.DeliveredAt != nil) != (got.Status == StatusDelivered) && from != StatusDelivered {
						t.Errorf("receipt %s after %s: %v", status, from, got.DeliveredAt)
					}
				}
			}
		}
	}
}

// The CHECK of the column and the graph name the same states.
func TestTransitions_sameAsTheSchema(t *testing.T) {
	t.Parallel()
	var definition string
	err := testkit.Tx(t).QueryRow(t.Context(), `SELECT string_agg(pg_get_constraintdef(oid), ' ') FROM pg_constraint
WHERE conrelid = 'notices'::regclass AND conname = 'notices_status_check'`).Scan(&definition)
	if err != nil {
		t.Fatal(err)
	}
	for s := range Transitions {
		if !strings.Contains(definition, "'"+string(s)+"'") {
			t.Errorf("the schema has no %s", s)
		}
	}
	if got := strings.Count(definition, "'") / 2; got != len(Transitions) {
		t.Errorf("%d states, schema has %d: %s", len(Transitions), got, definition)
	}
}

// Every statement is prepared against the migrated schema.
func TestSQL_prepares(t *testing.T) {
	t.Parallel()
	tx := testkit.Tx(t)
	for i, sql := range []string{
		caseByLinkSQL, lockOddSQL, beginFreshSQL, lockKeysSQL, writeSQL, courtesiesSQL, keepPartsSQL, lockPartsSQL, sayPartsSQL, wholeSQL, dropPartsSQL,
		keepEarlySQL, someEarlySQL, takeEarlySQL, forgetEarlySQL, ofCaseSQL, acceptSQL, deliverSQL,
		repeatedSQL, mixedSQL, attemptsSQL, proofSQL, timeSQL, crowdedSQL, minutesSQL, quietSQL,
	} {
		if _, err := tx.Prepare(t.Context(), fmt.Sprintf("s%d", i), sql); err != nil {
			t.Fatalf("%v in %s", err, sql)
		}
	}
}

func TestLogs_showNoAddress(t *testing.T) {
	var b strings.Builder
	log := slog.New(slog.NewJSONHandler(&b, nil))
	m := Message{Ref: "1-1-sms", To: "+77011234567", Text: "А.Д."}
	c := Contact{Phone: "+77011234567", PushToken: "secret"}
	log.InfoContext(context.Background(), "x", "message", m, "contact", c, "contacts", fmt.Sprint(map[int64]Contact{1: c}), "plus", fmt.Sprintf("%v %+v", m, c))
	if out := b.String(); strings.Contains(out, "7701") || strings.Contains(out, "secret") || strings.Contains(out, "А.Д.") {
		t.Error(out)
	}
}

var _ Querier = pgx.Tx(nil)

// Two runs for the same cases at once, as when a job is made anew: whichever comes second waits, and then asks what became of
// what the first one has begun. It never takes the cases for done, since the first one may be dead by then.
func TestBegin_seesWhatAnotherRunHasBegun(t *testing.T) {
	t.Parallel()
	pool := testkit.DB(t)
	s := newStore(t)
	create(t, s, pool, opening(260000001, 1, noon), opening(260000002, 1, noon))
	ids := []int64{260000001, 260000002}
	first, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = first.Rollback(context.Background()) }()
	mine, err := s.Begin(t.Context(), first, ids, noon)
	if err != nil || len(mine) == 0 {
		t.Fatalf("%d begun, %v", len(mine), err)
	}
	second := make(chan []Pending, 1)
	go func() {
		var got []Pending
		inTx(t, pool, func(tx pgx.Tx) (err error) {
			got, err = s.Begin(t.Context(), tx, ids, noon)
			return err
		})
		second <- got
	}()
	waiting(t, pool)
	if err := first.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := <-second
	if len(got) != len(mine) {
		t.Fatalf("the second run has %d in hand, want the %d that the first one has begun", len(got), len(mine))
	}
	for _, p := range got {
		if !p.NeedQuery {
			t.Errorf("%s is sent a second time", p.Message.Ref)
		}
	}
}

// waiting returns when a statement waits for a lock.
func waiting(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	for range 500 {
		var n int
		if err := pool.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("nobody waits for a lock")
}
