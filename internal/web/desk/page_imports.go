package desk

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"robotbailiff/engine/intake"
	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/web/ui"
)

var (
	batchStates = []intake.State{
		intake.StateReceived, intake.StateWaiting, intake.StateStaging, intake.StateDone, intake.StatePreviewed, intake.StateRefused,
		intake.StateRejected, intake.StateFailed,
	}
	batchVerdicts = []intake.Verdict{intake.Accepted, intake.Duplicate, intake.Rejected, intake.Quarantined}
	codeForm      = regexp.MustCompile(`^[a-z_]{1,60}$`)
)

type importsPage struct {
	ui.Page
	View   app.ImportList
	Filter intake.Filter
	States []intake.State
	Actor  string
	Older  string // address of the next page; empty: there is none
	Live   string // address of the live figures
}

func (h *handler) imports(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	q := r.URL.Query()
	f := intake.Filter{Source: q.Get("source"), State: intake.State(q.Get("state"))}
	if !slices.Contains(batchStates, f.State) {
		f.State = ""
	}
	f.Before, _ = strconv.ParseInt(q.Get("before"), 10, 64) // what is no number is the first page
	v, err := h.app.Imports(r.Context(), actor, f)
	if err != nil {
		return err
	}
	p := importsPage{Page: h.Scripted(h.page(w, r, i18n.Say("desk.imports.title"))), View: v, Filter: f, States: batchStates, Actor: actor.Name}
	if v.Next != 0 {
		p.Older = "/desk/imports?" + url.Values{"source": {f.Source}, "state": {string(f.State)}, "before": {strconv.FormatInt(v.Next, 10)}}.Encode()
	}
	p.Live = liveBatches(v.Newest)
	return h.Render.Render(w, r, http.StatusOK, "imports", p.Lang, p)
}

// liveBatches is the address of the live figures of batches, for a page on which this was the newest; -1: none is announced.
func liveBatches(newest int64) string { return "/desk/live?batch=" + strconv.FormatInt(newest, 10) }

type importPage struct {
	ui.Page
	View    app.Import
	Reasons []string
	Actor   string
	Until   time.Time // when the proposal ends
	Working bool      // it is being taken in
	Live    string    // address of the live figures, while it is
	Mine    bool      // the actor himself has proposed the release
	// What is wrong with the file as a whole, in the page's language, and the fields that it is about.
	FaultText, FaultIn string

	Problem string // of the act that was just tried
	Typed   string // its reason
}

func (h *handler) importFile(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	return h.showImport(w, r, actor, http.StatusOK, "", "")
}

func (h *handler) showImport(w http.ResponseWriter, r *http.Request, actor app.Actor, status int, problem, typed string) error {
	v, err := h.app.Import(r.Context(), actor, batchID(r))
	if err != nil {
		return err
	}
	p := importPage{Page: h.page(w, r, i18n.Say("desk.imports.one", "id", strconv.FormatInt(v.ID, 10))), View: v, Actor: actor.Name, Problem: problem, Typed: typed}
	if v.Proposal != nil {
		p.Mine, p.Until = v.Proposal.Actor == actor.Name, v.Proposal.At.Add(intake.ReleaseWithin)
	}
	for _, reason := range v.Reasons {
		p.Reasons = append(p.Reasons, reason.Text(string(p.Lang)))
	}
	if v.Fault != nil {
		p.FaultText, p.FaultIn = intake.FaultMessage(v.Fault.Code, string(p.Lang)), strings.Join(v.Fault.Fields, ", ")
	}
	if v.State == intake.StateReceived || v.State == intake.StateStaging {
		p.Page, p.Working, p.Live = h.Scripted(p.Page), true, liveBatches(-1)
	}
	return h.Render.Render(w, r, status, "import", p.Lang, p)
}

// batchID reads the id of the address; 0 is no batch.
func batchID(r *http.Request) int64 {
	id, _ := strconv.ParseInt(r.PathValue("id"), 10, 64)
	return id
}

type importRowsPage struct {
	ui.Page
	View     app.ImportRows
	Verdicts []intake.Verdict
	Codes    []string
	Verdict  string
	Code     string
	Next     string
}

func (h *handler) importRows(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	get := r.URL.Query().Get
	q := intake.RowQuery{Language: string(h.Lang(r))}
	if v := intake.Verdict(get("verdict")); slices.Contains(batchVerdicts, v) {
		q.Verdicts = []intake.Verdict{v}
	}
	if code := get("code"); codeForm.MatchString(code) {
		q.Code = code
	}
	q.After, _ = strconv.Atoi(get("after")) // what is no number is the first page
	v, err := h.app.ImportRows(r.Context(), actor, batchID(r), q)
	if err != nil {
		return err
	}
	id := strconv.FormatInt(v.Batch.ID, 10)
	p := importRowsPage{Page: h.page(w, r, i18n.Say("desk.imports.rows_of", "id", id)), View: v, Verdicts: batchVerdicts, Codes: intake.Codes(), Code: q.Code}
	slices.Sort(p.Codes)
	if len(q.Verdicts) > 0 {
		p.Verdict = string(q.Verdicts[0])
	}
	if v.Next != 0 {
		p.Next = "/desk/imports/" + id + "/rows?" + url.Values{"verdict": {p.Verdict}, "code": {p.Code}, "after": {strconv.Itoa(v.Next)}}.Encode()
	}
	return h.Render.Render(w, r, http.StatusOK, "importrows", p.Lang, p)
}

// importReport sends the file back with what became of each row. Its bytes leave while the database is read: a fault in the
// middle breaks the connection, so that nobody takes half a report for a whole one.
func (h *handler) importReport(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	report, err := h.app.ImportReport(r.Context(), actor, batchID(r), h.Lang(r))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", report.MediaType)
	w.Header().Set("Content-Disposition", `attachment; filename="batch-`+strconv.FormatInt(batchID(r), 10)+`-report`+report.Extension+`"`)
	if r.Method == http.MethodHead {
		return nil
	}
	if err := report.Write(w); err != nil {
		panic(http.ErrAbortHandler)
	}
	return nil
}
