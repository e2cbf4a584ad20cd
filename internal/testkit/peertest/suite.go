package peertest

import (
	"context"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"robotbailiff/engine"
	"robotbailiff/engine/orders"
	"robotbailiff/rules/money"
)

// Persons of the bank in a test.
const (
	Rich     = "900101300017" // 100 000 and 50 000 tenge
	Poor     = "850505400022" // an account with nothing
	Guarded  = "790909300033" // a protected account only
	Stranger = "600606400044" // no account
)

// ID makes an order's id from a word.
func ID(word string) uuid.UUID { return uuid.NewSHA1(uuid.NameSpaceOID, []byte(word)) }

// TestPeer tries a peer of a fresh [Memory], each time another. What a peer takes and does not answer at once has to be answered by
// the next query.
func TestPeer(t *testing.T, fresh func(t *testing.T) orders.Peer) {
	t.Helper()
	for name, try := range map[string]func(t *testing.T, p *bench){
		"arrest by accounts, whole":                 arrestWhole,
		"arrest for more than there is":             arrestPart,
		"every reason for nothing":                  reasons,
		"the same id is done once":                  once,
		"reduce, collect, recall, lift, lift again": life,
		"an id that nobody sent":                    unknown,
		"accounts":                                  accounts,
		"holds by pages":                            pages,
		"nothing asked":                             nothing,
		"more than one request holds":               many,
		"nobody waits":                              cancelled,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			try(t, &bench{t, fresh(t)})
		})
	}
}

type bench struct {
	*testing.T
	orders.Peer
}

func sum(tiyn int64) money.Amount { return money.FromTiyn(tiyn) }

func arrest(word, iin string, tiyn int64, parts ...orders.Part) orders.Instruction {
	return orders.Instruction{ID: ID(word), CaseID: 1700042, Purpose: engine.Arrest, IIN: iin, Amount: sum(tiyn), Parts: parts}
}

// answers submits and gives what became of each order, by a query for those that have no answer yet.
func (b *bench) answers(batch ...orders.Instruction) map[uuid.UUID]orders.Reply {
	b.Helper()
	got, err := b.Submit(b.Context(), batch)
	if err != nil {
		b.Fatal(err)
	}
	all := map[uuid.UUID]orders.Reply{}
	var open []uuid.UUID
	for _, r := range got {
		if r.Answer != "" {
			all[r.ID] = r
		}
	}
	for _, o := range batch {
		if _, ok := all[o.ID]; !ok {
			open = append(open, o.ID)
		}
	}
	for _, r := range b.query(open...) {
		all[r.ID] = r
	}
	if len(all) != len(batch) {
		b.Fatalf("%d orders, %d replies", len(batch), len(all))
	}
	return all
}

func (b *bench) query(ids ...uuid.UUID) []orders.Reply {
	b.Helper()
	got, err := b.Query(b.Context(), ids)
	if err != nil {
		b.Fatal(err)
	}
	return got
}

func (b *bench) answer(o orders.Instruction) orders.Reply {
	b.Helper()
	return b.answers(o)[o.ID]
}

func (b *bench) want(o orders.Instruction, answer engine.Answer, tiyn int64) {
	b.Helper()
	if r := b.answer(o); !r.Known || r.Answer != answer || !r.Sum.Equal(sum(tiyn)) {
		b.Errorf("%s of %s: %+v, want %s, %d tiyn", o.Purpose, o.ID, r, answer, tiyn)
	}
}

func (b *bench) held() (all []orders.Hold) {
	b.Helper()
	for after := ""; ; {
		page, next, err := b.Holds(b.Context(), after, 2)
		if err != nil {
			b.Fatal(err)
		}
		if len(page) > 2 {
			b.Fatalf("%d holds on a page of 2", len(page))
		}
		if all = append(all, page...); next == "" {
			return all
		}
		after = next
	}
}

func arrestWhole(_ *testing.T, b *bench) {
	parts := []orders.Part{{Account: "KZ86125KZT5004100100", Amount: sum(2_000_000)}, {Account: "KZ75125KZT5004100101", Amount: sum(15_500)}}
	o := arrest("a", Rich, 2_015_500, parts...)
	r := b.answer(o)
	want := orders.Reply{ID: o.ID, CaseID: o.CaseID, Known: true, Answer: engine.Accepted, Sum: o.Amount, Parts: parts}
	if diff := cmp.Diff(want, r, cmpopts.IgnoreFields(orders.Reply{}, "Bank")); diff != "" {
		b.Error(diff)
	}
	if diff := cmp.Diff([]orders.Hold{{ID: o.ID, CaseID: o.CaseID, Amount: o.Amount, Since: Since}}, b.held()); diff != "" {
		b.Error(diff)
	}
}

func arrestPart(_ *testing.T, b *bench) {
	b.want(arrest("a", Rich, 99_000_000), engine.Partial, 15_000_000)
	b.want(arrest("b", Rich, 1), engine.NoFunds, 0)
}

func reasons(_ *testing.T, b *bench) {
	b.want(arrest("a", Poor, 100), engine.NoFunds, 0)
	b.want(arrest("b", Guarded, 100), engine.Protected, 0)
	b.want(arrest("c", Stranger, 100), engine.NoAccount, 0)
	b.want(arrest("d", Rich, 0), engine.Refused, 0)
	if r := b.query(ID("d")); len(r) != 1 || r[0].Detail != "sum_invalid" {
		b.Errorf("%+v", r)
	}
	if held := b.held(); len(held) != 0 {
		b.Errorf("held: %v", held)
	}
}

func once(_ *testing.T, b *bench) {
	o := arrest("a", Rich, 2_015_500)
	first := b.answer(o)
	if diff := cmp.Diff(first, b.answer(o)); diff != "" {
		b.Error(diff)
	}
	if diff := cmp.Diff([]orders.Reply{first}, b.query(o.ID)); diff != "" {
		b.Error(diff)
	}
	if held := b.held(); len(held) != 1 || !held[0].Amount.Equal(o.Amount) {
		b.Errorf("held: %v", held)
	}
}

func life(_ *testing.T, b *bench) {
	a := arrest("a", Rich, 2_000_000)
	b.want(a, engine.Accepted, 2_000_000)
	next := func(word string, p engine.Purpose, tiyn int64, of uuid.UUID) orders.Instruction {
		return orders.Instruction{ID: ID(word), CaseID: a.CaseID, Purpose: p, IIN: Rich, Amount: sum(tiyn), Of: of}
	}
	b.want(next("reduce", engine.Reduce, 1_500_000, a.ID), engine.Accepted, 1_500_000)
	b.want(next("collect", engine.Collect, 1_000_000, a.ID), engine.Accepted, 1_000_000)
	if r := b.answer(next("recall", engine.Recall, 0, ID("collect"))); r.Answer != engine.AlreadyDone || r.Detail != "executed" {
		b.Errorf("recall: %+v", r)
	}
	b.want(next("lift", engine.Lift, 0, a.ID), engine.AlreadyDone, 0)
	c := arrest("c", Rich, 100)
	b.want(c, engine.Accepted, 100)
	b.want(next("lift c", engine.Lift, 0, c.ID), engine.Accepted, 0)
	b.want(next("lift c again", engine.Lift, 0, c.ID), engine.AlreadyDone, 0)
	b.want(next("collect c", engine.Collect, 100, c.ID), engine.Refused, 0)
	if held := b.held(); len(held) != 0 {
		b.Errorf("held: %v", held)
	}
}

func unknown(_ *testing.T, b *bench) {
	b.want(arrest("a", Rich, 100), engine.Accepted, 100)
	known := map[uuid.UUID]bool{}
	for _, r := range b.query(ID("a"), ID("never")) {
		known[r.ID] = r.Known
	}
	if diff := cmp.Diff(map[uuid.UUID]bool{ID("a"): true, ID("never"): false}, known); diff != "" {
		b.Error(diff)
	}
}

func accounts(_ *testing.T, b *bench) {
	b.want(arrest("a", Rich, 2_000_000), engine.Accepted, 2_000_000)
	got, err := b.Accounts(b.Context(), []string{Rich, Guarded, Stranger, Rich})
	if err != nil {
		b.Fatal(err)
	}
	want := map[string][]orders.Account{
		Rich:    {{ID: "KZ86125KZT5004100100", Kind: "current", Available: sum(8_000_000)}, {ID: "KZ75125KZT5004100101", Kind: "current", Available: sum(5_000_000)}},
		Guarded: {{ID: "KZ75125KZT5004100103", Kind: "social", Available: sum(7_000_000)}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		b.Error(diff)
	}
}

func pages(_ *testing.T, b *bench) {
	var want []string
	var batch []orders.Instruction
	for _, word := range []string{"a", "b", "c", "d", "e"} {
		batch = append(batch, arrest(word, Rich, 100))
		want = append(want, ID(word).String())
	}
	b.answers(batch...)
	slices.Sort(want)
	var got []string
	for _, h := range b.held() {
		got = append(got, h.ID.String())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		b.Error(diff)
	}
}

func nothing(_ *testing.T, b *bench) {
	if r, err := b.Submit(b.Context(), nil); err != nil || len(r) != 0 {
		b.Errorf("submit: %v, %v", r, err)
	}
	if r, err := b.Query(b.Context(), nil); err != nil || len(r) != 0 {
		b.Errorf("query: %v, %v", r, err)
	}
	if a, err := b.Accounts(b.Context(), nil); err != nil || len(a) != 0 {
		b.Errorf("accounts: %v, %v", a, err)
	}
	if held := b.held(); len(held) != 0 {
		b.Errorf("held: %v", held)
	}
}

func many(_ *testing.T, b *bench) {
	batch := make([]orders.Instruction, 1200)
	for i := range batch {
		batch[i] = arrest("n"+strconv.Itoa(i), Rich, 1)
	}
	for _, r := range b.answers(batch...) {
		if r.Answer != engine.Accepted {
			b.Fatalf("%+v", r)
		}
	}
}

func cancelled(_ *testing.T, b *bench) {
	ctx, cancel := context.WithCancel(b.Context())
	cancel()
	if r, err := b.Submit(ctx, []orders.Instruction{arrest("a", Rich, 100)}); err == nil {
		b.Errorf("submit: %v", r)
	}
	if r, err := b.Query(ctx, []uuid.UUID{ID("a")}); err == nil {
		b.Errorf("query: %v", r)
	}
	if a, err := b.Accounts(ctx, []string{Rich}); err == nil {
		b.Errorf("accounts: %v", a)
	}
	if h, _, err := b.Holds(ctx, "", 1); err == nil {
		b.Errorf("holds: %v", h)
	}
}
