package chaos_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"robotbailiff/engine"
	"robotbailiff/engine/intake"
	"robotbailiff/internal/clock"
	"robotbailiff/internal/jobs"
	"robotbailiff/internal/pg"
	"robotbailiff/internal/sandbox"
	"robotbailiff/internal/seal"
	"robotbailiff/migrations"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/pack"
)

// begin is the legal instant at which every run begins: that of the demo.
var begin = calendar.MakeDate(2026, time.September, 1).Start().Add(9*time.Hour + 30*time.Minute)

// site is what both runs share: the program, the server, the secret.
type site struct {
	dir     string
	binary  string
	secret  string
	keys    *seal.Keys
	cluster *pg.Cluster
}

// run is one life of the batch on a database of its own.
type run struct {
	*site
	name string
	size size

	url    string
	pool   *pgxpool.Pool // our side's, as the parent sees it
	worlds *pgxpool.Pool
	robot  *jobs.Robot // without workers
	clock  *clock.SandboxClock
	world  *sandbox.World
	fleet  *fleet
	acked  acked
}

func newSite(ctx context.Context, t *testing.T, seed uint64) *site {
	t.Helper()
	dir, err := os.MkdirTemp("", "bailiff-chaos-")
	must(t, err)
	must(t, os.Chmod(dir, 0o755)) // the server's user must pass through
	t.Cleanup(func() {
		if !t.Failed() {
			_ = os.RemoveAll(dir)
		}
	})
	s := &site{dir: dir, binary: filepath.Join(dir, "bailiff"), secret: filepath.Join(dir, "secret.key")}
	build := exec.CommandContext(ctx, "go", "build", "-o", s.binary, "robotbailiff/cmd/bailiff")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	// The seed makes the secret too: personal links, and with them which page a debtor opens, replay.
	master := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("campaign"), seed))
	must(t, os.WriteFile(s.secret, []byte(base64.StdEncoding.EncodeToString(master[:])+"\n"), 0o400))
	s.keys, err = seal.Load(s.secret)
	must(t, err)
	s.cluster, err = pg.StartEmbedded(ctx, pg.EmbeddedOptions{
		Dir: filepath.Join(dir, "pg"), Durable: true,
		Settings: map[string]string{
			"max_connections":    "250", // the killed leave connections for a moment
			"checkpoint_timeout": "30s", // a recovery has little to do again
			// A recovery flushes the file system as a whole instead of opening every file of the cluster.
			"recovery_init_sync_method": "syncfs",
		},
	})
	must(t, err)
	t.Cleanup(func() {
		pid := s.cluster.PostmasterPID()
		if err := s.cluster.Stop(context.WithoutCancel(ctx)); err != nil {
			t.Errorf("PostgreSQL did not stop: %v", err)
		}
		if postgresRuns(pid) {
			t.Errorf("PostgreSQL, process %d, is left", pid)
		}
		if !t.Failed() {
			_ = s.cluster.Remove()
		}
	})
	return s
}

// open makes the database of a run, the world in it, and takes the court batch in.
func (s *site) open(ctx context.Context, t *testing.T, name string, z size) *run {
	t.Helper()
	r := &run{site: s, name: name, size: z, url: s.cluster.URL(name), acked: acked{events: map[string]bool{}}}
	must(t, s.cluster.EnsureDatabase(ctx, name, true))
	var err error
	r.pool, err = pg.Open(ctx, r.url, pg.WithName("chaos"), pg.WithMaxConns(12))
	must(t, err)
	t.Cleanup(r.pool.Close)
	r.worlds, err = pg.Open(ctx, r.url, pg.WithName("chaos world"), pg.WithMaxConns(4))
	must(t, err)
	t.Cleanup(r.worlds.Close)
	must(t, migrations.Up(ctx, r.pool))
	must(t, sandbox.Install(ctx, r.pool))
	r.clock, err = clock.MarkSandbox(ctx, r.pool, begin)
	must(t, err)
	must(t, sandbox.InstallBailiffs(ctx, r.pool))
	packs, err := engine.RegisterPack(ctx, r.pool, pack.Default())
	must(t, err)
	r.robot, err = jobs.New(jobs.Config{
		Pool: r.pool, Clock: r.clock, Packs: packs, Keys: s.keys, Log: slog.New(slog.DiscardHandler), Host: "1414.gov.kz",
	})
	must(t, err)
	secrets := map[string]string{}
	for _, source := range []string{sandbox.SourceGateway, sandbox.SourceBank} {
		secrets[source] = "whsec_" + base64.StdEncoding.EncodeToString(s.keys.Blind("sandbox.webhook", source))
	}
	faults := sandbox.DefaultFaults()
	if z.faults != nil {
		faults = *z.faults
	}
	r.world, err = sandbox.New(z.seed, sandbox.Config{Pool: r.worlds, Clock: r.clock, Secrets: secrets, Faults: &faults, Shares: z.shares})
	must(t, err)

	court, err := sandbox.NewCourt(z.seed, z.cases, sandbox.DefaultFeed(calendar.DateOf(begin)))
	must(t, err)
	report, err := intake.New(r.robot.Engine, s.keys).Import(ctx, "", "chaos.csv", court.Reader(), intake.Options{MaxErrors: 20})
	must(t, err)
	t.Logf("%s: %d rows, %d accepted", name, report.Rows, report.Accepted)
	must(t, r.world.Announce(ctx, court))

	logFile, err := os.Create(filepath.Join(s.dir, name+".log"))
	must(t, err)
	t.Cleanup(func() { _ = logFile.Close() })
	r.fleet = &fleet{
		binary: s.binary, log: logFile,
		args: []string{
			"serve", "--db", r.url + "&pool_max_conns=8", "--roles", "web,work", "--addr", "127.0.0.1:0", "--pulse", "100ms", "--lease", z.lease.String(),
			"--seed", fmt.Sprint(z.seed), "--faults", encoded(t, faults),
		},
		env: append(os.Environ(), "BAILIFF_HOME="+s.dir, "BAILIFF_SECRET_FILE="+s.secret, "BAILIFF_DATABASE_URL=", "BAILIFF_SIGNERS=none"), // papers are not what is killed here, and take a third of the time
	}
	must(t, r.fleet.start(ctx, workers))
	t.Cleanup(func() {
		if err := r.fleet.stop(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// close drops the database of a run, so that the next recovery need not care for its files.
func (r *run) close(ctx context.Context, t *testing.T) {
	t.Helper()
	r.pool.Close()
	r.worlds.Close()
	conn, err := pgx.Connect(ctx, r.cluster.URL("postgres"))
	must(t, err)
	_, err = conn.Exec(ctx, "DROP DATABASE "+pgx.Identifier{r.name}.Sanitize()+" WITH (FORCE)")
	must(t, errors.Join(err, conn.Close(ctx)))
}

// grid is the step of legal time. Everything happens on it, retries as well, so that both runs see the same things due at
// each of its points, however many more points the retries after kills bring about.
const grid = 6 * time.Hour

// drive lets legal time run to the end.
func (r *run) drive(ctx context.Context, moved func(time.Time) error) error {
	return r.driveOn(ctx, grid, time.Time{}, moved)
}

// driveOn lets legal time run on a grid until an instant, or to the end.
func (r *run) driveOn(ctx context.Context, grid time.Duration, until time.Time, moved func(time.Time) error) error {
	driver := sandbox.Driver{
		World: r.world, Clock: r.clock, Robot: r.robot, Outbox: r.outbox(),
		Grid: grid, Near: -1, Wait: 2 * time.Minute, Patience: 2 * time.Minute, Moved: moved,
	}
	return driver.Run(ctx, until)
}

// outbox is how the world reaches our side: by whatever process serves.
func (r *run) outbox() *watched {
	return &watched{acked: &r.acked, FrontDoor: &sandbox.FrontDoor{
		Pool: r.pool, Engine: r.robot.Engine, Notices: r.robot.Notices, OnReceipt: r.robot.Receipts,
		Client: &http.Client{Timeout: 30 * time.Second, Transport: r.fleet}, Base: "http://chaos", Insist: true,
	}}
}

// watched remembers which payment messages were answered with 2xx.
type watched struct {
	*sandbox.FrontDoor
	acked *acked
}

type acked struct {
	mu     sync.Mutex
	events map[string]bool // source/event id
	again  int             // came more than once
}

// Webhook implements sandbox.Outbox.
func (w *watched) Webhook(ctx context.Context, source string, header http.Header, body []byte) (int, error) {
	status, err := w.FrontDoor.Webhook(ctx, source, header, body)
	if err == nil && status >= 200 && status <= 299 {
		key := source + "/" + header.Get(standardwebhooks.HeaderWebhookID)
		w.acked.mu.Lock()
		if w.acked.events[key] {
			w.acked.again++
		}
		w.acked.events[key] = true
		w.acked.mu.Unlock()
	}
	return status, err
}

// violation is one line of what the product's own commands find.
type violation struct{ ID, Case, Detail string }

// check runs "bailiff check" on the run's database: all invariants of all domains, and the comparison with the books of the
// simulated banks, payers and telephones.
func (r *run) check(ctx context.Context) ([]violation, error) {
	var report struct {
		Checked    int
		World      bool
		Violations []violation
	}
	if err := r.command(ctx, &report, "check"); err != nil {
		return nil, err
	}
	if report.Checked == 0 || !report.World {
		return nil, errors.New("bailiff check looked at nothing")
	}
	return report.Violations, nil
}

// command runs a command of the product and reads its JSON. A failure that was told in JSON is no error.
func (r *run) command(ctx context.Context, into any, words ...string) error {
	cmd := exec.CommandContext(ctx, r.binary, append(words, "--json", "--db", r.url)...)
	cmd.Env = r.fleet.env
	out, err := cmd.Output()
	if jerr := json.Unmarshal(out, into); jerr != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("%w: %s", err, exit.Stderr)
		}
		return fmt.Errorf("bailiff %v: %w", words, errors.Join(err, jerr))
	}
	return nil
}

func encoded(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	must(t, err)
	return string(text)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
