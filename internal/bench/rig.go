package bench

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"robotbailiff/engine"
	"robotbailiff/engine/intake"
	"robotbailiff/internal/clock"
	"robotbailiff/internal/jobs"
	"robotbailiff/internal/seal"
	"robotbailiff/notify"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/pack"
)

// host is the portal's, as notices print it.
const host = "1414.gov.kz"

// opening is the instant at which the cases begin: a working day, in the hours in which notices may leave.
var opening = time.Date(2026, 9, 1, 4, 30, 0, 0, time.UTC)

// rig is the product joined as the program joins it, with a world that answers at once.
type rig struct {
	n      int
	pool   *pgxpool.Pool
	clock  *clock.Manual
	packs  *engine.Packs
	keys   *seal.Keys
	master []byte // of which the keys are made
	robot  *jobs.Robot
	court  *intake.Importer
	bank   *bank
	sms    *centre
	push   *centre
	post   []*postman
	place  *place
	inbox  chan []notify.Receipt
}

// rigOptions tell a rig of sets from a rig that takes one case at a time.
type rigOptions struct {
	n       int
	work    bool
	pulse   time.Duration
	receipt int // receipts that are brought at once
	postmen int
	sms     notify.Gateway // nil: one that answers at once
	lines   int            // of a statement that one transaction takes; 0: the usual
	master  []byte         // the secret of the installation; nil: a new one
}

// knownSQL makes senders, formats and the rules ones that were tried long ago, so that no first arrest waits for a person, and yet each is
// looked at for being one.
const knownSQL = `INSERT INTO trials (kind, name, need, opened_at, passed_at)
SELECT kind, name, 0, $2, $2 FROM (VALUES ('source', 'erap'), ('source', 'torelik'), ('source', 'kgd'), ('format', 'csv,utf-8'), ('format', 'xml;utf-8'), ('pack', $1)) AS known (kind, name)
    ON CONFLICT DO NOTHING`

func newRig(ctx context.Context, p *place, pool *pgxpool.Pool, o rigOptions) (*rig, error) {
	packs, err := engine.RegisterPack(ctx, pool, pack.Default())
	if err != nil {
		return nil, err
	}
	if _, err := pool.Exec(ctx, knownSQL, packs.Current().Hash(), opening); err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	if o.master == nil {
		o.master = make([]byte, seal.MasterSize)
		if _, err := rand.Read(o.master); err != nil {
			return nil, err
		}
	}
	keys, err := seal.New(o.master)
	if err != nil {
		return nil, err
	}
	r := &rig{n: o.n, pool: pool, packs: packs, keys: keys, master: o.master, clock: clock.NewManual(opening), bank: newBank(o.n), place: p}
	r.inbox = make(chan []notify.Receipt, maxProofs)
	r.sms, r.push = newCentre(notify.SMS, r.clock, o.n, r.inbox), newCentre(notify.Push, r.clock, o.n, r.inbox)
	gateways := map[notify.Channel]notify.Gateway{notify.SMS: r.sms, notify.Push: r.push}
	if o.sms != nil {
		gateways[notify.SMS] = o.sms
	}
	r.robot, err = jobs.New(jobs.Config{
		Pool: pool, Clock: r.clock, Packs: packs, Keys: keys, Log: slog.New(slog.DiscardHandler), Host: host,
		Work: o.work, Pulse: o.pulse, Banks: r.bank.peers(), Gateways: gateways, NoCompare: true, AnyAccount: true, LinesAtOnce: o.lines,
	})
	if err != nil {
		return nil, err
	}
	r.court = intake.New(r.robot.Engine, keys)
	for range o.postmen {
		p := newPostman(o.receipt, r.robot.Receipts)
		p.proofs = r.inbox
		r.post = append(r.post, p)
	}
	return r, nil
}

// running runs f beside the robot and the postmen; whoever fails first ends it all.
func (r *rig) running(ctx context.Context, f func(ctx context.Context) error) error {
	g, ctx := errgroup.WithContext(ctx)
	stop, cancel := context.WithCancel(ctx)
	g.Go(func() error { return r.robot.Run(stop) })
	for _, p := range r.post {
		g.Go(func() error { return p.run(stop) })
	}
	g.Go(func() error { defer cancel(); return f(ctx) })
	return g.Wait()
}

// settled waits until nothing is left to do at this legal time and every proof of delivery has come home. The proofs of
// messages whose answers are still being written wait for their turn.
func (r *rig) settled(ctx context.Context) error {
	t := time.NewTicker(20 * time.Millisecond)
	defer t.Stop()
	for rest := false; ; {
		idle, err := r.robot.Idle(ctx)
		if err != nil {
			return err
		}
		switch {
		case idle && rest:
			return nil
		case idle:
			for _, p := range r.post {
				if err := p.drain(ctx); err != nil {
					return err
				}
			}
			rest = true // unless the proofs bring more to do
		default:
			rest = false
			if err := pause(ctx, t); err != nil {
				return err
			}
		}
	}
}

// batch writes a court batch to a file, before anything is measured; the name says in which encoding.
func (r *rig) batch(o Options, n int, clean bool, name string) (path string, err error) {
	feed, err := o.Feed(n, calendar.DateOf(opening), clean)
	if err != nil {
		return "", fmt.Errorf("bench: feed: %w", err)
	}
	path = filepath.Join(r.place.dir, name)
	f, err := os.Create(path)
	if err != nil {
		return "", fmt.Errorf("bench: feed: %w", err)
	}
	if strings.HasSuffix(name, ".xml") {
		err = feed.WriteXML(f)
	} else {
		err = feed.WriteCSV(f)
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return "", fmt.Errorf("bench: feed: %w", err)
	}
	return path, nil
}

// take imports a file of this run.
func (r *rig) take(ctx context.Context, path string, chunk int) (intake.Report, error) {
	f, err := os.Open(path)
	if err != nil {
		return intake.Report{}, err
	}
	defer func() { _ = f.Close() }()
	return r.court.Import(ctx, "", filepath.Base(path), f, intake.Options{ChunkSize: chunk})
}
