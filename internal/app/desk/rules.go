package desk

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/engine/ruleset"
	"robotbailiff/internal/app/whatif"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/pack"
)

// Rulebook is what the desk needs of the versions of the rules.
type Rulebook interface {
	ByID(ctx context.Context, id int16) (*pack.Pack, error)
	Own() *pack.Pack
	On(ctx context.Context, today calendar.Date) (*pack.Pack, error)
}

// RuleVersion is one version of the rules as the list shows it.
type RuleVersion struct {
	ID      int16
	Hash    string
	Added   time.Time
	InForce bool
	Own     bool // the one that the program brings
}

// Rules is which version decides, which have decided, and what people propose.
type Rules struct {
	Now       time.Time
	Today     calendar.Date
	Versions  []RuleVersion
	Proposals []ruleset.Proposal
	Force     RuleVersion
}

// RuleProposal is one proposal with what it would change.
type RuleProposal struct {
	Now      time.Time
	Proposal ruleset.Proposal
	Waits    bool
	Force    string        // hash of the version that it is compared with
	Diff     []pack.Change // against the version in force now
	WhatIf   *whatif.Result
}

// Errors of proposals.
var (
	// ErrNoPack says that no file with rules came.
	ErrNoPack = errors.New("desk: no version of the rules was chosen")
	// ErrArchive says that a file is no archive with rules.
	ErrArchive = errors.New("desk: this is no ZIP archive of at most 1 MB with at most 200 .yaml files, 4 MB in all")
	// ErrSameRules says that a proposal changes nothing.
	ErrSameRules = errors.New("desk: this is the version that is in force")
)

// PackFaults is what is wrong with a version that somebody brings.
type PackFaults struct{ Faults []*pack.Fault }

// Error counts them.
func (e *PackFaults) Error() string {
	return fmt.Sprintf("desk: the rules have %d faults", len(e.Faults))
}

// How many of the newest cases a version is tried on, for at most how long, and how many proposals and versions a page shows.
const (
	triedCases  = 20000
	triedFor    = 10 * time.Second
	mostRules   = 50
	mostChanges = 400
)

// Rules reads how the rules stand.
func (s *Service) Rules(ctx context.Context, actor Actor) (v Rules, err error) {
	if err := actor.check(); err != nil {
		return v, err
	}
	if v.Now, err = s.cfg.Cases.Now(ctx); err != nil {
		return v, fmt.Errorf("desk: legal time: %w", err)
	}
	v.Today = calendar.DateOf(v.Now)
	force, err := s.cfg.Packs.On(ctx, v.Today)
	if err != nil {
		return v, fmt.Errorf("desk: rules: %w", err)
	}
	err = s.read(ctx, func(tx pgx.Tx) error {
		if v.Proposals, err = ruleset.List(ctx, tx, mostRules); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `SELECT id, hash, added_at FROM rule_packs ORDER BY id DESC LIMIT $1`, mostRules)
		if err != nil {
			return err
		}
		v.Versions, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (r RuleVersion, err error) {
			err = row.Scan(&r.ID, &r.Hash, &r.Added)
			r.Own = r.Hash == s.cfg.Packs.Own().Hash()
			if r.InForce = r.Hash == force.Hash(); r.InForce {
				v.Force = r
			}
			return r, err
		})
		return err
	})
	if err != nil {
		return v, fmt.Errorf("desk: rules: %w", err)
	}
	return v, nil
}

// RuleProposal shows one proposal.
func (s *Service) RuleProposal(ctx context.Context, actor Actor, id int64) (v RuleProposal, err error) {
	if err := actor.check(); err != nil {
		return v, err
	}
	if v.Now, err = s.cfg.Cases.Now(ctx); err != nil {
		return v, fmt.Errorf("desk: legal time: %w", err)
	}
	if v.Proposal, err = ruleset.One(ctx, s.cfg.Pool, id); err != nil {
		return v, err
	}
	v.Waits = v.Proposal.Waits(v.Now)
	p, err := s.cfg.Packs.ByID(ctx, v.Proposal.PackID)
	if err != nil {
		return v, fmt.Errorf("desk: rules: %w", err)
	}
	force, err := s.cfg.Packs.On(ctx, calendar.DateOf(v.Now))
	if err != nil {
		return v, err
	}
	v.Force, v.Diff = force.Hash(), pack.Diff(force, p)
	v.Diff = v.Diff[:min(len(v.Diff), mostChanges)]
	if v.Proposal.WhatIf != nil {
		v.WhatIf = &whatif.Result{}
		if err := json.Unmarshal(v.Proposal.WhatIf, v.WhatIf); err != nil {
			return v, fmt.Errorf("desk: rules: what was tried: %w", err)
		}
	}
	return v, nil
}

// ProposeRules keeps the proposal of a version: of an archive with its files, or, where none comes, of a version that is known by its hash.
// It is tried on the newest cases, and what came of it is kept with the proposal.
func (s *Service) ProposeRules(ctx context.Context, actor Actor, archive io.Reader, hash, from, reason string) (id int64, err error) {
	if err := actor.whole(); err != nil {
		return 0, err
	}
	now, err := s.cfg.Cases.Now(ctx)
	if err != nil {
		return 0, fmt.Errorf("desk: legal time: %w", err)
	}
	day, err := calendar.ParseDate(from)
	if err != nil || !calendar.DateOf(now).Before(day) {
		return 0, ruleset.ErrDay
	}
	if strings.TrimSpace(reason) == "" {
		return 0, ruleset.ErrReason
	}
	p, err := s.rulesOf(ctx, archive, hash)
	if err != nil {
		return 0, err
	}
	force, err := s.cfg.Packs.On(ctx, calendar.DateOf(now))
	if err != nil {
		return 0, err
	}
	if force.Hash() == p.Hash() {
		return 0, ErrSameRules
	}
	packID, err := engine.KeepPack(ctx, s.cfg.Pool, p)
	if err != nil {
		return 0, err
	}
	tried, err := s.tryRules(ctx, p)
	if err != nil {
		return 0, err
	}
	return ruleset.NewStore(s.cfg.Pool).Propose(ctx, packID, day, actor.Name, reason, tried, now)
}

// tryRules gives as JSON what would have come out otherwise; nil: there are no keys here, or not time enough.
func (s *Service) tryRules(ctx context.Context, p *pack.Pack) ([]byte, error) {
	if s.cfg.Keys == nil {
		return nil, nil
	}
	short, cancel := context.WithTimeout(ctx, triedFor)
	defer cancel()
	r, err := whatif.Try(short, s.cfg.Pool, s.cfg.Keys, p, triedCases)
	if err != nil {
		if ctx.Err() == nil && short.Err() != nil {
			return nil, nil
		}
		return nil, err
	}
	return json.Marshal(r)
}

// DecideRules keeps what an actor says about a proposal.
func (s *Service) DecideRules(ctx context.Context, actor Actor, id int64, agree bool, reason string) error {
	if err := actor.whole(); err != nil {
		return err
	}
	now, err := s.cfg.Cases.Now(ctx)
	if err != nil {
		return fmt.Errorf("desk: legal time: %w", err)
	}
	return ruleset.NewStore(s.cfg.Pool).Decide(ctx, id, agree, actor.Name, reason, now)
}

func (s *Service) rulesOf(ctx context.Context, archive io.Reader, hash string) (*pack.Pack, error) {
	if archive == nil {
		var id int16
		err := s.cfg.Pool.QueryRow(ctx, `SELECT id FROM rule_packs WHERE hash = $1`, hash).Scan(&id)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil, ErrNoPack
		}
		if err != nil {
			return nil, fmt.Errorf("desk: rules: %w", err)
		}
		return s.cfg.Packs.ByID(ctx, id)
	}
	return readPack(archive)
}

// MaxRules bounds an archive with rules, in bytes; unpacked, with as many files.
const (
	MaxRules      = 1 << 20
	maxRulesWhole = 4 << 20
	maxRuleFiles  = 200
)

// readPack reads the files of a version from a ZIP archive. A folder that holds them all is left out of their names.
func readPack(archive io.Reader) (*pack.Pack, error) {
	raw, err := io.ReadAll(io.LimitReader(archive, MaxRules+1))
	if err != nil {
		return nil, err
	}
	if len(raw) == 0 {
		return nil, ErrNoPack
	}
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil || len(raw) > MaxRules {
		return nil, ErrArchive
	}
	texts, left := map[string][]byte{}, int64(maxRulesWhole)
	for _, f := range z.File {
		name := path.Clean(strings.ReplaceAll(f.Name, `\`, "/"))
		if f.FileInfo().IsDir() || strings.HasPrefix(path.Base(name), ".") || strings.HasPrefix(name, "__MACOSX/") {
			continue
		}
		if len(texts) == maxRuleFiles || path.Ext(name) != ".yaml" || strings.HasPrefix(name, "../") || path.IsAbs(name) {
			return nil, ErrArchive
		}
		r, err := f.Open()
		if err != nil {
			return nil, ErrArchive
		}
		text, err := io.ReadAll(io.LimitReader(r, left+1))
		_ = r.Close()
		if left -= int64(len(text)); err != nil || left < 0 {
			return nil, ErrArchive
		}
		texts[name] = text
	}
	p, err := pack.LoadFiles(withoutFolder(texts))
	if err == nil {
		return p, nil
	}
	return nil, &PackFaults{pack.Faults(err)}
}

// withoutFolder takes off the one folder that all files stand in, as archives of a folder have it.
func withoutFolder(texts map[string][]byte) map[string][]byte {
	folder, first := "", true
	for name := range texts {
		head, _, nested := strings.Cut(name, "/")
		if !nested || !first && head != folder {
			return texts
		}
		folder, first = head, false
	}
	out := make(map[string][]byte, len(texts))
	for name, text := range texts {
		out[strings.TrimPrefix(name, folder+"/")] = text
	}
	return out
}
