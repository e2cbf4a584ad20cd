package notify

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"robotbailiff/internal/testkit"
)

// What one statement writes is what settle and receive say, for rows in every state and at every time.
func TestShortcuts_agreeWithTheRules(t *testing.T) {
	t.Parallel()
	pool := testkit.DB(t)
	store := newStore(t)
	start := time.Date(2026, 9, 1, 5, 0, 0, 0, time.UTC)
	serial := int64(0)
	rapid.Check(t, func(rt *rapid.T) {
		tx, err := pool.Begin(t.Context())
		if err != nil {
			rt.Fatal(err)
		}
		defer func() { _ = tx.Rollback(t.Context()) }()
		moment := func(label string) time.Time {
			return start.Add(time.Duration(rapid.IntRange(-3, 6).Draw(rt, label)) * time.Hour)
		}
		now := start.Add(4 * time.Hour)
		var ids []int64
		for range rapid.IntRange(1, 5).Draw(rt, "notices") {
			serial++
			ids = append(ids, 260000000+serial)
			if err := store.Create(t.Context(), tx, []Intent{opening(260000000+serial, 1, start)}); err != nil {
				rt.Fatal(err)
			}
			status := rapid.SampledFrom([]Status{StatusCreated, StatusSending, StatusUnknown, StatusSent, StatusSent, StatusSending, StatusFailed, StatusExpired}).Draw(rt, "status")
			attempts := rapid.IntRange(1, 2).Draw(rt, "attempts")
			sent := moment("sent")
			if _, err := tx.Exec(t.Context(), `UPDATE notices SET status = $2, attempts = $3, sent_at = $4, provider_ref = $5 WHERE case_id = $1`,
				260000000+serial, string(status), attempts, sent, rapid.SampledFrom([]string{"", "p-old"}).Draw(rt, "ref")); err != nil {
				rt.Fatal(err)
			}
		}
		before, err := collect(t.Context(), tx, everySQL, ids)
		if err != nil {
			rt.Fatal(err)
		}
		want := make([]row, len(before))
		var outcomes []Outcome
		var receipts []Receipt
		proofs := rapid.Bool().Draw(rt, "proofs")
		for i, r := range before {
			want[i] = r
			detail := rapid.SampledFrom([]string{"", "ok", "tel 87011234567", "\x00bad"}).Draw(rt, "detail")
			if proofs {
				rec := Receipt{Ref: r.key().ref(), ProviderRef: "p-new", Status: rapid.SampledFrom([]Status{StatusDelivered, StatusDelivered, StatusFailed}).Draw(rt, "said"), At: moment("at"), Detail: detail}
				if rapid.Bool().Draw(rt, "untimed") {
					rec.At = time.Time{}
				}
				receipts = append(receipts, rec)
				want[i], _ = receive(r, rec, now)
				continue
			}
			o := Outcome{Sent: Sent{Ref: r.key().ref(), Status: rapid.SampledFrom([]Answer{Accepted, Accepted, Rejected, Unknown}).Draw(rt, "answer"), ProviderRef: "p-new", Detail: detail}, Attempt: r.Attempts}
			outcomes = append(outcomes, o)
			want[i], _ = settle(r, o, now, store.cfg.Settle)
		}
		news := map[string]time.Time{}
		if proofs {
			delivered, strays, err := store.Receive(t.Context(), tx, receipts, now)
			if err != nil || len(strays) > 0 {
				rt.Fatal(err, strays)
			}
			for _, d := range delivered {
				news[d.key().ref()] = d.At.UTC()
			}
		} else if err := store.Finish(t.Context(), tx, outcomes, now); err != nil {
			rt.Fatal(err)
		}
		got, err := collect(t.Context(), tx, everySQL, ids)
		if err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(shown(want), shown(got)); diff != "" {
			rt.Fatalf("(-rules +database):\n%s", diff)
		}
		for i, r := range want {
			at, told := news[r.key().ref()]
			if fresh := r.Status == StatusDelivered && before[i].Status != StatusDelivered; told != fresh || told && !at.Equal(*r.DeliveredAt) {
				rt.Fatalf("%s: told %v at %s, want %v", r.key().ref(), told, at, fresh)
			}
		}
	})
}

const everySQL = `SELECT ` + columnsSQL + ` FROM notices n WHERE n.case_id = ANY ($1) ORDER BY n.case_id, n.ordinal, n.channel`

func shown(rows []row) (out []string) {
	utc := func(t *time.Time) string {
		if t == nil {
			return "never"
		}
		return t.UTC().Format(time.RFC3339Nano)
	}
	for _, r := range rows {
		out = append(out, fmt.Sprintf("%s %s attempts %d sent %s delivered %s ref %q detail %q", r.key().ref(), r.Status, r.Attempts, utc(r.SentAt), utc(r.DeliveredAt), r.ProviderRef, r.Detail))
	}
	return out
}
