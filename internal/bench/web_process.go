package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"syscall"

	"robotbailiff/internal/clock"
	"robotbailiff/internal/pg"
)

// pagesOrder is what the process of pages is told at its beginning.
type pagesOrder struct {
	Database string   `json:"database"`
	Master   []byte   `json:"master"`  // the secret of the run's installation
	Cookies  []string `json:"cookies"` // of visitors who have passed the gate
}

// Pages is the process of pages of [Web]: it serves the portal on a pool of its own, as `serve --roles web` does, and asks itself for pages at
// the steady rate. It reads an order and then, for each measurement, a line that begins it and a line that ends it, and writes what it found.
func Pages(ctx context.Context, in io.Reader, out io.Writer) (err error) {
	lines := json.NewDecoder(in)
	var order pagesOrder
	if err := lines.Decode(&order); err != nil {
		return fmt.Errorf("bench: order of pages: %w", err)
	}
	pool, err := pg.Open(ctx, order.Database, pg.WithName("bailiff-bench-pages"), pg.WithRole(pg.RoleWeb), pg.WithMaxConns(pg.PageConns))
	if err != nil {
		return err
	}
	defer pool.Close()
	r, err := newRig(ctx, nil, pool, rigOptions{master: order.Master})
	if err != nil {
		return err
	}
	s, err := r.portal(pool)
	if err != nil {
		return err
	}
	base, stop, err := serving(ctx, s.handler)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	v := newVisitors(webWaiting)
	v.cookies = order.Cookies
	for range webWarm {
		if _, err := v.page(ctx, base, 0); err != nil {
			return err
		}
	}
	answers := json.NewEncoder(out)
	for {
		var word string
		if err := lines.Decode(&word); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		ended, told := make(chan struct{}), make(chan error, 1)
		go func() { told <- lines.Decode(&word); close(ended) }()
		watch := clock.StartStopwatch()
		took, err := v.steady(ctx, base, ended)
		l := latencyOf(took, watch.Elapsed().Seconds())
		if err != nil {
			return err // whoever began it sees that nothing is answered
		}
		if err := errors.Join(<-told, answers.Encode(l)); err != nil {
			return err
		}
	}
}

// webWarm is how many pages open the statements and the template before anything is measured.
const webWarm = 50

// pages is a running process of pages.
type pages struct {
	cmd    *exec.Cmd
	orders io.WriteCloser
	say    *json.Encoder
	hear   *json.Decoder
}

// pagesProcess starts the process of pages for visitors who have passed the gate.
func (r *rig) pagesProcess(ctx context.Context, o Options, v *visitors) (*pages, error) {
	cmd, err := o.Pages(ctx)
	if err != nil {
		return nil, err
	}
	p := &pages{cmd: cmd}
	if p.orders, err = cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("bench: process of pages: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("bench: process of pages: %w", err)
	}
	cmd.Stderr = o.Out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // as a service of its own is
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("bench: process of pages: %w", err)
	}
	p.say, p.hear = json.NewEncoder(p.orders), json.NewDecoder(bufio.NewReader(out))
	return p, p.say.Encode(pagesOrder{Database: r.pool.Config().ConnString(), Master: r.master, Cookies: v.cookies})
}

// during gives the latency of the steady pages while f runs.
func (p *pages) during(f func() error) (l Latency, err error) {
	if err := p.say.Encode("begin"); err != nil {
		return l, fmt.Errorf("bench: process of pages: %w", err)
	}
	err = f()
	if err := errors.Join(err, p.say.Encode("end")); err != nil {
		return l, err
	}
	if err := p.hear.Decode(&l); err != nil {
		return l, fmt.Errorf("bench: the process of pages has no answer: %w", err)
	}
	return l, nil
}

// close ends the process.
func (p *pages) close() error { return errors.Join(p.orders.Close(), p.cmd.Wait()) }
