package desk_test

import (
	"bytes"
	"image"
	"image/png"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"robotbailiff/engine"
	"robotbailiff/internal/app/objections"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/web/ui/uitest"
)

// objected makes an objection with words and a paper, as the portal does, and gives its page at the desk.
func (s stage) objected(t *testing.T, id int64, g engine.Ground) (path string, seq int) {
	t.Helper()
	ctx, store := t.Context(), objections.New(s.Pool, s.Keys)
	now, _ := s.Clock.Now(ctx)
	var file bytes.Buffer
	must(t, png.Encode(&file, image.NewGray(image.Rect(0, 0, 30, 20))))
	must(t, store.SaveDraft(ctx, id, g, "Мен 1 наурызда төледім <b>"))
	must(t, store.AddFile(ctx, id, g, file.Bytes(), now))
	must(t, s.World.Do(ctx, id, engine.ActorDebtor, engine.Object{Ground: g}))
	must(t, s.Pool.QueryRow(ctx, `SELECT max(seq) FROM objections WHERE case_id = $1`, id).Scan(&seq))
	tx, err := s.Pool.Begin(ctx)
	must(t, err)
	must(t, store.Hand(ctx, tx, id, g, seq, now))
	must(t, tx.Commit(ctx))
	return "/desk/objections/" + caseno.Format(id) + "/" + strconv.Itoa(seq), seq
}

func (s stage) one(t *testing.T, sql string, args ...any) (v string) {
	t.Helper()
	must(t, s.Pool.QueryRow(t.Context(), sql, args...).Scan(&v))
	return v
}

// The list has what stands by its due date; the page shows what was said; a paper is only a file to keep, and each download is recorded.
func TestObjections_listPageAndPaper(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	a, b := s.open(t, uitest.Writ{}), s.open(t, uitest.Writ{})
	must(t, s.Notify(t.Context(), a.CaseID))
	path, _ := s.objected(t, a.CaseID, engine.GroundPaid)
	if got := s.Get("/desk/objections"); got.Status != http.StatusForbidden {
		t.Fatalf("without a sign-in: %d", got.Status)
	}
	s.signIn(t)
	s.Clock.Advance(3 * 24 * time.Hour)
	second, _ := s.objected(t, b.CaseID, engine.GroundNotMe)
	s.Clock.Advance(6 * 24 * time.Hour)
	list := s.Get("/desk/objections?lang=ru")
	s.wants(t, list.Text("tbody tr:first-child"), "Уже оплачено", "просрочено", "1")
	s.wants(t, list.Text("tbody tr:last-child"), "другой человек", strings.TrimPrefix(second, "/desk/objections/"))
	page := s.Get(path)
	s.wants(t, page.Text("main"), "Мен 1 наурызда төледім <b>", "снимок экрана", "К неразнесённым деньгам", "просрочено")
	if strings.Contains(page.Body, a.IIN) || strings.Contains(page.Body, "<b>\"") || page.Has("img") {
		t.Error("the page shows too much")
	}
	got := s.Submit(page, path+"/files", nil)
	if got.Status != http.StatusOK || !strings.HasPrefix(got.Header.Get("Content-Disposition"), "attachment") || got.Header.Get("Content-Type") != "application/octet-stream" ||
		got.Header.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(got.Header.Get("Content-Security-Policy"), "sandbox") || !strings.HasPrefix(got.Body, "\x89PNG") {
		t.Errorf("%d %v", got.Status, got.Header)
	}
	if who := s.one(t, `SELECT string_agg(actor, ',') FROM objection_file_reads`); who != "desk:demo" {
		t.Errorf("read by %q", who)
	}
	token := page.Attr(`input[name="form_token"]`, "value")
	for _, other := range []string{second, path[:len(path)-1] + "9", "/desk/objections/26-0000099-1/2"} {
		if got := s.Post(other+"/files", url.Values{"form_token": {token}, "file": {"1"}}); got.Status != http.StatusNotFound {
			t.Errorf("the paper by %s: %d", other, got.Status)
		}
	}
	if _, err := s.Pool.Exec(t.Context(), `DELETE FROM objection_file_reads`); err == nil {
		t.Error("who has read was forgotten")
	}
}

// Answering: the reason fits the decision, one answer alone, and a declined one lets the case go on only when the debtor was told.
func TestObjections_answer(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	p := s.open(t, uitest.Writ{})
	must(t, s.Notify(t.Context(), p.CaseID))
	path, seq := s.objected(t, p.CaseID, engine.GroundPaid)
	s.signIn(t)
	page := s.Get(path + "?lang=en")
	answer := func(decision, reason, note string) *uitest.Page {
		t.Helper()
		return s.Submit(page, path+"/answer", map[string]string{"answer": decision, "reason": reason, "note": note})
	}
	for _, bad := range [][2]string{{"decline", "payment_found"}, {"accept", "no_payment"}, {"accept", ""}, {"", "no_payment"}, {"perhaps", "in_answer"}} {
		if got := answer(bad[0], bad[1], "my words"); got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Body, "my words") {
			t.Errorf("%v: %d", bad, got.Status)
		}
	}
	if got := answer("decline", "no_payment", strings.Repeat("ы", 2001)); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("too long: %d", got.Status)
	}
	if st := s.one(t, `SELECT status FROM objections`); st != "open" {
		t.Fatalf("%s after answers that could not be", st)
	}
	if got := answer("decline", "no_payment", "Платёж не найден: пришлите номер."); got.Status != http.StatusSeeOther {
		t.Fatalf("%d: %s", got.Status, got.Text("main"))
	}
	if got := answer("accept", "payment_found", ""); got.Status != http.StatusConflict {
		t.Errorf("answered twice: %d", got.Status)
	}
	if n := s.one(t, `SELECT count(*)::text FROM objection_words WHERE who = 'desk' AND position('Платёж'::bytea IN sealed) = 0`); n != "1" {
		t.Errorf("%s answers are kept sealed", n)
	}
	page = s.Get(path)
	s.wants(t, page.Text("main"), "has not been told yet", "No payment was found.", "пришлите номер")
	if got := s.Submit(page, path+"/told", map[string]string{"how": " "}); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("told, and nobody knows how: %d", got.Status)
	}
	c, err := engine.Load(t.Context(), s.Pool, []int64{p.CaseID})
	must(t, err)
	if !c[0].Objected() {
		t.Fatal("the case goes on before the debtor was told")
	}
	if got := s.Submit(page, path+"/told", map[string]string{"how": "by telephone on 2 March"}); got.Status != http.StatusSeeOther {
		t.Fatalf("%d", got.Status)
	}
	if c, err = engine.Load(t.Context(), s.Pool, []int64{p.CaseID}); err != nil || c[0].Objected() || c[0].Objections[0].Seq != seq {
		t.Errorf("%+v, %v", c[0].Objections, err)
	}
	s.wants(t, s.Get("/desk/objections").Text("main"), "No objection is open.")
}

// What does not exist is not there.
func TestObjections_whatIsNotThere(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	p := s.open(t, uitest.Writ{})
	s.signIn(t)
	for _, path := range []string{"/desk/objections/" + caseno.Format(p.CaseID) + "/2", "/desk/objections/x/1", "/desk/objections/" + caseno.Format(p.CaseID) + "/x"} {
		if got := s.Get(path); got.Status != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.Status)
		}
	}
}
