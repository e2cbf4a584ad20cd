package bankapi_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"robotbailiff/engine"
	"robotbailiff/engine/orders"
	"robotbailiff/engine/orders/bankapi"
	"robotbailiff/engine/orders/bankapi/wire"
	"robotbailiff/internal/clock"
	far "robotbailiff/internal/sandbox/bankapi"
	"robotbailiff/internal/testkit/peertest"
	"robotbailiff/rules/calendar"
)

// shelf is a register with its books.
type shelf struct {
	mu       sync.Mutex
	orders   map[uuid.UUID]orders.Reply
	standing map[uuid.UUID]int64
	other    bool // it answers for another case
}

func (s *shelf) Submit(_ context.Context, batch []orders.Entry) (out []orders.Reply, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range batch {
		r, known := s.orders[e.ID]
		if !known {
			r = e.Reply(engine.Accepted, "")
			if e.Purpose == engine.Register {
				s.standing[e.ID] = e.CaseID
			} else {
				delete(s.standing, e.Of)
			}
			s.orders[e.ID] = r
		}
		if s.other {
			r.CaseID++
		}
		out = append(out, r)
	}
	return out, nil
}

func (s *shelf) Query(_ context.Context, ids []uuid.UUID) (out []orders.Reply, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		r, known := s.orders[id]
		if !known {
			r = orders.Reply{ID: id}
		}
		out = append(out, r)
	}
	return out, nil
}

func (s *shelf) List(_ context.Context, after string, limit int) (out []orders.Listed, next string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, c := range s.standing {
		if id.String() > after {
			out = append(out, orders.Listed{ID: id, CaseID: c, Since: time.Unix(1_800_000_000, 0)})
		}
	}
	slices.SortFunc(out, func(a, b orders.Listed) int { return strings.Compare(a.ID.String(), b.ID.String()) })
	if len(out) > limit {
		out = out[:limit]
		next = out[limit-1].ID.String()
	}
	return out, next, nil
}

func openRegister(t *testing.T) (*ring, *shelf, *bankapi.RegisterClient) {
	t.Helper()
	r, s := newRing(t), &shelf{orders: map[uuid.UUID]orders.Reply{}, standing: map[uuid.UUID]int64{}}
	r.serve(t, far.New(far.Config{
		Name: orders.RegisterName, Register: s, Signer: r.theirs, Ministry: r.ours.Verifier(), Clock: clock.System(),
		Fault: func(k wire.Kind) far.Fault {
			if r.fault == nil {
				return far.None
			}
			return r.fault(k)
		},
	}))
	c, err := bankapi.NewRegister(r.config(t, wire.XML)) // the register speaks JSON, whatever the settings say
	must(t, err)
	return r, s, c
}

func anEntry(word string) orders.Entry {
	return orders.Entry{
		ID: peertest.ID(word), CaseID: 1700042, Purpose: engine.Register, IIN: "900101300017", Name: "Ә. Қайратов", Issuer: "Полиция", Duty: "fine_prescription",
		IssuedOn: calendar.MakeDate(2026, 2, 1), Executor: orders.Executor{Region: "75"},
	}
}

// Over real TLS with certificates of both sides: entered once, listed page by page, said who executes, taken out, and each answer kept.
func TestRegisterClient(t *testing.T) {
	t.Parallel()
	r, s, c := openRegister(t)
	entries := []orders.Entry{anEntry("a"), anEntry("b"), anEntry("c")}
	for range 2 {
		if got, err := c.Submit(t.Context(), entries); err != nil || len(got) != 3 || got[0].Answer != engine.Accepted || got[0].Bank != orders.RegisterName {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	var all []orders.Listed
	for after, more := "", true; more; more = after != "" {
		page, next, err := c.List(t.Context(), after, 2)
		must(t, err)
		all, after = append(all, page...), next
	}
	if len(all) != 3 || all[0].CaseID != 1700042 {
		t.Fatalf("%+v", all)
	}
	out := orders.Entry{ID: peertest.ID("out"), CaseID: 1700042, Purpose: engine.Deregister, Of: entries[0].ID}
	who := orders.Entry{ID: peertest.ID("who"), CaseID: 1700042, Purpose: engine.Entrust, Of: entries[1].ID, Executor: orders.Executor{Region: "75", Name: "Б. Бекова", Licence: "L-1"}}
	if got, err := c.Submit(t.Context(), []orders.Entry{out, who}); err != nil || len(got) != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	if got, err := c.Query(t.Context(), []uuid.UUID{out.ID, peertest.ID("never")}); err != nil || len(got) != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	if _, stands := s.standing[entries[0].ID]; stands {
		t.Error("it stands")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.kept) != 6 || r.kept[0].Bank != orders.RegisterName || r.kept[0].Kind != wire.Enter || r.kept[0].Encoding != wire.JSON {
		t.Errorf("%d answers kept, %+v", len(r.kept), r.kept[0])
	}
	if len(r.doubts) != 0 {
		t.Errorf("%+v", r.doubts)
	}
}

// What is not an answer that counts leaves the outcome unknown, and a query finds out.
func TestRegisterClient_faults(t *testing.T) {
	t.Parallel()
	for fault, want := range map[far.Fault]struct {
		code string
		done bool
	}{
		far.Garbage: {"wrong_content", false}, far.Broken: {"http_503", false}, far.BrokenLate: {"http_503", true}, far.ResetAfter: {"no_answer", true}, far.Taken: {"", true},
	} {
		r, _, c := openRegister(t)
		r.fault = func(k wire.Kind) far.Fault {
			if k == wire.Enter {
				return fault
			}
			return far.None
		}
		got, err := c.Submit(t.Context(), []orders.Entry{anEntry("a")})
		e, _ := errors.AsType[*bankapi.CallError](err)
		switch {
		case want.code == "" && (err != nil || len(got) != 1 || got[0].Answer != ""):
			t.Errorf("%s: %+v, %v", fault, got, err)
		case want.code != "" && (e == nil || e.Fate != bankapi.Unclear || e.Code != want.code):
			t.Errorf("%s: %v", fault, err)
		}
		if got, err := c.Query(t.Context(), []uuid.UUID{peertest.ID("a")}); err != nil || len(got) != 1 || got[0].Known != want.done {
			t.Errorf("%s: %+v, %v", fault, got, err)
		}
	}
	r, s, c := openRegister(t)
	s.other = true
	if got, err := c.Submit(t.Context(), []orders.Entry{anEntry("a")}); err != nil || len(got) != 0 || !slices.Equal(r.doubted(), []string{wire.DoubtCase}) {
		t.Errorf("an answer for another case: %+v, %v, %v", got, err, r.doubted())
	}
}
