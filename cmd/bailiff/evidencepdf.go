package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"robotbailiff/engine"
	"robotbailiff/engine/audit"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/paper"
	"robotbailiff/internal/pg"
)

// evidenceOptions say where the pack goes as a PDF, and in which language.
type evidenceOptions struct {
	file   string
	force  bool
	lang   i18n.Lang
	record bool   // the hashes in the case
	as     string // who records them
}

// evidenceReport is what evidence --pdf prints: by these hashes the pack can be recorded.
type evidenceReport struct {
	Case       string     `json:"case"`
	File       string     `json:"file"`
	Bytes      int        `json:"bytes"`
	SHA256     string     `json:"sha256"`
	Check      string     `json:"check"`       // the code in the foot of every page
	JSONBytes  int        `json:"json_bytes"`  // of the facts, which are attached to the PDF
	JSONSHA256 string     `json:"json_sha256"` // of the same bytes that --json alone prints for the same instant
	ChainCheck chainCheck `json:"chain_check"`
	Recorded   int        `json:"recorded"` // hashes that the case did not have before; with --record only
}

// writeEvidence writes what --json prints, and the same on paper, into one file.
func (e *env) writeEvidence(v evidenceView, o evidenceOptions) (r evidenceReport, err error) {
	var facts bytes.Buffer
	enc := json.NewEncoder(&facts)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return r, fmt.Errorf("evidence: %w", err)
	}
	pdf, err := paper.Evidence(v.pack(facts.Bytes(), o.lang))
	if err != nil {
		return r, fmt.Errorf("evidence: %w", err)
	}
	if err := place(o.file, pdf, o.force); err != nil {
		return r, err
	}
	return evidenceReport{
		Case: v.Case, File: o.file, Bytes: len(pdf), SHA256: sumOf(pdf), Check: paper.CheckCode(facts.Bytes()),
		JSONBytes: facts.Len(), JSONSHA256: sumOf(facts.Bytes()), ChainCheck: v.ChainCheck,
	}, nil
}

// recordEvidence makes the hashes of a pack a part of the case, so that nobody can say later that it was made up.
func (e *env) recordEvidence(ctx context.Context, id int64, r *evidenceReport, as string) error {
	return e.onDatabase(ctx, func(db *database) error {
		p, err := e.join(ctx, db, wiring{})
		if err != nil {
			return err
		}
		defer p.close()
		r.Recorded, err = p.robot.Engine.Attest(ctx, id, "desk:"+as, engine.Attest{SHA256: r.SHA256, Format: "pdf"}, engine.Attest{SHA256: r.JSONSHA256, Format: "json"})
		return err
	}, pg.WithName("bailiff-attest"), pg.WithMaxConns(2))
}

func (e *env) printReport(r evidenceReport) error {
	return e.print(r, func() {
		e.sayf("Case %s: %s, %d bytes, check code %s\n", r.Case, r.File, r.Bytes, r.Check)
		e.sayf("  SHA-256 of the PDF   %s\n  SHA-256 of the JSON  %s, attached to the PDF, %d bytes\n", r.SHA256, r.JSONSHA256, r.JSONBytes)
		e.sayChain(r.ChainCheck)
		if r.Recorded > 0 {
			e.sayf("  Recorded in the case: %d hashes\n", r.Recorded)
		}
	})
}

func sumOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// pack is the view as paper takes it: the same facts, nothing more.
func (v evidenceView) pack(facts []byte, lang i18n.Lang) paper.EvidencePack {
	d := paper.EvidencePack{
		Lang: lang, Case: v.Case, MadeAt: v.MadeAt,
		OpenedOn: v.OpenedOn, NotifiedOn: v.NotifiedOn, VoluntaryEndsOn: v.VoluntaryEndsOn, TermEndsOn: v.TermEndsOn,
		Intact: v.ChainCheck.Result == audit.Intact, JSON: facts,
	}
	if bad := v.ChainCheck.FirstBad; bad != nil {
		d.BrokenAt = bad.Seq
	}
	for _, o := range v.Opened {
		d.Visits = append(d.Visits, paper.EvidenceVisit{Ordinal: o.Ordinal, FirstAt: o.FirstAt, LastAt: o.LastAt, Visits: o.Visits})
	}
	for _, n := range v.Notices {
		p := paper.EvidenceNotice{
			Ordinal: n.Ordinal, Channel: string(n.Channel), Kind: string(n.Kind), Rung: n.Rung, Language: n.Language, TextVersion: n.TextVersion,
			Text: n.Text, Bytes: n.Bytes, SHA256: n.SHA256, SMSParts: n.SMSParts, Status: string(n.Status), Detail: n.Detail, Attempts: n.Attempts,
			WantedAt: n.WantedAt, NotBefore: n.NotBefore, ExpiresAt: n.ExpiresAt, SentAt: n.SentAt, DeliveredAt: n.DeliveredAt,
			Ref: n.Ref, ProviderRef: n.ProviderRef,
		}
		for _, r := range n.Receipts {
			p.Receipts = append(p.Receipts, paper.EvidenceReceipt{ProviderRef: r.ProviderRef, Attempt: r.Attempt, Part: r.Part, Of: r.Of, Status: string(r.Status), At: r.At})
		}
		d.Notices = append(d.Notices, p)
	}
	for _, x := range v.Chain {
		d.Events = append(d.Events, paper.EvidenceEvent{Seq: x.Seq, Kind: string(x.Kind), At: x.At, Hash: x.Hash})
	}
	return d
}

// place writes the whole file under another name beside its own and only then gives it its name, so that nobody ever finds half of
// it. A file that is there stays, unless force says otherwise.
func place(path string, content []byte, force bool) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".evidence-*") // mode 0600: the texts are the person's
	if err != nil {
		return fmt.Errorf("evidence: %w", err)
	}
	defer func() {
		if gone := os.Remove(f.Name()); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}()
	_, wrote := f.Write(content)
	if err := errors.Join(wrote, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("evidence: %w", err)
	}
	if force {
		err = os.Rename(f.Name(), path)
	} else if err = os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) { // a file system without links
		if _, there := os.Lstat(path); errors.Is(there, fs.ErrNotExist) {
			err = os.Rename(f.Name(), path)
		}
	}
	switch {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("evidence: %s is there already: choose another name, or let --force replace it", path)
	case err != nil:
		return fmt.Errorf("evidence: %w", err)
	}
	return nil
}
