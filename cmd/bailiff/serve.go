package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"robotbailiff/engine"
	"robotbailiff/engine/intake"
	"robotbailiff/engine/intake/proof"
	"robotbailiff/engine/orders"
	"robotbailiff/internal/app/caselist"
	appdesk "robotbailiff/internal/app/desk"
	"robotbailiff/internal/app/objections"
	appportal "robotbailiff/internal/app/portal"
	"robotbailiff/internal/giveway"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/obs"
	"robotbailiff/internal/pg"
	"robotbailiff/internal/sandbox"
	"robotbailiff/internal/sandbox/smspage"
	"robotbailiff/internal/sandbox/tillpage"
	webapi "robotbailiff/internal/web/api"
	webdesk "robotbailiff/internal/web/desk"
	webportal "robotbailiff/internal/web/portal"
	"robotbailiff/internal/web/ui"
	"robotbailiff/internal/webhook"
	"robotbailiff/notify"
	"robotbailiff/payments/ledger"
	"robotbailiff/payments/source/gateway"
	"robotbailiff/rules/calendar"
)

const defaultAddr = "127.0.0.1:8080"

func runServe(ctx context.Context, e *env, args []string) error {
	roles := e.flags.String("roles", "web,work", "what this process does: `web,work`")
	addr := e.flags.String("addr", defaultAddr, "`HOST:PORT` of the pages; loopback is all that a sandbox may use")
	seed := e.flags.Uint64("seed", 1, "of the simulated world; sandbox only")
	pulse := e.flags.Duration("pulse", time.Second, "how often the due list is looked at")
	lease := e.flags.Duration("lease", 0, "for how long a chunk may wait for the job that was asked for it before another one is asked for")
	bad := e.flags.String("faults", "", "how often the simulated world misbehaves, in hundredths of a per cent, as `JSON`: {\"LostAnswer\":1000}; sandbox only")
	drops := e.flags.String("drop", "", "`DIR` that senders put batches into over SFTP, one folder each; needs the role work")
	bank := e.flags.String("statements", "", "`DIR` that bank statements are put into; needs the role work")
	older := e.flags.Bool("restored", false, "this database is an older copy that was restored: coercion is off until every bank was compared and two people release it")
	files := e.tlsFlags()
	rest, err := e.parse(args)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return usagef("serve takes no arguments, got %q", rest[0])
	}
	web, work, err := parseRoles(*roles)
	if err != nil {
		return err
	}
	if *drops != "" && !work {
		return usagef("--drop needs the role work: give --roles work, or leave --drop away")
	}
	if *bank != "" && !work {
		return usagef("--statements needs the role work: give --roles work, or leave --statements away")
	}
	faults, err := parseFaults(*bad)
	if err != nil {
		return err
	}
	d := door{closed: !web, addr: *addr}
	if d.tls, err = files.config(); err != nil {
		return err
	}
	if d.closed && d.tls != nil {
		return usagef("--tls-cert needs the role web: give --roles web, or leave it away")
	}
	opts := []pg.Option{pg.WithName("bailiff"), pg.WithMaxConns(24), pg.WithWait(30 * time.Second)}
	if work {
		opts = append(opts, pg.WithConfig(givingWay))
	}
	if work && !web {
		if err := giveway.Process(); err != nil {
			return err
		}
	}
	db, err := e.open(ctx, opts...)
	if err != nil {
		return err
	}
	err = e.serve(ctx, db, wiring{work: work, mark: work, older: *older, seed: *seed, pulse: *pulse, lease: *lease, drop: *drops, statements: *bank, faults: faults, reach: true}, d)
	return errors.Join(err, db.close(ctx))
}

// givingWay lets the sessions of workers give way to those of pages.
func givingWay(c *pgxpool.Config) { c.AfterConnect = giveway.Session }

func parseRoles(s string) (web, work bool, err error) {
	for _, r := range strings.Split(s, ",") {
		switch r {
		case "web":
			web = true
		case "work":
			work = true
		default:
			return false, false, usagef("--roles knows web and work, not %q", r)
		}
	}
	return web, work, nil
}

// parseFaults reads how often the sandbox misbehaves; what is not named never happens.
func parseFaults(text string) (*sandbox.Faults, error) {
	if text == "" {
		return nil, nil
	}
	var f sandbox.Faults
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return nil, usagef("--faults is JSON like {\"LostAnswer\":1000}: %v", err)
	}
	return &f, nil
}

// door is how the pages of a process are reached.
type door struct {
	closed bool // it has none
	addr   string
	tls    *tls.Config // nil: in the clear
}

func (e *env) serve(ctx context.Context, db *database, w wiring, d door) error {
	p, err := e.join(ctx, db, w)
	if err != nil {
		return err
	}
	defer p.close()
	if err := pg.Durable(ctx, db.pool); err != nil {
		return err
	}
	if w.older {
		if err := e.actOnRestore(ctx, p, "declare", "serve", ""); err != nil {
			return err
		}
	}
	if err := p.allowed(d.addr); !d.closed && err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	here := ""
	if !d.closed {
		ln, err := listen(ctx, d.addr)
		if err != nil {
			return err
		}
		here = "http://" + ln.Addr().String()
		if d.tls != nil {
			here = "https://" + ln.Addr().String()
		}
		site, err := e.site(ctx, p, here)
		if err != nil {
			return errors.Join(err, ln.Close())
		}
		_, _ = fmt.Fprintf(e.stderr, "bailiff serves on %s\n", here)
		g.Go(func() error { return e.serveHTTP(ctx, ln, d.tls, site, p.hush) })
		g.Go(func() error { return e.heedRules(ctx, p) })
	}
	if w.drop != "" {
		f, err := e.dropFolder(p, p.robot.Inbox, w.drop, false)
		if err != nil {
			return err
		}
		g.Go(func() error { return f.Run(ctx, dropEvery) })
	}
	if w.statements != "" {
		f, err := newStatementFolder(p.robot, w.statements, string(i18n.RU), e.log)
		if err != nil {
			return err
		}
		g.Go(func() error { return f.run(ctx) })
	}
	for _, run := range p.outside.run {
		g.Go(func() error { return run(ctx) })
	}
	if w.work {
		s, err := p.signer(here)
		if err != nil {
			return err
		}
		if s != nil {
			p.sign = s.Run
		}
	}
	g.Go(func() error { return p.robot.Run(ctx) })
	return g.Wait()
}

// heedRules looks every second which version of the rules is in force, so that pages follow what two people agreed on. Decisions look themselves.
func (e *env) heedRules(ctx context.Context, p *parts) error {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		now, err := p.clock.Now(ctx)
		if err == nil {
			_, err = p.packs.On(ctx, calendar.DateOf(now))
		}
		if err != nil && ctx.Err() == nil {
			e.log.WarnContext(ctx, "version of the rules", "error", err)
		}
	}
}

// allowed refuses to show a sandbox, whose sign-in is one click, to anything but this machine.
func (p *parts) allowed(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return usagef("--addr is HOST:PORT, not %q", addr)
	}
	if ip := net.ParseIP(host); p.sandbox == nil || host == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	return usagef("a sandbox is served on loopback only: give --addr 127.0.0.1:PORT, not %q", addr)
}

// listen opens the port, or says who to look for when somebody else has it.
func listen(ctx context.Context, addr string) (net.Listener, error) {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w: end the other program, or give another --addr, such as 127.0.0.1:0 for any free port", addr, err)
	}
	return ln, nil
}

// serveHTTP serves until the context ends. What is to end then is told so at once: a stream would never end by itself.
func (e *env) serveHTTP(ctx context.Context, ln net.Listener, secure *tls.Config, h http.Handler, ending ...func()) error {
	srv := &http.Server{
		Handler: h, TLSConfig: secure, ErrorLog: slog.NewLogLogger(e.log.Handler(), slog.LevelInfo), // visitors' broken connections
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 60 * time.Second, IdleTimeout: 2 * time.Minute,
	}
	for _, end := range ending {
		srv.RegisterOnShutdown(end)
	}
	go func() {
		<-ctx.Done()
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		_ = srv.Shutdown(stop) // the listener is closed either way
	}()
	var err error
	if secure != nil {
		err = srv.ServeTLS(ln, "", "")
	} else {
		err = srv.Serve(ln)
	}
	if !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("web: %w", err)
	}
	return nil
}

// site joins all pages and hooks. here is the address at which they are served, which only a sandbox tells to others: in production that
// is the portal's host.
func (e *env) site(ctx context.Context, p *parts, here string) (http.Handler, error) {
	mux := http.NewServeMux()
	p.health.Register(mux)
	mux.Handle("GET /metrics", obs.MetricsHandler(p.registry))
	if err := e.hooks(mux, p); err != nil {
		return nil, err
	}
	for path, receipts := range p.outside.hooks {
		mux.Handle(path, receipts)
	}
	base := p.base(here)
	if p.tills.world != nil {
		p.tills.world.At(here)
		mux.Handle(sandbox.TillPath, tillpage.Handler(p.tills.world))
		mux.Handle("GET "+smspage.Path, smspage.Handler(p.worlds))
	}
	bank, err := requisites(p.sandbox != nil)
	if err != nil {
		return nil, err
	}
	openPhone := func(sealed []byte) (string, error) {
		phone, err := p.keys.Open(sealed, intake.SealedPhone)
		return string(phone), err
	}
	docs, err := documents(p, bank, base)
	if err != nil {
		return nil, err
	}
	visitors, err := proxies()
	if err != nil {
		return nil, err
	}
	tries := e.gateTries(p)
	own, err := p.pagePool(ctx)
	if err != nil {
		return nil, err
	}
	portal := appportal.Config{
		Pool: own, Cases: p.robot.Engine, Packs: p.packs, TokenHash: p.keys.LinkHash, OpenIIN: p.openIIN, OpenPhone: openPhone, BlindIIN: func(iin string) []byte { return p.keys.Blind(intake.BlindIIN, iin) }, Observe: tries, Contacts: p.contacts, Bot: p.outside.bot, Papers: docs, Objections: objections.New(p.db.pool, p.keys),
		CaseByToken: func(ctx context.Context, token string) (int64, bool, error) {
			id, _, err := p.robot.Notices.CaseByToken(ctx, own, token)
			if errors.Is(err, notify.ErrNoLink) {
				return 0, false, nil
			}
			return id, err == nil, err
		},
		Pay:      appportal.Pay{Tills: p.tills.offered, Begin: p.robot.Begin, Book: p.robot.Payments, Base: base, Requisites: bank},
		Receipts: p.keys,
		Chosen: func(ctx context.Context, q engine.Querier, caseID int64) ([]orders.Chosen, error) {
			return orders.ChosenFor(ctx, q, p.keys, caseID)
		},
	}
	portal.Refunds = appportal.Refunds{Of: p.robot.MoneyBack, Give: p.robot.GiveOwnRequisites}
	if p.world != nil || p.outside.codes {
		portal.Codes = appportal.Codes{Store: p.robot.Codes, Send: p.robot.SendCode}
	}
	portalApp, err := appportal.New(portal)
	if err != nil {
		return nil, err
	}
	pages := webportal.Config{App: portalApp, Host: portalHost, ClientIP: visitors, Observe: tries, Secure: p.sandbox == nil, Key: p.keys.Blind("web.form", "portal"), Log: e.log}
	if err := p.signInOfDebtors(mux, base, &pages); err != nil {
		return nil, err
	}
	portalPages, err := webportal.Handler(pages)
	if err != nil {
		return nil, err
	}
	desk := appdesk.Config{
		Pool: p.db.pool, Cases: p.robot.Engine, Packs: p.packs, OpenIIN: p.openIIN, Keys: p.keys, Inbox: p.robot.Inbox, Host: portalHost, Money: p.robot, BankRates: p.rates, Papers: docs, Objections: portal.Objections, Lists: caselist.New(p.db.pool, p.keys), Machinery: p.robot, DemoSignIn: p.sandbox != nil,
		Fault: func(err error) { e.log.WarnContext(context.Background(), "live figures of the desk", "error", err) },
	}
	provider, err := deskSignIn(p, &desk)
	if err != nil {
		return nil, err
	}
	deskApp, err := appdesk.New(desk)
	if err != nil {
		return nil, err
	}
	p.hush = deskApp.Hush
	deskPages, err := webdesk.Handler(webdesk.Config{App: deskApp, Secure: p.sandbox == nil, Key: p.keys.Blind("web.form", "desk"), Log: e.log, Provider: provider, ClientIP: visitors, URL: deskURL()})
	if err != nil {
		return nil, err
	}
	signer, err := receiptSigner(p)
	if err != nil {
		return nil, err
	}
	api, err := webapi.Handler(webapi.Config{Inbox: p.robot.Inbox, Sources: p.sources, Feed: p.feed, Signer: signer, Log: e.log, ClientIP: visitors})
	if err != nil {
		return nil, err
	}
	if err := e.publicFigures(mux, p); err != nil {
		return nil, err
	}
	mux.Handle("/api/", api)
	mux.Handle("/desk/", deskPages)
	mux.Handle("GET /sms", ui.Headers(http.RedirectHandler("/p/sms", http.StatusSeeOther))) // short enough to be typed
	mux.Handle("GET /{$}", ui.Headers(http.RedirectHandler("/p/", http.StatusSeeOther)))
	mux.Handle("/", portalPages)
	return mux, nil
}

// receiptSigner signs receipts with the certificate of BAILIFF_RECEIPT_CERT_FILE and its key, or with a key of this
// installation that is derived from its secret.
func receiptSigner(p *parts) (*proof.ReceiptSigner, error) {
	certFile, keyFile := os.Getenv("BAILIFF_RECEIPT_CERT_FILE"), os.Getenv("BAILIFF_RECEIPT_KEY_FILE")
	if certFile == "" && keyFile == "" {
		return proof.NewKeySigner(p.keys.Blind("receipt.key", "ed25519"))
	}
	if certFile == "" || keyFile == "" {
		return nil, usagef("BAILIFF_RECEIPT_CERT_FILE and BAILIFF_RECEIPT_KEY_FILE belong together: set both, or none")
	}
	cert, err := os.ReadFile(certFile)
	if err != nil {
		return nil, fmt.Errorf("BAILIFF_RECEIPT_CERT_FILE: %w", err)
	}
	key, err := os.ReadFile(keyFile)
	if err != nil {
		return nil, fmt.Errorf("BAILIFF_RECEIPT_KEY_FILE: %w", err)
	}
	return proof.ParseSigner(cert, key)
}

// hooks serves the messages of payment systems. A sandbox has secrets of its own.
func (e *env) hooks(mux *http.ServeMux, p *parts) error {
	proofs, err := paymentProofs(p)
	if err != nil {
		return err
	}
	for _, source := range slices.Sorted(maps.Keys(proofs)) {
		mux.Handle("/hooks/payments/"+source, gateway.Handler(source, proofs[source], p.robot, p.clock.Now, func(ctx context.Context, source string, result gateway.Result, err error) {
			p.metrics.observe("webhook", string(result), 1)
			if err != nil {
				e.log.WarnContext(ctx, "payment message not kept", "source", source, "result", string(result), "error", err)
			}
		}))
	}
	return nil
}

// paymentProofs reads BAILIFF_WEBHOOK_SECRETS, "source=whsec_…,source=…", and BAILIFF_WEBHOOK_PLAIN_SECRETS for payment systems that sign
// the body alone; two secrets of one source are both active. An empty or short one is refused: with it anybody could say "paid".
func paymentProofs(p *parts) (map[string]gateway.Proof, error) {
	standard, plain := map[string][]string{}, map[string][]string{}
	if p.world != nil {
		for _, s := range []string{sandbox.SourceGateway, sandbox.SourceBank} {
			standard[s] = []string{p.webhookSecret(s)}
		}
	} else {
		for name, into := range map[string]map[string][]string{"BAILIFF_WEBHOOK_SECRETS": standard, "BAILIFF_WEBHOOK_PLAIN_SECRETS": plain} {
			for _, pair := range secretsOf(name) {
				source, secret, ok := strings.Cut(pair, "=")
				if !ok || !ledger.ValidSource(source) || source == ledger.SourceTreasury {
					return nil, usagef("%s is a list of SOURCE=SECRET, separated by commas; a source has small Latin letters, digits, dot, dash and underscore", name)
				}
				into[source] = append(into[source], secret)
			}
		}
	}
	out := map[string]gateway.Proof{}
	for source, secrets := range standard {
		v, err := webhook.NewVerifier(secrets)
		if err != nil {
			return nil, usagef("BAILIFF_WEBHOOK_SECRETS, %s: %v", source, err)
		}
		out[source] = v
	}
	for source, secrets := range plain {
		if out[source] != nil {
			return nil, usagef("%s signs in one way: name it in BAILIFF_WEBHOOK_SECRETS or in BAILIFF_WEBHOOK_PLAIN_SECRETS", source)
		}
		v, err := webhook.NewPlain(secrets)
		if err != nil {
			return nil, usagef("BAILIFF_WEBHOOK_PLAIN_SECRETS, %s: %v", source, err)
		}
		out[source] = v
	}
	return out, nil
}
