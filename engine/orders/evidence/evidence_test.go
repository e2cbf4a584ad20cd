package evidence_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"robotbailiff/engine/orders/bankapi/wire"
	"robotbailiff/engine/orders/evidence"
	"robotbailiff/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

const iin = "900101300017"

func TestKeep(t *testing.T) {
	t.Parallel()
	pool := testkit.DB(t)
	s := evidence.NewStore(pool, testkit.Keys(t))
	e := wire.Evidence{
		Bank: "halyk", Kind: wire.Submit, Message: uuid.New(), Request: uuid.New(), At: time.Date(2026, time.March, 2, 4, 0, 0, 0, time.UTC), Key: "thumb",
		Encoding: wire.JSON, Signature: "head..sig", Body: []byte(`{"iin":"` + iin + `"}`), Orders: []uuid.UUID{uuid.New(), uuid.New()},
	}
	list := e
	list.Message, list.Request, list.Kind, list.Encoding, list.Orders = uuid.New(), uuid.Nil, wire.Holds, wire.XML, []uuid.UUID{}
	for range 2 { // the same again is no error
		for _, m := range []wire.Evidence{e, list} {
			if err := s.Keep(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			got, err := s.Read(t.Context(), m.Bank, m.Message)
			if diff := cmp.Diff(m, got); err != nil || diff != "" {
				t.Fatalf("%v %s", err, diff)
			}
		}
	}
	again := e
	again.Signature = "head..another" // ECDSA signs the same in another way each time
	if err := s.Keep(t.Context(), again); err != nil {
		t.Error(err)
	}
	again.Body = append([]byte(" "), e.Body...)
	if err := s.Keep(t.Context(), again); !errors.Is(err, evidence.ErrChanged) {
		t.Errorf("another message under the same id: %v", err)
	}
	again.Bank = "kaspi" // ids are each bank's own
	if err := s.Keep(t.Context(), again); err != nil {
		t.Error(err)
	}
	if _, err := s.Read(t.Context(), "kaspi", list.Message); !errors.Is(err, evidence.ErrNone) {
		t.Errorf("%v", err)
	}
	var rows, open int
	if err := pool.QueryRow(t.Context(), `SELECT count(*), count(*) FILTER (WHERE position($1::bytea IN body) > 0) FROM bank_evidence`, []byte(iin)).Scan(&rows, &open); err != nil || rows != 3 || open != 0 {
		t.Errorf("%d rows, %d of them in the clear, %v", rows, open, err)
	}
	for _, sql := range []string{`UPDATE bank_evidence SET signature = 'x'`, `DELETE FROM bank_evidence`, `TRUNCATE bank_evidence`} {
		if _, err := pool.Exec(t.Context(), sql); err == nil {
			t.Errorf("%s: done", sql)
		}
	}
}
