package bench

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/engine"
	"robotbailiff/engine/intake"
	"robotbailiff/engine/orders"
	"robotbailiff/internal/app/objections"
	"robotbailiff/internal/app/papers"
	appportal "robotbailiff/internal/app/portal"
	"robotbailiff/internal/app/signing"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/paper"
	webportal "robotbailiff/internal/web/portal"
	"robotbailiff/notify"
	"robotbailiff/notify/contact"
	"robotbailiff/rules/calendar"
)

// everybody is more answers at the gate than one address gives in any run.
const everybody = 1 << 30

// site is the debtor's portal, joined as the program joins it.
type site struct {
	app     *appportal.Service
	pages   webportal.Config
	handler http.Handler
}

// portal joins the portal over a pool of the rig's database.
func (r *rig) portal(pool *pgxpool.Pool) (site, error) {
	open := func(column string) func([]byte) (string, error) {
		return func(sealed []byte) (string, error) {
			text, err := r.keys.Open(sealed, column)
			return string(text), err
		}
	}
	docs, err := papers.New(papers.Config{
		Packs: r.packs, Notices: r.robot.Notices, OpenIIN: open(sealedIIN), Codes: r.keys, Base: "https://" + host, Signatures: signing.NewKept(r.keys),
		Payee: func(string, calendar.Date) (paper.Payee, bool) {
			return paper.Payee{Name: "Казначейство"}, true
		},
		Plans: func(ctx context.Context, q papers.Querier, caseID int64) (map[int][]orders.Leg, error) {
			return orders.Plans(ctx, q, r.keys, caseID)
		},
	})
	if err != nil {
		return site{}, err
	}
	app, err := appportal.New(appportal.Config{
		Pool: pool, Cases: r.robot.Engine, Packs: r.packs, TokenHash: r.keys.LinkHash, OpenIIN: open(sealedIIN), OpenPhone: open(intake.SealedPhone),
		Contacts: contact.New(r.keys), Papers: docs, Objections: objections.New(pool, r.keys), Receipts: r.keys,
		CaseByToken: func(ctx context.Context, token string) (int64, bool, error) {
			id, _, err := r.robot.Notices.CaseByToken(ctx, pool, token)
			if errors.Is(err, notify.ErrNoLink) {
				return 0, false, nil
			}
			return id, err == nil, err
		},
		Pay: appportal.Pay{
			Tills: []appportal.Till{{Source: gatewaySource, Title: "Gateway"}}, Begin: r.robot.Begin, Book: r.robot.Payments, Base: "https://" + host,
		},
		Chosen: func(ctx context.Context, q engine.Querier, caseID int64) ([]orders.Chosen, error) {
			return orders.ChosenFor(ctx, q, r.keys, caseID)
		},
	})
	if err != nil {
		return site{}, err
	}
	s := site{app: app, pages: webportal.Config{
		App: app, Host: host, Key: r.keys.Blind("web.form", "portal"), GateTries: everybody, NetworkTries: everybody, Log: slog.New(slog.DiscardHandler),
	}}
	s.handler, err = webportal.Handler(s.pages)
	return s, err
}

// sealedIIN is the column to which identification numbers are bound.
const sealedIIN = "debtors.iin_sealed"

// limitSQL is the least that could answer for a case page: who asks, the case, its document and what happened, in one statement.
const limitSQL = `SELECT c.id, c.state, c.debt, c.outstanding, c.paid, c.opened_on, c.term_ends_on, w.document_number, w.document_date, w.kind, w.issuer_name, d.name,
       (SELECT array_agg(e.data::text ORDER BY e.seq) FROM events e WHERE e.case_id = c.id)
  FROM portal_sessions s JOIN cases c ON c.id = s.case_id JOIN writs w ON w.case_id = c.id JOIN debtors d ON d.id = c.debtor_id
 WHERE s.id_hash = $1 AND s.expires_at > now()`

// limited answers every visit with one statement, and with the page of a case that was made up before. Nothing that shows a case can be faster.
func limited(pool *pgxpool.Pool, page http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var (
			id, debt, left, paid                         int64
			opened, ends                                 time.Time
			dated                                        *time.Time
			state, number, kind, issuer, name, cookieVal string
			events                                       []string
		)
		if c, err := r.Cookie(visitCookie); err == nil {
			cookieVal = c.Value
		}
		hash := sha256.Sum256([]byte(cookieVal))
		err := pool.QueryRow(r.Context(), limitSQL, hash[:]).Scan(&id, &state, &debt, &left, &paid, &opened, &ends, &number, &dated, &kind, &issuer, &name, &events)
		if err != nil || len(events) == 0 {
			http.Error(w, "no visit", http.StatusForbidden)
			return
		}
		page.ServeHTTP(w, r)
	})
}

// limit joins the limit for the view that a session has.
func (s site) limit(ctx context.Context, pool *pgxpool.Pool, session string) (http.Handler, error) {
	v, err := s.app.Case(ctx, session, i18n.RU)
	if err != nil {
		return nil, fmt.Errorf("bench: the view of the limit: %w", err)
	}
	page, err := webportal.Fixed(s.pages, v)
	return limited(pool, page), err
}

// serving serves a handler on loopback until stop is called.
func serving(ctx context.Context, h http.Handler) (base string, stop func() error, err error) {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("bench: %w", err)
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 60 * time.Second, IdleTimeout: 2 * time.Minute}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(ln) }()
	return "http://" + ln.Addr().String(), func() error {
		err := srv.Close()
		if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
		return err
	}, nil
}

// trips counts what is asked of the database, and how often it is waited for.
type trips struct{ statements, waits atomic.Int64 }

// TraceQueryStart implements pgx.QueryTracer.
func (t *trips) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	t.statements.Add(1)
	t.waits.Add(1)
	return ctx
}

// TraceQueryEnd implements pgx.QueryTracer.
func (*trips) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TraceBatchStart implements pgx.BatchTracer.
func (t *trips) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	t.waits.Add(1)
	return ctx
}

// TraceBatchQuery implements pgx.BatchTracer.
func (t *trips) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {
	t.statements.Add(1)
}

// TraceBatchEnd implements pgx.BatchTracer.
func (*trips) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}
