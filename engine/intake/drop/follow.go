package drop

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"

	"robotbailiff/engine/intake"
	"robotbailiff/engine/intake/proof"
)

// answer is what an acknowledgement says. It holds nothing of a row.
type answer struct {
	File        string          `json:"file"`
	SHA256      string          `json:"sha256,omitempty"`
	Batch       int64           `json:"batch,omitempty"`
	State       string          `json:"state"`
	Rows        int             `json:"rows"`
	Accepted    int             `json:"accepted"`
	Duplicate   int             `json:"duplicate"`
	Rejected    int             `json:"rejected"`
	Quarantined int             `json:"quarantined"`
	Code        string          `json:"code,omitempty"`
	Remedy      string          `json:"remedy,omitempty"`
	Reasons     []intake.Reason `json:"reasons,omitempty"` // why it waits for two people
	SameAs      int64           `json:"same_as,omitempty"` // the batch in which these bytes were taken in before
	Report      string          `json:"report,omitempty"`  // the file beside, with what became of each row
	ReceivedAt  *time.Time      `json:"received_at,omitempty"`
	FinishedAt  *time.Time      `json:"finished_at,omitempty"`
	Revision    int             `json:"revision,omitempty"` // how often rows have got a later verdict, from people
}

// answer writes an acknowledgement, and before it the signature over its bytes: who finds the one finds the other.
func (f *Folder) answer(ctx context.Context, p *place, a answer) error {
	return f.answerAs(ctx, p, a.File, a)
}

// answerAs does so under another name than the file's.
func (f *Folder) answerAs(ctx context.Context, p *place, as string, a answer) error {
	text, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		return err
	}
	text = append(text, '\n')
	name := path.Join(outDir, as+".ack.json")
	if f.cfg.Sign != nil {
		signature, err := f.cfg.Sign(ctx, text)
		if err != nil {
			return fmt.Errorf("sign an acknowledgement: %w", err)
		}
		end := ".jws"
		if signature.Type == proof.TypeCMS {
			end = signatureEnd
		}
		if err := p.write(name+end, put(signature.Bytes)); err != nil {
			return err
		}
	}
	return p.write(name, put(text))
}

func put(text []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	}
}

// followAll looks after the files whose batch is not at its end.
func (f *Folder) followAll(ctx context.Context, p *place, n *Pass) error {
	entries, err := p.list(workDir, 3*mostPerPass)
	if err != nil {
		return err
	}
	for _, e := range sorted(entries) {
		number, name, ok := strings.Cut(e.name, "~")
		id, err := strconv.ParseInt(number, 10, 64)
		if !ok || err != nil || !goodName(name) { // a companion, or nothing of ours
			continue
		}
		count, err := f.follow(ctx, p, id, name, n)
		if err := f.outcome(ctx, p, n, count, err); err != nil {
			return err
		}
	}
	return nil
}

func (f *Folder) follow(ctx context.Context, p *place, id int64, name string, n *Pass) (*int, error) {
	b, err := f.cfg.Inbox.Batch(ctx, id)
	if err != nil {
		return nil, err
	}
	if f.cfg.Process && (b.State == intake.StateReceived || b.State == intake.StateStaging) {
		if b, err = f.cfg.Inbox.Process(ctx, id, nil); err != nil {
			return nil, err
		}
	}
	if err := p.fetchLeftBehind(b, name); err != nil {
		return nil, err
	}
	key := path.Join(p.source, prefix(id)+name)
	if b.State.Final() || f.told[key] != string(b.State) {
		if err := f.tell(ctx, p, &b, name, name, 0); err != nil {
			return nil, err
		}
		f.told[key] = string(b.State)
	}
	if !b.State.Final() {
		return &n.Waiting, nil
	}
	delete(f.told, key)
	to := doneDir
	if b.State != intake.StateDone {
		to = quarantineDir
	}
	return &n.Finished, p.bring(prefix(id)+name, workDir, to, "")
}

// retellAll answers once more of batches whose rows have got later verdicts. Where the sender has used the name for another file since, the
// number of the batch stands before it.
func (f *Folder) retellAll(ctx context.Context, p *place) error {
	all, err := f.cfg.Inbox.Untold(ctx, p.source)
	if err != nil {
		return err
	}
	for i := range all {
		b := &all[i]
		if as := b.FileName; goodName(as) {
			if !b.Named {
				as = prefix(b.ID) + as
			}
			if err := f.tell(ctx, p, &b.Batch, b.FileName, as, b.Revision); err != nil {
				return err
			}
		}
		if err := f.cfg.Inbox.Told(ctx, b.ID, b.Revision); err != nil {
			return err
		}
	}
	return nil
}

// tell writes the report, where rows have verdicts, and then the acknowledgement that names it, both under a name.
func (f *Folder) tell(ctx context.Context, p *place, b *intake.Batch, name, as string, revision int) error {
	a := answer{
		File: name, SHA256: b.SHA256, Batch: b.ID, State: string(b.State), Rows: b.Rows, Accepted: b.Accepted, Duplicate: b.Duplicate,
		Rejected: b.Rejected, Quarantined: b.Quarantined, SameAs: b.SameAs, ReceivedAt: &b.ReceivedAt, FinishedAt: b.FinishedAt,
		Revision: revision,
	}
	if b.Fault != nil {
		a.Code, a.Remedy = b.Fault.Code, b.Fault.Remedy
	}
	switch b.State {
	case intake.StateWaiting:
		a.Reasons = b.Reasons
		fallthrough
	case intake.StateDone, intake.StateRejected:
		r, err := f.cfg.Inbox.FileReport(ctx, b.ID, b.Language)
		if err != nil {
			return fmt.Errorf("report of batch %d: %w", b.ID, err)
		}
		a.Report = as + ".report" + r.Extension
		if err := p.write(path.Join(outDir, a.Report), r.Write); err != nil {
			return fmt.Errorf("report of batch %d: %w", b.ID, err)
		}
	case intake.StateReceived, intake.StateStaging, intake.StatePreviewed, intake.StateRefused, intake.StateFailed:
	}
	return f.answerAs(ctx, p, as, a)
}

// fetchLeftBehind brings the companions after a file, when a pass was killed after it had moved the file and before it had
// moved them. Companions of another file that came under the same name meanwhile stay where they are.
func (p *place) fetchLeftBehind(b intake.Batch, name string) error {
	if _, err := p.root.Lstat(path.Join(inDir, name)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	text, err := p.read(path.Join(inDir, name+manifestEnd), maxManifest)
	if err != nil {
		return nil //nolint:nilerr // there is none, or none that can be read: it is no companion of ours
	}
	if m, err := parseManifest(text); err != nil || fmt.Sprintf("%x", m.sum) != b.SHA256 {
		return nil //nolint:nilerr // as above
	}
	return p.bring(name, inDir, workDir, prefix(b.ID))
}
