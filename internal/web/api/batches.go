package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"robotbailiff/engine/intake"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/clock"
	"robotbailiff/rules"
)

// transferTime is for how long a file may be on its way, up or down.
const transferTime = 15 * time.Minute

// status is a batch as its source sees it.
type status struct {
	ID          int64           `json:"id"`
	State       intake.State    `json:"state"`
	Final       bool            `json:"final"`
	DryRun      bool            `json:"dry_run"`
	Source      string          `json:"source"`
	FileName    string          `json:"file_name"`
	SHA256      string          `json:"sha256"`
	Size        int64           `json:"size"`
	Expected    int             `json:"expected"`
	Rows        int             `json:"rows"`
	Accepted    int             `json:"accepted"`
	Duplicate   int             `json:"duplicate"`
	Rejected    int             `json:"rejected"`
	Quarantined int             `json:"quarantined"`
	Reasons     []intake.Reason `json:"reasons,omitempty"`
	Fault       *intake.Fault   `json:"fault,omitempty"`
	SameAs      int64           `json:"same_as,omitempty"`
	ReceivedAt  time.Time       `json:"received_at"`
	FinishedAt  *time.Time      `json:"finished_at,omitempty"`
	Links       links           `json:"links"`
}

type links struct {
	Self    string `json:"self"`
	Rows    string `json:"rows"`
	Report  string `json:"report"`
	Receipt string `json:"receipt,omitempty"` // when the batch is final
}

func statusOf(b *intake.Batch) status {
	self := "/api/v1/batches/" + strconv.FormatInt(b.ID, 10)
	s := status{
		ID: b.ID, State: b.State, Final: b.State.Final(), DryRun: b.DryRun, Source: b.Source, FileName: b.FileName, SHA256: b.SHA256, Size: b.Size,
		Expected: b.Expected, Rows: b.Rows, Accepted: b.Accepted, Duplicate: b.Duplicate, Rejected: b.Rejected, Quarantined: b.Quarantined,
		Reasons: b.Reasons, Fault: b.Fault, SameAs: b.SameAs, ReceivedAt: b.ReceivedAt.UTC(), FinishedAt: b.FinishedAt,
		Links: links{Self: self, Rows: self + "/rows", Report: self + "/report"},
	}
	if s.Final {
		s.Links.Receipt = self + "/receipt"
	}
	if s.FinishedAt != nil {
		at := s.FinishedAt.UTC()
		s.FinishedAt = &at
	}
	return s
}

func (h *handler) send(w http.ResponseWriter, r *http.Request, src *intake.Source) error {
	a := intake.Arrival{
		Source: src.Name, FileName: r.Header.Get("X-File-Name"), Key: r.Header.Get("Idempotency-Key"), Via: intake.ViaAPI,
		By: "api:" + src.Name, Signature: []byte(r.Header.Get("X-Signature")), Language: language(r),
	}
	var err error
	if a.DryRun, err = flag(r, "dry_run"); err != nil {
		return err
	}
	if a.Key == "" {
		return &problem{Status: http.StatusBadRequest, Code: codeKeyMissing}
	}
	if r.ContentLength > intake.MaxUploadBytes {
		w.Header().Set("Connection", "close") // nobody reads the rest
		return &problem{Status: http.StatusRequestEntityTooLarge, Code: intake.FatalSize}
	}
	extend(w)
	body := &counted{r: r.Body}
	b, err := h.Inbox.Receive(r.Context(), a, body)
	if err != nil {
		if body.err != nil && !errors.Is(body.err, io.EOF) && r.Context().Err() == nil {
			return &problem{Status: http.StatusBadRequest, Code: codeCutShort}
		}
		return err
	}
	if b.State == intake.StateRefused && b.Fault != nil {
		h.Log.WarnContext(r.Context(), "batch refused: its proof failed", "source", b.Source, "sha256", b.SHA256, "batch", b.ID, "code", b.Fault.Code)
		return &problem{Status: http.StatusUnprocessableEntity, Code: b.Fault.Code, Batch: b.ID}
	}
	if b.Again {
		w.Header().Set("Idempotent-Replayed", "true")
	}
	s := statusOf(&b)
	w.Header().Set("Location", s.Links.Self)
	return reply(w, http.StatusAccepted, s)
}

// counted remembers how the body ended, to tell a line that was cut from trouble of ours.
type counted struct {
	r   io.Reader
	err error
}

// Read implements io.Reader.
func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if err != nil {
		c.err = err
	}
	return n, err
}

// extend gives a file more time than a page. A connection that cannot be told so keeps its limits.
func extend(w http.ResponseWriter) {
	now, err := clock.System().Now(context.Background())
	if err != nil {
		return
	}
	c := http.NewResponseController(w)
	_ = c.SetReadDeadline(now.Add(transferTime))
	_ = c.SetWriteDeadline(now.Add(transferTime))
}

// own finds a batch of the source that asks; those of others do not exist for it.
func (h *handler) own(r *http.Request, src *intake.Source) (intake.Batch, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil || id <= 0 {
		return intake.Batch{}, intake.ErrNoBatch
	}
	b, err := h.Inbox.Batch(r.Context(), id)
	if err == nil && b.Source != src.Name {
		return intake.Batch{}, intake.ErrNoBatch
	}
	return b, err
}

func (h *handler) batch(w http.ResponseWriter, r *http.Request, src *intake.Source) error {
	b, err := h.own(r, src)
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, statusOf(&b))
}

// row is what became of one row.
type row struct {
	Row            int            `json:"row"`
	Action         intake.Action  `json:"action"`
	Verdict        intake.Verdict `json:"verdict"`
	Code           string         `json:"code,omitempty"`
	Field          string         `json:"field,omitempty"`
	Reason         string         `json:"reason,omitempty"`
	DocumentNumber string         `json:"document_number,omitempty"`
	Case           string         `json:"case,omitempty"`
	Trace          []step         `json:"trace,omitempty"` // the rules that were applied, in their order
}

// step is one application of one rule.
type step struct {
	Rule    string            `json:"rule"`
	Outcome string            `json:"outcome"`
	Facts   map[string]string `json:"facts"`
}

func steps(t rules.Trace) []step {
	out := make([]step, len(t))
	for i, s := range t {
		out[i] = step{s.Rule, s.Outcome, make(map[string]string, len(s.Facts))}
		for _, f := range s.Facts {
			out[i].Facts[f.Key] = f.Value
		}
	}
	return out
}

const (
	usualRows = 200
	maxRows   = 1000
)

var verdicts = map[string]intake.Verdict{
	string(intake.Accepted): intake.Accepted, string(intake.Duplicate): intake.Duplicate, string(intake.Rejected): intake.Rejected,
	string(intake.Quarantined): intake.Quarantined,
}

func (h *handler) rows(w http.ResponseWriter, r *http.Request, src *intake.Source) error {
	b, err := h.own(r, src)
	if err != nil {
		return err
	}
	q := intake.RowQuery{Language: language(r)}
	if q.After, err = number(r, "after", 0, 0, 1<<31-1); err != nil {
		return err
	}
	if q.Limit, err = number(r, "limit", usualRows, 1, maxRows); err != nil {
		return err
	}
	if text := r.URL.Query().Get("verdict"); text != "" {
		for _, v := range strings.Split(text, ",") {
			if verdicts[v] == "" {
				return wrong("verdict")
			}
			q.Verdicts = append(q.Verdicts, verdicts[v])
		}
	}
	limit := q.Limit
	q.Limit++ // to know whether there is more
	found, err := h.Inbox.Rows(r.Context(), b.ID, q)
	if err != nil {
		return err
	}
	page := struct {
		Rows []row `json:"rows"`
		Next int   `json:"next,omitempty"` // as after of the next page
	}{Rows: []row{}}
	for _, x := range found[:min(limit, len(found))] {
		out := row{x.Row, x.Action, x.Verdict, x.Code, x.Field, x.Message, x.DocumentNumber, "", steps(x.Trace)}
		if x.CaseID != 0 && (x.Verdict == intake.Accepted || x.Verdict == intake.Duplicate) {
			out.Case = caseno.Format(x.CaseID)
		}
		page.Rows = append(page.Rows, out)
	}
	if len(found) > limit {
		page.Next = found[limit-1].Row
	}
	return reply(w, http.StatusOK, page)
}

func (h *handler) report(w http.ResponseWriter, r *http.Request, src *intake.Source) error {
	b, err := h.own(r, src)
	if err != nil {
		return err
	}
	rep, err := h.Inbox.FileReport(r.Context(), b.ID, language(r))
	if err != nil {
		return err
	}
	extend(w)
	w.Header().Set("Content-Type", rep.MediaType)
	w.Header().Set("Content-Disposition", `attachment; filename="batch-`+strconv.FormatInt(b.ID, 10)+rep.Extension+`"`)
	return rep.Write(w)
}

func (h *handler) writs(w http.ResponseWriter, r *http.Request, src *intake.Source) error {
	limit, err := number(r, "limit", usualRows, 1, maxRows)
	if err != nil {
		return err
	}
	page, err := h.Feed.Read(r.Context(), src.Name, r.URL.Query().Get("since"), limit)
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, page)
}

func (h *handler) replay(w http.ResponseWriter, r *http.Request, src *intake.Source) error {
	if err := h.Feed.Replay(r.Context(), src.Name, r.URL.Query().Get("since")); err != nil {
		return err
	}
	return reply(w, http.StatusAccepted, struct {
		Since string `json:"since"`
	}{r.URL.Query().Get("since")})
}
