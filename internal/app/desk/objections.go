package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"robotbailiff/engine"
	"robotbailiff/internal/app/objections"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/pg"
	"robotbailiff/notify/text"
	"robotbailiff/rules/calendar"
)

// Errors of objections.
var (
	ErrNoObjection = errors.New("desk: there is no such objection")
	ErrAnswered    = errors.New("desk: the objection was answered already")
	ErrNoAnswer    = errors.New("desk: the answer and its reason do not fit")
)

// ObjectionLine is one of the list of work.
type ObjectionLine struct {
	Number, ID     string
	Seq            int
	Ground, Status string
	Due            calendar.Date
	Late           bool
	Files          int64
}

// ObjectionWork is the list of objections that stand, those that are due first.
type ObjectionWork struct {
	Now   time.Time
	Lines []ObjectionLine
}

// ObjectionFile is one objection as an operator sees it.
type ObjectionFile struct {
	Now            time.Time
	Number, ID     string
	Initials       string
	Seq            int
	Ground, Status string
	Made, Due      calendar.Date
	Late           bool
	Reason         string // of the answer
	Words, Note    string
	Files          []objections.File
	Hold           string
	Accept         []string // reasons that can be given
	Decline        []string
}

// mostObjections bounds the list of work.
const mostObjections = 200

// Objections lists the objections that stand.
func (s *Service) Objections(ctx context.Context, actor Actor) (v ObjectionWork, err error) {
	if err := actor.check(); err != nil {
		return v, err
	}
	if v.Now, err = s.cfg.Cases.Now(ctx); err != nil {
		return v, fmt.Errorf("desk: legal time: %w", err)
	}
	rows, err := s.cfg.Pool.Query(ctx, standingSQL, mostObjections, actor.Regions)
	if err != nil {
		return v, fmt.Errorf("desk: objections: %w", err)
	}
	var (
		id  int64
		l   ObjectionLine
		due pgtype.Date
	)
	_, err = pgx.ForEachRow(rows, []any{&id, &l.Seq, &l.Ground, &l.Status, &due, &l.Files}, func() error {
		l.Number, l.ID, l.Due = caseno.Format(id), fmt.Sprintf("%s/%d", caseno.Format(id), l.Seq), calendar.FromUTC(due.Time)
		l.Late = l.Status == string(engine.ObjectionOpen) && calendar.DateOf(v.Now).After(l.Due)
		v.Lines = append(v.Lines, l)
		return nil
	})
	if err != nil {
		return v, fmt.Errorf("desk: objections: %w", err)
	}
	return v, nil
}

// Objection shows one objection with what was said. Its papers are taken by [Service.TakePaper].
func (s *Service) Objection(ctx context.Context, actor Actor, number string, seq int) (v ObjectionFile, err error) {
	id, err := s.objected(ctx, actor, number)
	if err != nil {
		return v, err
	}
	if v.Now, err = s.cfg.Cases.Now(ctx); err != nil {
		return v, fmt.Errorf("desk: legal time: %w", err)
	}
	err = s.read(ctx, func(tx pgx.Tx) error {
		cases, err := engine.Load(ctx, tx, []int64{id})
		if err != nil || len(cases) != 1 {
			return errors.Join(err, ErrNoObjection)
		}
		c := cases[0]
		i := slices.IndexFunc(c.Objections, func(o engine.Objection) bool { return o.Seq == seq })
		if i < 0 {
			return ErrNoObjection
		}
		w, err := readWrit(ctx, tx, id)
		if err != nil {
			return err
		}
		o := c.Objections[i]
		v.Number, v.Seq, v.Ground, v.Status, v.Made, v.Due = caseno.Format(id), seq, string(o.Ground), string(o.Status), o.MadeOn, o.DueOn
		v.ID, v.Initials, v.Hold = fmt.Sprintf("%s/%d", v.Number, seq), text.Initials(w.name), c.Hold
		v.Late = o.Status == engine.ObjectionOpen && calendar.DateOf(v.Now).After(o.DueOn)
		v.Accept, v.Decline = engine.AcceptReasons, engine.DeclineReasons
		if o.Answer != 0 {
			events, err := engine.Events(ctx, tx, id)
			if err != nil {
				return err
			}
			v.Reason = events[o.Answer-1].Data.Reason
		}
		if v.Words, v.Note, err = s.cfg.Objections.Words(ctx, tx, id, seq); err != nil {
			return err
		}
		v.Files, err = s.cfg.Objections.Handed(ctx, tx, id, seq)
		return err
	})
	return v, err
}

// AnswerObjection answers an objection. The note is for the debtor alone, and is kept sealed in the transaction of the answer.
func (s *Service) AnswerObjection(ctx context.Context, actor Actor, number string, seq int, accepted bool, reason, note string) error {
	id, err := s.objected(ctx, actor, number)
	if err != nil {
		return err
	}
	note = strings.TrimSpace(strings.ReplaceAll(note, "\r\n", "\n"))
	return s.onObjection(ctx, id, actor, engine.AnswerObjection{Seq: seq, Accepted: accepted, Reason: reason}, func(tx pgx.Tx, now time.Time) error {
		return s.cfg.Objections.Say(ctx, tx, id, seq, objections.Desk, note, now)
	})
}

// TellObjection records that the debtor was told of an answer otherwise than by a notice, and how.
func (s *Service) TellObjection(ctx context.Context, actor Actor, number string, seq int, how string) error {
	id, err := s.objected(ctx, actor, number)
	if err != nil {
		return err
	}
	if how = strings.TrimSpace(how); how == "" {
		return ErrNoReason
	}
	cases, err := engine.Load(ctx, s.cfg.Pool, []int64{id})
	if err != nil {
		return err
	}
	if len(cases) != 1 {
		return ErrNoObjection
	}
	i := slices.IndexFunc(cases[0].Objections, func(o engine.Objection) bool { return o.Seq == seq })
	if i < 0 || cases[0].Objections[i].Answer == 0 {
		return ErrNoObjection
	}
	now, err := s.cfg.Cases.Now(ctx)
	if err != nil {
		return err
	}
	told := engine.Told{Answer: cases[0].Objections[i].Answer, Channel: objections.Desk, At: now.UTC().Truncate(time.Microsecond), Note: how}
	return s.onObjection(ctx, id, actor, told, func(pgx.Tx, time.Time) error { return nil })
}

func (s *Service) onObjection(ctx context.Context, id int64, actor Actor, cmd engine.Command, also func(tx pgx.Tx, now time.Time) error) error {
	now, err := s.cfg.Cases.Now(ctx)
	if err != nil {
		return fmt.Errorf("desk: legal time: %w", err)
	}
	return pg.InTx(ctx, s.cfg.Pool, func(tx pgx.Tx) error {
		pl, err := s.cfg.Cases.ApplyTx(ctx, tx, []engine.For{{CaseID: id, Actor: actor.Name, Command: cmd}})
		if err != nil {
			return fmt.Errorf("desk: objection of case %d: %w", id, err)
		}
		refused := pl.Outcomes[0].Refusal
		if refused == nil {
			return also(tx, now)
		}
		switch refused.Code {
		case engine.CodeAlready:
			return ErrAnswered
		case engine.CodeInvalid:
			return ErrNoAnswer
		case engine.CodeNotFound:
			return ErrNoObjection
		}
		return refused
	})
}

// TakePaper gives a paper of an objection to the operator, and keeps that the operator has it.
func (s *Service) TakePaper(ctx context.Context, actor Actor, number string, seq int, file int64) (f objections.File, content []byte, err error) {
	id, err := s.objected(ctx, actor, number)
	if err != nil {
		return f, nil, err
	}
	now, err := s.cfg.Cases.Now(ctx)
	if err != nil {
		return f, nil, fmt.Errorf("desk: legal time: %w", err)
	}
	f, content, err = s.cfg.Objections.ReadFile(ctx, id, seq, file, actor.Name, now)
	if errors.Is(err, objections.ErrNoOne) {
		err = ErrNoObjection
	}
	return f, content, err
}

func (s *Service) objected(ctx context.Context, actor Actor, number string) (int64, error) {
	if err := actor.check(); err != nil {
		return 0, err
	}
	id, err := caseno.Parse(number)
	if err != nil || s.cfg.Objections == nil {
		return 0, ErrNoObjection
	}
	return id, outOfScope(ctx, s.cfg.Pool, actor, ErrNoObjection, id)
}

var standingSQL = `SELECT o.case_id, o.seq, o.ground, o.status, o.due_on, (SELECT count(*) FROM objection_files f WHERE f.case_id = o.case_id AND f.seq = o.seq)
  FROM objections o JOIN cases c ON c.id = o.case_id WHERE o.status IN ('open', 'declined') AND ` + inScope(2) + ` ORDER BY o.due_on, o.case_id, o.seq LIMIT $1`
