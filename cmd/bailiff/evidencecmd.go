package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/pg"
	"robotbailiff/notify"
	"robotbailiff/notify/text"
	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/pack"
)

// evidenceView is what proves that a person was told: every notice with its bytes by hash, its times and receipts, when the
// personal link was opened, and the events of the case by their hashes, so that `bailiff audit verify` vouches for them. The
// text is given without the secret of the link; who has the message itself can compare the hash.
type evidenceView struct {
	Case            string           `json:"case"`
	MadeAt          time.Time        `json:"made_at"` // legal time
	OpenedOn        calendar.Date    `json:"opened_on"`
	NotifiedOn      calendar.Date    `json:"notified_on,omitzero"`
	VoluntaryEndsOn calendar.Date    `json:"voluntary_ends_on,omitzero"` // last day before anything is held
	TermEndsOn      calendar.Date    `json:"term_ends_on"`
	Notices         []evidenceNotice `json:"notices"`
	Opened          []evidenceVisit  `json:"opened"` // when the debtor opened the case: behind the gate of a personal link, or after a sign-in
	Chain           []evidenceEvent  `json:"chain"`
	Head            string           `json:"head"` // hash of the last event
	ChainCheck      chainCheck       `json:"chain_check"`
}

// evidenceVisit says when the personal link of a notice was opened by somebody who passed the gate, or the case after a sign-in; legal time.
type evidenceVisit struct {
	Ordinal int       `json:"ordinal"` // of the notice whose link it is; 0: of none
	FirstAt time.Time `json:"first_at"`
	LastAt  time.Time `json:"last_at"`
	Visits  int       `json:"visits"`
	By      string    `json:"by,omitempty"` // sign_in: the debtor had signed in at the identity provider
}

type evidenceNotice struct {
	Ordinal     int            `json:"ordinal"` // number of the event that asked for it
	Channel     notify.Channel `json:"channel"`
	Kind        notify.Kind    `json:"kind"`
	Rung        int            `json:"rung"`
	Language    string         `json:"language"`
	TextVersion int            `json:"text_version"`
	Text        string         `json:"text"` // without the secret of the link
	Bytes       int            `json:"bytes"`
	SHA256      string         `json:"sha256"` // of the exact bytes, UTF-8; a push: title, line feed, body
	SMSParts    int            `json:"sms_parts,omitzero"`
	Status      notify.Status  `json:"status"`
	Detail      string         `json:"detail,omitempty"`
	Attempts    int            `json:"attempts"`
	WantedAt    time.Time      `json:"wanted_at"`
	NotBefore   time.Time      `json:"not_before"`
	ExpiresAt   time.Time      `json:"expires_at"`
	SentAt      *time.Time     `json:"sent_at,omitempty"`
	DeliveredAt *time.Time     `json:"delivered_at,omitempty"` // to the number or the device, not into a person's hands
	Ref         string         `json:"ref"`                    // ours
	ProviderRef string         `json:"provider_ref,omitempty"`
	Receipts    []notify.Part  `json:"receipts,omitempty"` // of parts, while not all have come; then delivered_at says it
}

func runEvidence(ctx context.Context, e *env, args []string) error {
	var o evidenceOptions
	e.flags.StringVar(&o.file, "pdf", "", "write the evidence as a PDF to `FILE`, with the same facts as JSON attached")
	e.flags.BoolVar(&o.force, "force", false, "let --pdf replace a file that is there")
	e.flags.BoolVar(&o.record, "record", false, "with --pdf: record the hashes of the PDF and of the JSON in the case, as an event of its own")
	as := e.actorFlag()
	lang := e.langFlag()
	rest, err := e.parse(args)
	if err != nil {
		return err
	}
	if o.as = strings.TrimSpace(*as); o.record && (o.file == "" || o.as == "") {
		return usagef("--record is for --pdf FILE, and needs the name of who records: --as NAME")
	}
	if o.lang, err = language(*lang); err != nil {
		return err
	}
	if o.force && o.file == "" {
		return usagef("--force is for --pdf FILE")
	}
	if len(rest) != 1 {
		return usagef("evidence takes one case number, such as %s", numberSample)
	}
	id, err := caseno.Parse(rest[0])
	if err != nil {
		return usagef("%q is not a case number: %s. A number looks like %s", rest[0], whyNoNumber(err), numberSample)
	}
	var v evidenceView
	err = e.onDatabase(ctx, func(db *database) (err error) {
		v, err = e.evidence(ctx, db, id)
		return err
	}, pg.WithName("bailiff-evidence"), pg.WithMaxConns(2), pg.WithRole(pg.RoleAudit))
	if err != nil {
		return err
	}
	if o.file == "" {
		err = e.print(v, func() { e.printEvidence(v) })
	} else {
		err = e.evidencePDF(ctx, id, v, o)
	}
	if err == nil && v.ChainCheck.FirstBad != nil {
		return errSilent // the pack is there, and says itself that nobody may rely on it
	}
	return err
}

func (e *env) evidencePDF(ctx context.Context, id int64, v evidenceView, o evidenceOptions) error {
	r, err := e.writeEvidence(v, o)
	if err != nil {
		return err
	}
	if o.record && v.ChainCheck.FirstBad == nil { // nothing is added to a chain that somebody broke
		if err := e.recordEvidence(ctx, id, &r, o.as); err != nil {
			return err
		}
	}
	return e.printReport(r)
}

const evidenceOpenedSQL = `SELECT l.ordinal, v.first_at, v.last_at, v.visits, '' FROM link_visits v JOIN links l ON l.token_hash = v.token_hash WHERE v.case_id = $1
 UNION ALL SELECT 0, first_at, last_at, visits, 'sign_in' FROM signed_visits WHERE case_id = $1 ORDER BY 2, 1`

// evidence reads everything in one state of the database.
func (e *env) evidence(ctx context.Context, db *database, id int64) (v evidenceView, err error) {
	if err := db.current(ctx); err != nil {
		return v, err
	}
	keys, err := db.keys()
	if err != nil {
		return v, err
	}
	notices, err := notify.NewStore(notify.Config{Links: keys, Host: portalHost, Window: func(t time.Time) (from, until time.Time) {
		return rules.SendWindow(pack.Default(), t)
	}})
	if err != nil {
		return v, err
	}
	p := &parts{db: db}
	if err := p.joinClock(ctx); err != nil {
		return v, err
	}
	if v.MadeAt, err = p.clock.Now(ctx); err != nil {
		return v, err
	}
	tx, err := db.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return v, fmt.Errorf("evidence: %w", err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // it has only read
	cases, err := engine.Load(ctx, tx, []int64{id})
	if err != nil {
		return v, err
	}
	if len(cases) == 0 {
		return v, fmt.Errorf("there is no case %s in this database: check the number, or --db", caseno.Format(id))
	}
	c := cases[0]
	v.Case, v.MadeAt = caseno.Format(id), v.MadeAt.UTC()
	v.OpenedOn, v.NotifiedOn, v.VoluntaryEndsOn, v.TermEndsOn = c.OpenedOn, c.NotifiedOn, c.VoluntaryEndsOn, c.TermEndsOn
	if err := v.readNotices(ctx, tx, notices, id); err != nil {
		return v, err
	}
	if v.Chain, v.ChainCheck, err = followChain(ctx, tx, c); err != nil {
		return v, err
	}
	if len(v.Chain) > 0 {
		v.Head = v.Chain[len(v.Chain)-1].Hash
	}
	rows, err := tx.Query(ctx, evidenceOpenedSQL, id)
	if err == nil {
		v.Opened, err = pgx.CollectRows(rows, pgx.RowToStructByPos[evidenceVisit])
	}
	if err != nil {
		return v, fmt.Errorf("evidence: visits: %w", err)
	}
	return v, nil
}

func (v *evidenceView) readNotices(ctx context.Context, tx pgx.Tx, store *notify.Store, id int64) error {
	all, err := store.OfCase(ctx, tx, id)
	if err != nil {
		return err
	}
	parts, err := store.PartsOf(ctx, tx, id)
	if err != nil {
		return err
	}
	v.Notices = []evidenceNotice{}
	for _, n := range all {
		exact, masked, smsParts := n.Text, n.Masked, 0
		switch n.Channel {
		case notify.Push, notify.Letter:
			exact, masked = n.Title+"\n"+n.Text, n.Title+"\n"+n.Masked
		case notify.SMS:
			smsParts = text.Parts(n.Text)
		case notify.Telegram:
		}
		sum := sha256.Sum256([]byte(exact))
		ref := notify.Ref(n.CaseID, n.Ordinal, n.Channel)
		v.Notices = append(v.Notices, evidenceNotice{
			Ordinal: n.Ordinal, Channel: n.Channel, Kind: n.Kind, Rung: n.Rung, Language: n.Language, TextVersion: n.TextVersion,
			Text: masked, Bytes: len(exact), SHA256: hex.EncodeToString(sum[:]), SMSParts: smsParts, Status: n.Status, Detail: n.Detail, Attempts: n.Attempts,
			WantedAt: n.CreatedAt, NotBefore: n.NotBefore, ExpiresAt: n.ExpiresAt, SentAt: n.SentAt, DeliveredAt: n.DeliveredAt,
			Ref: ref, ProviderRef: n.ProviderRef, Receipts: parts[ref],
		})
	}
	return nil
}

func (e *env) printEvidence(v evidenceView) {
	e.sayf("Case %s, made %s, told on %s\n", v.Case, v.MadeAt.Format(time.RFC3339), v.NotifiedOn)
	for _, n := range v.Notices {
		e.sayf("\n%d. %s by %s in %s, version %d: %s %s\n   %s\n   %d bytes, SHA-256 %s\n", n.Ordinal, n.Kind, n.Channel, n.Language, n.TextVersion, n.Status, n.Detail, n.Text, n.Bytes, n.SHA256)
		e.sayf("   wanted %s, sent %s, delivered %s, %d attempts, %s %s\n", n.WantedAt.UTC().Format(time.RFC3339), instantOf(n.SentAt), instantOf(n.DeliveredAt), n.Attempts, n.Ref, n.ProviderRef)
		for _, p := range n.Receipts {
			e.sayf("   part %d of %d, attempt %d, %s: %s %s\n", p.Part, p.Of, p.Attempt, p.ProviderRef, p.Status, instantOf(p.At))
		}
	}
	for _, o := range v.Opened {
		if o.By != "" {
			e.sayf("\nThe debtor signed in and opened the case at %s, and last at %s, %d times\n", o.FirstAt.UTC().Format(time.RFC3339), o.LastAt.UTC().Format(time.RFC3339), o.Visits)
			continue
		}
		e.sayf("\nThe link of notice %d was opened at %s, and last at %s, %d times\n", o.Ordinal, o.FirstAt.UTC().Format(time.RFC3339), o.LastAt.UTC().Format(time.RFC3339), o.Visits)
	}
	e.sayf("\n%d events, the last one has the hash %s; bailiff audit verify proves the chains of all cases\n", len(v.Chain), v.Head)
	e.sayChain(v.ChainCheck)
}

func instantOf(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}
