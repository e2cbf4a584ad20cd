package jobs

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"robotbailiff/internal/caseno"
	"robotbailiff/internal/pg"
	"robotbailiff/notify"
	"robotbailiff/notify/passcode"
	"robotbailiff/notify/text"
)

// queueCodes has its own workers: a person looks at the page and waits, and a day's notices may take hours.
const queueCodes = "codes"

// codeJob sends the newest code of a case. It holds neither the code nor the telephone.
type codeJob struct {
	Case int64 `json:"case"`
}

// Kind implements river.JobArgs.
func (codeJob) Kind() string { return "notify.code" }

// InsertOpts implements river.JobArgsWithInsertOpts. Three attempts are over before the code is: only what did not leave is tried again.
func (codeJob) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueCodes, MaxAttempts: 3}
}

// SendCode sees to it that a code which was asked for in a transaction is sent once that has committed. When the job gets lost, the
// debtor asks for another code.
func (r *Robot) SendCode(ctx context.Context, tx pgx.Tx, caseID int64) error {
	if _, err := r.client.InsertTx(ctx, tx, codeJob{caseID}, nil); err != nil {
		return fmt.Errorf("jobs: enqueue: %w", err)
	}
	return nil
}

// errNotSent says that a code has certainly not left.
var errNotSent = errors.New("jobs: the gateway did not take a code")

// sendCode sends the code of a case by the gateway of notices, at once: it was asked for, so neither the quiet hours nor a stop of notices
// hold it, and it goes to the telephone, whatever the debtor prefers for notices.
func (r *Robot) sendCode(ctx context.Context, caseID int64) error {
	var letter passcode.Letter
	var claimed bool
	err := pg.InTx(ctx, r.cfg.Pool, func(tx pgx.Tx) (err error) {
		letter, claimed, err = r.Codes.Claim(ctx, tx, caseID)
		return err
	})
	if err != nil || !claimed {
		return err
	}
	fate, parts, sending := r.callWithCode(ctx, letter)
	r.cfg.Observe("code", string(fate), 1)
	return errors.Join(sending, r.Codes.Tell(context.WithoutCancel(ctx), r.cfg.Pool, letter, fate, parts))
}

// callWithCode hands a code to the gateway, and says what became of it.
func (r *Robot) callWithCode(ctx context.Context, l passcode.Letter) (fate passcode.Fate, parts []string, err error) {
	m, err := r.codeMessage(ctx, l)
	g := r.cfg.Gateways[notify.SMS]
	switch {
	case err != nil:
		return passcode.Wanted, nil, err
	case m.To == "":
		return passcode.Failed, nil, nil
	case g == nil:
		return passcode.Failed, nil, notify.ErrNoGateway
	}
	answers, err := g.Send(ctx, []notify.Message{m})
	if len(answers) != 1 || answers[0].Ref != m.Ref {
		return passcode.Unknown, nil, err // and is not sent again: two codes at once help nobody
	}
	switch a := answers[0]; a.Status {
	case notify.Accepted:
		return passcode.Sent, a.Parts, nil
	case notify.Rejected:
		return passcode.Failed, nil, nil
	case notify.NotFound:
		return passcode.Wanted, nil, errNotSent
	case notify.Unknown:
	}
	return passcode.Unknown, answers[0].Parts, nil
}

const codeLanguageSQL = `SELECT coalesce(p.language, c.language) FROM cases c LEFT JOIN contact_preferences p ON p.debtor_id = c.debtor_id WHERE c.id = $1`

func (r *Robot) codeMessage(ctx context.Context, l passcode.Letter) (notify.Message, error) {
	contacts, err := r.contacts(ctx, []int64{l.CaseID})
	if err != nil {
		return notify.Message{}, err
	}
	var language string
	if err := r.cfg.Pool.QueryRow(ctx, codeLanguageSQL, l.CaseID).Scan(&language); err != nil {
		return notify.Message{}, fmt.Errorf("jobs: language of case %d: %w", l.CaseID, err)
	}
	words, err := text.Passcode(language, string(l.Act), caseno.Format(l.CaseID), l.About, l.Code)
	if err != nil {
		return notify.Message{}, err
	}
	now, err := r.cfg.Clock.Now(ctx)
	return notify.Message{
		Ref: passcode.Ref(l.CaseID, l.Serial), Channel: notify.SMS, Language: language, To: contacts[l.CaseID].Phone, Text: words,
		NotBefore: now, ExpiresAt: now.Add(l.Left),
	}, err
}
