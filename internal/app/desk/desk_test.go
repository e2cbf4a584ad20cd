package desk_test

import (
	"errors"
	"strings"
	"testing"

	"robotbailiff/engine/intake"
	"robotbailiff/internal/app/desk"
	"robotbailiff/internal/testkit"
	"robotbailiff/internal/web/ui/uitest"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func TestSignIn_needsTheSandbox(t *testing.T) {
	t.Parallel()
	w, err := uitest.NewWorld(t.Context(), testkit.DB(t), testkit.Keys(t))
	if err != nil {
		t.Fatal(err)
	}
	cfg := desk.Config{Pool: w.Pool, Cases: w.Store, Packs: w.Packs, OpenIIN: w.OpenIIN, Inbox: intake.NewInbox(w.Store, w.Keys, intake.InboxConfig{}), DemoSignIn: true}
	demo, err := desk.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	session, err := demo.SignInDemo(t.Context(), "desk:demo", desk.Visit{})
	if err != nil {
		t.Fatal(err)
	}
	if a, err := demo.Who(t.Context(), session, true); err != nil || a.Name == "" {
		t.Errorf("the demo operator is %+v, %v", a, err)
	}
	cfg.DemoSignIn = false
	real, err := desk.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := real.SignInDemo(t.Context(), "desk:demo-2", desk.Visit{}); !errors.Is(err, desk.ErrNoSignIn) {
		t.Errorf("outside the sandbox somebody signs in: %v", err)
	}
	if _, err := real.Who(t.Context(), session, true); !errors.Is(err, desk.ErrNoSignIn) {
		t.Errorf("a session of the sandbox works outside it: %v", err)
	}
	if _, err := desk.New(desk.Config{}); err == nil {
		t.Error("a desk without anything was made")
	}
}

// TestLatest_doesNotReadTheWholeTable looks at the plan: the events have no index on time.
func TestLatest_doesNotReadTheWholeTable(t *testing.T) {
	t.Parallel()
	tx := testkit.Tx(t)
	rows, err := tx.Query(t.Context(), "EXPLAIN "+desk.LatestSQL, nil, 20)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	plan := ""
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		plan += line + "\n"
	}
	if !strings.Contains(plan, "Tid Range Scan on events") {
		t.Errorf("the plan reads more than the last pages:\n%s", plan)
	}
}

// TestAboutSent_isWhatTheDatabaseBelieves looks at the number that stands in for a count which would take too long.
func TestAboutSent_isWhatTheDatabaseBelieves(t *testing.T) {
	t.Parallel()
	w, err := uitest.NewWorld(t.Context(), testkit.DB(t), testkit.Keys(t))
	if err != nil {
		t.Fatal(err)
	}
	s, err := desk.New(desk.Config{Pool: w.Pool, Cases: w.Store, Packs: w.Packs, OpenIIN: w.OpenIIN, Inbox: intake.NewInbox(w.Store, w.Keys, intake.InboxConfig{})})
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		`INSERT INTO notices (case_id, ordinal, channel, kind, language, text_version, params, status, not_before, expires_at, created_at)
SELECT i, 1, 'sms', 'opening', 'kk', 1 + i % 10 / 9, '{}', 'created', now(), now(), now() FROM generate_series(1, 1000) i`, `ANALYZE notices`,
	} {
		if _, err := w.Pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := desk.AboutSent(t.Context(), s); err != nil || n[1] != 900 || n[2] != 100 {
		t.Errorf("%v, %v", n, err)
	}
}
