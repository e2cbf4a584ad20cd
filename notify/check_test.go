package notify

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/testkit"
)

// Check must see what it is there for: each violation is planted and found, and nothing else.
func TestCheck_findsWhatIsPlanted(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	id := firstCase + 1
	seed := func(t *testing.T) pgx.Tx {
		t.Helper()
		tx := testkit.Tx(t)
		first, second := opening(id, 1, noon), opening(id, 2, noon)
		first.Kind, second.Kind = KindPartPaid, KindRefundDue
		if err := s.Create(t.Context(), tx, []Intent{first, second, opening(id+1, 1, noon)}); err != nil {
			t.Fatal(err)
		}
		checkGreen(t, s, tx)
		return tx
	}
	for name, c := range map[string]struct {
		want string
		sql  []string
	}{
		"the same notice twice": {"INV-N1", []string{
			`ALTER TABLE notices DROP CONSTRAINT notices_pkey`,
			`INSERT INTO notices (case_id, ordinal, channel, kind, language, text_version, params, status, not_before, expires_at, created_at)
			 SELECT case_id, ordinal, channel, kind, language, text_version, params, status, not_before, expires_at, created_at
			 FROM notices WHERE case_id = 260000001 AND ordinal = 1 AND channel = 'sms'`,
		}},
		"two kinds under one ordinal": {"INV-N1", []string{`UPDATE notices SET kind = 'paid' WHERE case_id = 260000001 AND ordinal = 1 AND channel = 'sms'`}},
		"three attempts": {"INV-N2", []string{
			`ALTER TABLE notices DROP CONSTRAINT notices_attempts_check`,
			`UPDATE notices SET attempts = 3, status = 'sent', sent_at = not_before WHERE case_id = 260000001 AND ordinal = 1`,
		}},
		"six attempts, however many were denied": {"INV-N2", []string{
			`ALTER TABLE notices DROP CONSTRAINT notices_attempts_check`,
			`UPDATE notices SET attempts = 6, denied = 5, status = 'sent', sent_at = not_before WHERE case_id = 260000001 AND ordinal = 1`,
		}},
		"more denied than tried": {"INV-N2", []string{
			`ALTER TABLE notices DROP CONSTRAINT notices_attempts_check`,
			`UPDATE notices SET attempts = 1, denied = 2, status = 'sent', sent_at = not_before WHERE case_id = 260000001 AND ordinal = 1`,
		}},
		"sent without an attempt": {"INV-N2", []string{`UPDATE notices SET status = 'sent' WHERE case_id = 260000001 AND ordinal = 1 AND channel = 'sms'`}},
		"an attempt without a time": {"INV-N2", []string{
			`UPDATE notices SET status = 'sent', attempts = 1 WHERE case_id = 260000001 AND ordinal = 1 AND channel = 'sms'`,
		}},
		"delivered at no time": {"INV-N3", []string{
			`UPDATE notices SET status = 'delivered', attempts = 1, sent_at = not_before WHERE case_id = 260000001 AND ordinal = 1 AND channel = 'sms'`,
		}},
		"delivered before it was made": {"INV-N3", []string{
			`UPDATE notices SET status = 'delivered', attempts = 1, sent_at = not_before, delivered_at = created_at - interval '1 s'
			 WHERE case_id = 260000001 AND ordinal = 1 AND channel = 'sms'`,
		}},
		"sent at 21:00": {"INV-N4", []string{
			`UPDATE notices SET status = 'sent', attempts = 1, sent_at = '2026-11-23 21:00:00+05' WHERE case_id = 260000001 AND ordinal = 1`,
		}},
		"sent at 08:59:59": {"INV-N4", []string{
			`UPDATE notices SET status = 'sent', attempts = 1, sent_at = '2026-11-24 08:59:59+05' WHERE case_id = 260000001 AND ordinal = 1`,
		}},
		"sent before its time": {"INV-N4", []string{
			`UPDATE notices SET status = 'sent', attempts = 1, sent_at = not_before - interval '1 s' WHERE case_id = 260000001 AND ordinal = 1`,
		}},
		"words nobody approved": {"INV-N5", []string{
			`UPDATE notices SET text_version = 2 WHERE case_id = 260000001 AND ordinal = 1 AND channel = 'sms'`,
		}},
		"two courtesies a day": {"INV-N4", []string{
			`UPDATE notices SET status = 'sent', attempts = 1, sent_at = not_before + ordinal * interval '1 h' WHERE case_id = 260000001`,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			tx := seed(t)
			for _, sql := range c.sql {
				if _, err := tx.Exec(t.Context(), sql); err != nil {
					t.Fatal(err)
				}
			}
			found, err := s.Check(t.Context(), tx)
			if err != nil || len(found) == 0 {
				t.Fatalf("found nothing, %v", err)
			}
			for _, v := range found {
				if v.ID != c.want || v.CaseID != id || v.Detail == "" {
					t.Errorf("%+v, want %s", v, c.want)
				}
			}
		})
	}
}

// What is allowed is not called a violation.
func TestCheck_leavesAlone(t *testing.T) {
	t.Parallel()
	s, tx := newStore(t), testkit.Tx(t)
	first, second := opening(firstCase+1, 1, noon), opening(firstCase+1, 2, noon)
	first.Kind, second.Kind = KindPartPaid, KindRefundDue
	if err := s.Create(t.Context(), tx, []Intent{first, second, opening(firstCase+1, 3, noon)}); err != nil {
		t.Fatal(err)
	}
	for ordinal, at := range map[int]time.Time{
		1: time.Date(2026, 11, 23, 15, 59, 59, 0, time.UTC), // 20:59:59
		2: time.Date(2026, 11, 24, 15, 59, 59, 0, time.UTC),
		3: time.Date(2026, 11, 24, 4, 0, 0, 0, time.UTC), // 09:00
	} {
		if _, err := tx.Exec(t.Context(), `UPDATE notices SET status = 'sent', attempts = 1, sent_at = $2 WHERE ordinal = $1`, ordinal, at); err != nil {
			t.Fatal(err)
		}
	}
	checkGreen(t, s, tx)
}
