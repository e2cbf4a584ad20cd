package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/user"
	"slices"
	"strconv"
	"strings"
	"time"

	"robotbailiff/engine/intake"
	"robotbailiff/engine/intake/proof"
	"robotbailiff/internal/app/feed"
	"robotbailiff/internal/pg"
)

// sourceView is one source as source shows it. Identity numbers of persons are masked; secrets are there once, when they
// are made.
type sourceView struct {
	Name          string     `json:"name"`
	Title         string     `json:"title"`
	Proof         proof.Kind `json:"proof"`
	Roots         []rootView `json:"roots"`
	Subjects      []string   `json:"subjects"`
	TLSSubject    string     `json:"tls_subject"`
	Active        bool       `json:"active"`
	Gates         bool       `json:"gates"`
	WebhookURL    string     `json:"webhook_url"`
	HasKey        bool       `json:"has_key"`
	HasSecret     bool       `json:"has_webhook_secret"`
	CreatedAt     time.Time  `json:"created_at"`
	ChangedAt     time.Time  `json:"changed_at"`
	ChangedBy     string     `json:"changed_by"`
	APIKey        string     `json:"api_key,omitempty"`
	WebhookSecret string     `json:"webhook_secret,omitempty"`

	Delivery feed.State `json:"webhook_delivery,omitzero"` // left out when nothing was ever told, and in a list
}

// rootView is one certificate that a source's signatures must lead to.
type rootView struct {
	Subject  string    `json:"subject"`
	SHA256   string    `json:"sha256"`
	NotAfter time.Time `json:"not_after"`
}

// sourceFlags are the settings that put takes.
type sourceFlags struct {
	title, proof, roots, tlsCert, webhook string
	subjects                              words
	active, gates, secret                 bool
}

// words is a flag that may be given several times.
type words []string

// String implements flag.Value.
func (w *words) String() string { return strings.Join(*w, ", ") }

// Set implements flag.Value.
func (w *words) Set(s string) error {
	*w = append(*w, s)
	return nil
}

const sourceUsage = "source takes list, show NAME, put NAME [--proof none|cms|xmldsig …], key NAME [--webhook] or replay NAME [--since CURSOR]"

func runSource(ctx context.Context, e *env, args []string) error {
	var f sourceFlags
	e.flags.StringVar(&f.title, "title", "", "put: the sender's name for people")
	e.flags.StringVar(&f.proof, "proof", "", "put: `KIND` of proof: none, cms or xmldsig; a new source must say it")
	e.flags.StringVar(&f.roots, "roots", "", "put: `FILE` with the trusted certificates, PEM")
	e.flags.Var(&f.subjects, "subject", "put: who may sign: `IIN…`, BIN… or O=NAME; may be repeated, replaces the former list; \"\" empties it")
	e.flags.StringVar(&f.tlsCert, "tls-cert", "", "put: `FILE` with the certificate by which the sender's TLS connections are known, PEM")
	e.flags.StringVar(&f.webhook, "webhook-url", "", "put: `URL` that is told what became of a batch")
	e.flags.BoolVar(&f.active, "active", true, "put: whether batches are taken")
	e.flags.BoolVar(&f.gates, "gates", true, "put: whether a batch with many bad rows waits for a person")
	e.flags.BoolVar(&f.secret, "webhook", false, "key: make a new webhook secret instead of an API key")
	since := e.flags.String("since", "", "replay: `CURSOR` after which all is told once more; empty: from the first event")
	rest, err := e.parse(args)
	if err != nil {
		return err
	}
	word, name := "", ""
	switch {
	case len(rest) == 1 && rest[0] == "list":
		word = "list"
	case len(rest) == 2 && slices.Contains([]string{"show", "put", "key", "replay"}, rest[0]):
		word, name = rest[0], rest[1]
	default:
		return usagef(sourceUsage)
	}
	given := map[string]bool{}
	e.flags.Visit(func(x *flag.Flag) { given[x.Name] = true })
	return e.onDatabase(ctx, func(db *database) error {
		if err := db.current(ctx); err != nil {
			return err
		}
		keys, err := db.keys()
		if err != nil {
			return err
		}
		s := intake.NewSources(db.pool, keys)
		switch word {
		case "list":
			return e.listSources(ctx, s)
		case "show":
			return e.showSource(ctx, db, s, name, sourceView{})
		case "key":
			return e.newSourceKey(ctx, db, s, name, f.secret)
		case "replay":
			return e.replaySource(ctx, db, s, name, *since)
		}
		return e.putSource(ctx, db, s, name, &f, given)
	}, pg.WithName("bailiff-source"), pg.WithMaxConns(2))
}

// operator is who sits at this terminal, for the record.
func operator() string {
	if name := os.Getenv("SUDO_USER"); name != "" {
		return "cli:" + name
	}
	u, err := user.Current()
	if err != nil {
		return "cli"
	}
	return "cli:" + u.Username
}

// putSource changes what was given and leaves the rest. A webhook without a secret gets one.
func (e *env) putSource(ctx context.Context, db *database, s *intake.Sources, name string, f *sourceFlags, given map[string]bool) error {
	src, err := s.Load(ctx, name)
	if unregistered(err) {
		src, err = intake.Source{Name: name, Active: true, GatesOn: true}, nil
		if !given["proof"] {
			return usagef("a new source says how it proves itself: --proof cms --roots FILE, --proof xmldsig --roots FILE, or --proof none")
		}
	}
	if err != nil {
		return err
	}
	if err := f.apply(&src, given); err != nil {
		return err
	}
	if err := s.Put(ctx, src, operator()); err != nil {
		return err
	}
	var fresh sourceView
	if src.WebhookURL != "" && !src.HasWebhookSecret {
		if fresh.WebhookSecret, err = s.NewWebhookSecret(ctx, name, operator()); err != nil {
			return err
		}
	}
	return e.showSource(ctx, db, s, name, fresh)
}

// apply puts the given flags over the settings.
func (f *sourceFlags) apply(src *intake.Source, given map[string]bool) error {
	if given["proof"] {
		if src.Proof = proof.Kind(f.proof); src.Proof == proof.None {
			src.Roots, src.Subjects = "", nil
		}
	}
	if given["roots"] {
		text, err := os.ReadFile(f.roots)
		if err != nil {
			return fmt.Errorf("--roots: %w", err)
		}
		src.Roots = string(text)
	}
	if given["subject"] {
		src.Subjects = slices.DeleteFunc(slices.Clone(f.subjects), func(s string) bool { return s == "" })
	}
	if given["tls-cert"] {
		src.TLSSubject = ""
		if f.tlsCert != "" {
			text, err := os.ReadFile(f.tlsCert)
			if err != nil {
				return fmt.Errorf("--tls-cert: %w", err)
			}
			certs, err := proof.ParseCertificates(text)
			if err != nil {
				return fmt.Errorf("--tls-cert: %w", err)
			}
			src.TLSSubject = intake.TLSSubject(certs[0])
		}
	}
	if given["title"] {
		src.Title = f.title
	}
	if given["webhook-url"] {
		src.WebhookURL = f.webhook
	}
	if given["active"] {
		src.Active = f.active
	}
	if given["gates"] {
		src.GatesOn = f.gates
	}
	return nil
}

func (e *env) newSourceKey(ctx context.Context, db *database, s *intake.Sources, name string, webhook bool) error {
	var fresh sourceView
	var err error
	if webhook {
		fresh.WebhookSecret, err = s.NewWebhookSecret(ctx, name, operator())
	} else {
		fresh.APIKey, err = s.NewAPIKey(ctx, name, operator())
	}
	if unregistered(err) {
		return errNoSource
	}
	if err != nil {
		return err
	}
	return e.showSource(ctx, db, s, name, fresh)
}

// replaySource has the webhook of a source told again; the workers of bailiff serve do it.
func (e *env) replaySource(ctx context.Context, db *database, s *intake.Sources, name, since string) error {
	err := feed.New(feed.Config{Pool: db.pool, Sources: s}).Replay(ctx, name, since)
	if unregistered(err) {
		return errNoSource
	}
	if err != nil {
		return err
	}
	return e.showSource(ctx, db, s, name, sourceView{})
}

// errNoSource is a name that nobody is registered under.
var errNoSource = errors.New("there is no such source: bailiff source list shows all, bailiff source put registers one")

func unregistered(err error) bool {
	fatal, ok := errors.AsType[*intake.FatalError](err)
	return ok && fatal.Code == intake.FatalSourceUnknown
}

// showSource prints a source, with what was just made for it.
func (e *env) showSource(ctx context.Context, db *database, s *intake.Sources, name string, fresh sourceView) error {
	src, err := s.Load(ctx, name)
	if unregistered(err) {
		return errNoSource
	}
	if err != nil {
		return err
	}
	v := viewSource(&src)
	v.APIKey, v.WebhookSecret = fresh.APIKey, fresh.WebhookSecret
	if v.Delivery, err = feed.New(feed.Config{Pool: db.pool, Sources: s}).State(ctx, name); err != nil {
		return err
	}
	return e.print(v, func() { e.sayf("%s", v.text()) })
}

func (e *env) listSources(ctx context.Context, s *intake.Sources) error {
	all, err := s.List(ctx)
	if err != nil {
		return err
	}
	list := struct {
		Sources []sourceView `json:"sources"`
	}{[]sourceView{}}
	for i := range all {
		list.Sources = append(list.Sources, viewSource(&all[i]))
	}
	return e.print(list, func() {
		for _, v := range list.Sources {
			e.sayf("%-24s %-8s %-8s %s\n", v.Name, v.Proof, word(v.Active, "active", "off"), v.Title)
		}
		e.sayf("%d sources\n", len(list.Sources))
	})
}

func word(yes bool, a, b string) string {
	if yes {
		return a
	}
	return b
}

func viewSource(s *intake.Source) sourceView {
	v := sourceView{
		Name: s.Name, Title: s.Title, Proof: s.Proof, Roots: []rootView{}, Subjects: []string{}, TLSSubject: s.TLSSubject, Active: s.Active,
		Gates: s.GatesOn, WebhookURL: s.WebhookURL, HasKey: s.HasKey, HasSecret: s.HasWebhookSecret,
		CreatedAt: s.CreatedAt, ChangedAt: s.ChangedAt, ChangedBy: s.ChangedBy,
	}
	for _, subject := range s.Subjects {
		if number, person := strings.CutPrefix(subject, "IIN"); person && len(number) > 4 {
			subject = "IIN" + strings.Repeat("*", len(number)-4) + number[len(number)-4:]
		}
		v.Subjects = append(v.Subjects, subject)
	}
	certs, err := proof.ParseCertificates([]byte(s.Roots))
	if err != nil {
		return v // no roots: the source proves nothing
	}
	for _, c := range certs {
		sum := sha256.Sum256(c.Raw)
		v.Roots = append(v.Roots, rootView{Subject: c.Subject.String(), SHA256: hex.EncodeToString(sum[:]), NotAfter: c.NotAfter})
	}
	return v
}

func (v *sourceView) text() string {
	var b strings.Builder
	line := func(name, value string) {
		if value != "" {
			_, _ = fmt.Fprintf(&b, "  %-15s %s\n", name, value)
		}
	}
	_, _ = fmt.Fprintf(&b, "%s  %s\n", v.Name, word(v.Active, "active", "off"))
	line("Title", v.Title)
	line("Proof", string(v.Proof))
	for _, r := range v.Roots {
		line("Trusts", fmt.Sprintf("%s, until %s, sha256:%s…", r.Subject, r.NotAfter.Format(time.DateOnly), r.SHA256[:16]))
	}
	line("May sign", strings.Join(v.Subjects, ", "))
	line("TLS subject", v.TLSSubject)
	line("API key", word(v.HasKey, "yes", "none"))
	line("Webhook", v.WebhookURL)
	line("Told", delivery(v.Delivery))
	line("Gates", word(v.Gates, "on", "off"))
	line("Changed", v.ChangedAt.Format(time.RFC3339)+" by "+v.ChangedBy)
	line("New API key", v.APIKey)
	line("Webhook secret", v.WebhookSecret)
	if v.APIKey != "" || v.WebhookSecret != "" {
		b.WriteString("Shown this once: hand it over and keep no copy.\n")
	}
	return b.String()
}

// delivery says how telling a webhook goes.
func delivery(d feed.State) string {
	if d.LastAt == nil {
		return ""
	}
	text := fmt.Sprintf("%d events; last at %s, answer %s", d.Told, d.LastAt.Format(time.RFC3339), word(d.LastStatus == 0, "none", strconv.Itoa(d.LastStatus)))
	if d.FailingSince != nil {
		text += fmt.Sprintf("; failing since %s, %d attempts in vain", d.FailingSince.Format(time.RFC3339), d.Attempts)
	}
	if d.Stopped {
		text += "; stopped: bailiff source replay starts it again"
	}
	return text
}
