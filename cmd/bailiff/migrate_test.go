package main

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/testkit"
)

// emptyDatabase makes a database without a schema beside the test's own.
func emptyDatabase(t *testing.T) string {
	t.Helper()
	pool := testkit.DB(t)
	own := pool.Config().ConnConfig.Database
	name := own + "_empty"
	if _, err := pool.Exec(t.Context(), "CREATE DATABASE "+pgx.Identifier{name}.Sanitize()+" TEMPLATE template0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := pool.Exec(context.Background(), "DROP DATABASE "+pgx.Identifier{name}.Sanitize()+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return strings.Replace(testkit.URL(t, pool), "/"+own, "/"+name, 1)
}

func TestMigrate_bringsAnEmptyDatabaseUpToDate(t *testing.T) {
	t.Parallel()
	url := emptyDatabase(t)
	read := func(word string) (r migrateReport) {
		t.Helper()
		status, out, errs := bailiff("migrate", word, "--db", url, "--json")
		if status != exitDone {
			t.Fatalf("migrate %s: %d %s", word, status, errs)
		}
		oneObject(t, out, &r)
		return r
	}
	if r := read("status"); r.Version != 0 || r.Pending == 0 || r.Applied != 0 {
		t.Errorf("before: %+v", r)
	}
	if status, _, errs := bailiff("check", "--db", url); status != exitFailed || !strings.Contains(errs, "run bailiff migrate up") {
		t.Errorf("check on an empty database: %d %s", status, errs)
	}
	for _, args := range [][]string{{"case", numberSample}, {"import", "-"}, {"rules", "simulate"}} {
		if status, _, errs := bailiff(append(args, "--db", url)...); status != exitFailed || !strings.Contains(errs, "run bailiff migrate up") {
			t.Errorf("%v on an empty database: %d %s", args, status, errs)
		}
	}
	if status, out, errs := bailiff("audit", "verify", "--db", url, "--json"); status != exitUsage || !strings.Contains(errs, "run bailiff migrate up") || !strings.Contains(out, `"unknown"`) {
		t.Errorf("audit verify on an empty database: %d %s %s", status, out, errs)
	}
	up := read("up")
	if up.Version == 0 || up.Pending != 0 || up.Applied == 0 {
		t.Errorf("up: %+v", up)
	}
	if again := read("up"); again.Applied != 0 || again.Version != up.Version {
		t.Errorf("up again: %+v", again)
	}
	status, out, _ := bailiff("migrate", "status", "--db", url)
	if want := fmt.Sprintf("Schema version %d", up.Version); status != exitDone || !strings.Contains(out, want) {
		t.Errorf("status: %d %s", status, out)
	}
}

func TestCommands_refuseWrongUse(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"migrate"},
		{"migrate", "down"},
		{"migrate", "up", "now"},
		{"migrate", "up"}, // the last one names no database
		{"import"},
		{"import", "--lang", "de", "x.csv"},
		{"import", "--nonsense", "x.csv"},
		{"case"},
		{"case", "1", "2"},
		{"case", "26-0000001-9"},
		{"case", "abc"},
		{"case", numberSample, "--lang", "xx"},
		{"clock", "back"},
		{"clock", "advance"},
		{"clock", "advance", "soon"},
		{"clock", "advance", "x3d"},
		{"clock", "to", "tomorrow"},
		{"clock", "to", "2026-02-30"},
		{"rules"},
		{"rules", "burn"},
		{"rules", "list", "x"},
		{"rules", "list", "--lang", "de"},
		{"rules", "simulate"},
		{"audit"},
		{"audit", "burn"},
		{"check", "everything"},
		{"check", "--db", "mysql://x"},
	} {
		status, out, errs := bailiff(args...)
		if status != exitUsage || out != "" || !strings.Contains(errs, "bailiff: ") {
			t.Errorf("%v: %d %q %q", args, status, out, errs)
		}
	}
}

func TestCommands_sayHowToReachADatabase(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"migrate", "status"}, {"check"}, {"clock"}} {
		status, _, errs := bailiff(append(args, "--db", "postgres://nobody@127.0.0.1:1/none?connect_timeout=2")...)
		if status != exitFailed || !strings.Contains(errs, "cannot reach the database") || strings.Contains(errs, "goroutine") {
			t.Errorf("%v: %d %s", args, status, errs)
		}
	}
	status, _, errs := bailiff("audit", "verify", "--db", "postgres://nobody@127.0.0.1:1/none?connect_timeout=2")
	if status != exitUsage || !strings.Contains(errs, "cannot tell") {
		t.Errorf("audit: %d %s", status, errs)
	}
}
