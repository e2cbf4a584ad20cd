// Package testkit is what the tests of all packages share: a real database each, a clock, keys,
// golden files and the check for leaked goroutines.
//
// It must not be linked into any program, know a table of the product, or replace the database
// by an imitation.
//
// A package with database tests calls [Main] from its TestMain and [DB] or [Tx] in each test:
//
//	func TestMain(m *testing.M) { testkit.Main(m) }
//
// Tests of packages that testkit itself imports (pg, clock, seal, migrations) must live in an
// external test package, such as pg_test.
package testkit

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"robotbailiff/internal/clock"
	"robotbailiff/internal/seal"
)

// Morning is the moment at which [Clock] begins: Monday, 2 March 2026, 09:00 in Almaty.
var Morning = time.Date(2026, time.March, 2, 4, 0, 0, 0, time.UTC)

// Clock gives a clock of the test's own, which shows [Morning] until it is moved.
func Clock(tb testing.TB) *clock.Manual {
	tb.Helper()
	return clock.NewManual(Morning)
}

// Keys gives keys that are the same in every run, so that goldens may contain what they make.
// They are public and protect nothing.
func Keys(tb testing.TB) *seal.Keys {
	tb.Helper()
	master := make([]byte, seal.MasterSize)
	for i := range master {
		master[i] = byte(i*7 + 1)
	}
	keys, err := seal.New(master)
	if err != nil {
		tb.Fatal(err)
	}
	return keys
}

// NoLeaks fails the test when goroutines it started are still there at its end. Such a test
// must not be parallel.
func NoLeaks(tb testing.TB) {
	tb.Helper()
	before := goleak.IgnoreCurrent()
	tb.Cleanup(func() {
		goleak.VerifyNone(tb, append(ignored(), before)...)
	})
}

// ignored lists what lives as long as the process does: the shared pools of this package, and
// the wait for the embedded server.
func ignored() []goleak.Option {
	return []goleak.Option{
		goleak.IgnoreTopFunction("github.com/jackc/pgx/v5/pgxpool.(*Pool).backgroundHealthCheck"),
		goleak.IgnoreAnyFunction("robotbailiff/internal/pg.(*Cluster).launch.func2"),
	}
}
