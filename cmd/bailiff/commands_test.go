package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/engine"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/clock"
	"robotbailiff/internal/seal"
	"robotbailiff/internal/testkit"
	"robotbailiff/payments"
	"robotbailiff/rules"
)

func TestMain(m *testing.M) {
	// One folder for all runs: the key in it protects nothing but the rows of tests.
	home := filepath.Join(os.TempDir(), fmt.Sprintf("bailiff-cmd-test-%d", os.Getuid()))
	secret := filepath.Join(home, "secret.key")
	if err := os.MkdirAll(home, 0o700); err != nil {
		log.Fatal(err)
	}
	if _, err := seal.LoadOrCreate(secret); err != nil {
		log.Fatal(err)
	}
	for name, value := range map[string]string{"BAILIFF_SECRET_FILE": secret, "BAILIFF_HOME": home, "BAILIFF_DATABASE_URL": ""} {
		if err := os.Setenv(name, value); err != nil {
			log.Fatal(err)
		}
	}
	testkit.Main(m)
}

// shell runs commands on one database.
type shell struct {
	t    *testing.T
	pool *pgxpool.Pool
	url  string
	now  *clock.SandboxClock
}

// newShell gives a migrated sandbox database whose clock shows testkit.Morning.
func newShell(t *testing.T) *shell {
	t.Helper()
	pool := testkit.DB(t)
	c, err := clock.MarkSandbox(t.Context(), pool, testkit.Morning)
	if err != nil {
		t.Fatal(err)
	}
	return &shell{t: t, pool: pool, url: testkit.URL(t, pool), now: c}
}

// bailiff runs the program and gives its exit status and its two outputs.
func bailiff(args ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	status = mainStatus(args, &out, &errs)
	return status, out.String(), errs.String()
}

func (s *shell) run(args ...string) (status int, stdout, stderr string) {
	s.t.Helper()
	return bailiff(append([]string{args[0], "--db", s.url}, args[1:]...)...)
}

// want runs a command with --json, expects an exit status and reads the one object.
func (s *shell) want(status int, into any, args ...string) {
	s.t.Helper()
	got, stdout, stderr := s.run(append(args, "--json")...)
	if got != status {
		s.t.Fatalf("%v ended with %d, want %d\n%s%s", args, got, status, stdout, stderr)
	}
	oneObject(s.t, stdout, into)
}

// oneObject reads exactly one JSON object.
func oneObject(t *testing.T, text string, into any) {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(text))
	if err := dec.Decode(into); err != nil {
		t.Fatalf("not JSON: %v\n%s", err, text)
	}
	if dec.More() {
		t.Fatalf("more than one object:\n%s", text)
	}
}

// iin makes a synthetic number that checks out and belongs to nobody.
func iin(n int) string {
	for ; ; n++ {
		first := fmt.Sprintf("8501013%04d", 5000+n)
		if c, ok := rules.IINCheckDigit(first); ok {
			return first + string(c)
		}
	}
}

const batchHeader = "source,document_number,in_force_date,kind,debtor_iin,debtor_name,debtor_birth_date,region,amount,unpaid_confirmed_on\n"

// batchRow is a row that qualifies on testkit.Morning.
func batchRow(n int, amount string) string {
	born := ""
	if n%2 == 1 {
		born = "1985-01-01"
	}
	return fmt.Sprintf("court-7101,N-%d,2026-01-12,court_ruling,%s,Ахметов Айдар %d,%s,71,%s,2026-02-20\n", n, iin(n*20), n, born, amount)
}

// file writes a batch to a file of the test.
func (s *shell) file(name string, rows ...string) string {
	s.t.Helper()
	path := filepath.Join(s.t.TempDir(), name)
	if err := os.WriteFile(path, []byte(batchHeader+strings.Join(rows, "")), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// cases imports n good rows and gives the ids of their cases in order.
func (s *shell) cases(n int) []int64 {
	s.t.Helper()
	var rows []string
	for i := range n {
		rows = append(rows, batchRow(i, "20155.00"))
	}
	var r importReport
	s.want(exitDone, &r, "import", s.file("batch.csv", rows...))
	if r.Accepted != n {
		s.t.Fatalf("%+v", r)
	}
	ids := make([]int64, n)
	for i := range ids {
		id, err := caseno.Make(26, i+1)
		if err != nil {
			s.t.Fatal(err)
		}
		ids[i] = id
	}
	return ids
}

// exec runs SQL with the triggers off, as somebody with too many rights would.
func (s *shell) exec(sql string, args ...any) {
	s.t.Helper()
	tx, err := s.pool.Begin(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.Background()) }()
	if _, err := tx.Exec(s.t.Context(), `SET LOCAL session_replication_role = replica`); err != nil {
		s.t.Fatal(err)
	}
	tag, err := tx.Exec(s.t.Context(), sql, args...)
	if err != nil {
		s.t.Fatal(err)
	}
	if tag.RowsAffected() == 0 {
		s.t.Fatalf("%s changed nothing", sql)
	}
	if err := tx.Commit(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// parts joins the program on the database, to move cases.
func (s *shell) parts() *parts {
	s.t.Helper()
	var quiet bytes.Buffer
	e := newEnv(command{name: "test"}, &quiet, &quiet)
	p, err := e.join(s.t.Context(), &database{pool: s.pool, url: s.url}, wiring{})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(p.close)
	return p
}

// live takes the cases through notice, arrest and a part payment of the first.
func (s *shell) live(ids []int64) {
	s.t.Helper()
	ctx, p := s.t.Context(), s.parts()
	apply := func(actor string, cmd func(i int) engine.Command) {
		s.t.Helper()
		var all []engine.For
		for i, id := range ids {
			all = append(all, engine.For{CaseID: id, Actor: actor, Command: cmd(i)})
		}
		out, err := p.robot.Engine.Apply(ctx, all)
		if err != nil {
			s.t.Fatal(err)
		}
		for _, o := range out {
			if o.Refusal != nil {
				s.t.Fatalf("case %d refuses %s", o.CaseID, o.Refusal.Code)
			}
		}
	}
	advance := func(d time.Duration) {
		s.t.Helper()
		if _, err := s.now.Advance(ctx, d); err != nil {
			s.t.Fatal(err)
		}
	}
	advance(time.Hour)
	apply(engine.ActorNotice, func(int) engine.Command {
		return engine.NoticeDelivered{Ordinal: 1, Opening: true, Channel: "sms", At: testkit.Morning.Add(30 * time.Minute)}
	})
	advance(10 * 24 * time.Hour)
	apply(engine.ActorRobot, func(int) engine.Command { return engine.Tick{} })
	cases, err := engine.Load(ctx, s.pool, ids)
	if err != nil {
		s.t.Fatal(err)
	}
	apply(engine.ActorBank, func(i int) engine.Command {
		return engine.OrderAnswered{Purpose: engine.Arrest, Ordinal: 1, Answer: engine.Accepted, Sum: cases[i].Outstanding, Bank: "KZBANK"}
	})
	body := fmt.Sprintf(`{"type":"payment.paid","timestamp":"2026-03-12T05:00:00Z","data":{"txn_id":"t-1","reference":%q,"amount":"5000.50","currency":"KZT","value_date":"2026-03-12"}}`, caseno.Format(ids[0]))
	if _, err := p.robot.Receive(ctx, payments.Event{Source: "gateway", EventID: "ev-1", Body: []byte(body)}); err != nil {
		s.t.Fatal(err)
	}
	if n, err := p.robot.Settle(ctx); err != nil || n != 1 {
		s.t.Fatalf("%d settled, %v", n, err)
	}
}
