package portal_test

import (
	"bytes"
	"image"
	"image/jpeg"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"robotbailiff/engine"
	"robotbailiff/internal/app/objections"
	"robotbailiff/internal/testkit"
	"robotbailiff/internal/web/ui/uitest"
)

func photo(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 60, 40)), nil))
	return b.Bytes()
}

func object(g engine.Ground) step { return do(engine.ActorDebtor, engine.Object{Ground: g}) }

func (s stage) count(t *testing.T, sql string, args ...any) (n int) {
	t.Helper()
	must(t, s.Pool.QueryRow(t.Context(), sql, args...).Scan(&n))
	return n
}

// write goes through the words of an objection and leaves it at its papers.
func (s stage) write(t *testing.T, ground, words string) *uitest.Page {
	t.Helper()
	path := "/p/case/object/" + ground
	if got := s.Submit(s.Get(path), path, map[string]string{"words": words}); got.Status != http.StatusSeeOther || got.Header.Get("Location") != path+"/files" {
		t.Fatalf("%d: %s", got.Status, got.Text("main"))
	}
	return s.Get(path + "/files")
}

// From the case page to a number, a date and who answers, on every ground; nothing else is asked for, and nothing is done before the last
// click.
// The language row of the page with the papers takes along the file that was chosen, which no page could put back into its field.
func TestObject_aChosenFileSurvivesTheLanguageRow(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{})
	s.enter(t, p)
	s.Get("/p/case?lang=ru")
	const path = "/p/case/object/already_paid"
	files := s.write(t, "already_paid", "7.03, 20 155")
	kept := func() int { return s.count(t, `SELECT count(*) FROM objection_files WHERE case_id = $1`, p.CaseID) }
	for _, c := range []struct {
		lang, to string
		file     []byte
		kept     int
	}{
		{"kk", path + "/files?lang=kk", nil, 0}, // nothing was chosen
		{"en", path + "/files?fault=kind&lang=en", []byte("<html>"), 0},
		{"uz", path + "/files?lang=uz", photo(t), 1},
	} {
		got := s.Upload(files, path+"/files", map[string]string{"speak": c.lang}, "a.jpg", c.file)
		if got.Status != http.StatusSeeOther || got.Header.Get("Location") != c.to || kept() != c.kept {
			t.Fatalf("%s: %d %s, %d files", c.lang, got.Status, got.Header.Get("Location"), kept())
		}
		files = s.Get(c.to)
		checkPage(t, files, c.lang)
		if files.Has("#fault") != strings.Contains(c.to, "fault") {
			t.Errorf("%s: what is wrong with the file is told: %t", c.lang, files.Has("#fault"))
		}
	}
	if got := s.Get(path + "/files?fault=nonsense"); got.Has("#fault") {
		t.Error("a fault that is none is shown")
	}
}

func TestObject_wholeWayOnEveryGround(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for _, g := range engine.ObjectionGrounds {
		p := s.open(t, uitest.Writ{})
		notified(t, s, p.CaseID)
		in := stage{World: s.World, Browser: s.Another(), robot: s.robot, tills: s.tills}
		in.enter(t, p)
		path := "/p/case/object/" + string(g)
		if !in.Get("/p/case?lang=ru").Has(`a[href="` + path + `"]`) {
			t.Fatalf("the case page has no way to %s", path)
		}
		files := in.write(t, string(g), "Оплатил 1 марта в приложении банка.")
		if got := in.Upload(files, path+"/files", nil, "virus.exe", photo(t)); got.Status != http.StatusSeeOther {
			t.Fatalf("%d: %s", got.Status, got.Text("main"))
		}
		check := in.Get(path + "/check")
		in.wants(t, check, "Оплатил 1 марта", "приложен 1 файл", "Ответит специалист", "не позже 10 марта", "ничего нового не удерживают", "Эти дни не считаются")
		if n := in.count(t, `SELECT count(*) FROM objections WHERE case_id = $1`, p.CaseID); n != 0 {
			t.Fatal("it was made before it was sent")
		}
		made := in.Submit(check, path+"/check", nil)
		where := made.Header.Get("Location")
		if made.Status != http.StatusSeeOther || !strings.HasPrefix(where, "/p/case/objections/") {
			t.Fatalf("%d: %s", made.Status, made.Text("main"))
		}
		page := in.Get(where)
		in.wants(t, page, "Возражение принято к рассмотрению", "Возражение № ", "не позже 10 марта", "Оплатил 1 марта", "приложен 1 файл")
		if again := in.Submit(check, path+"/check", nil); again.Header.Get("Location") != where {
			t.Errorf("a second click leads to %s, not %s", again.Header.Get("Location"), where)
		}
		if got := in.Get(path); got.Header.Get("Location") != strings.TrimSuffix(where, "?made=1") {
			t.Errorf("the way there leads to %q", got.Header.Get("Location"))
		}
		in.wants(t, in.Get("/p/case"), "Дело проверяет специалист", "Ваши возражения", "рассматривается", "Оплатить 20 155 ₸")
		if n := in.count(t, `SELECT count(*) FROM objection_files WHERE case_id = $1 AND seq IS NOT NULL AND kind = 'jpeg'`, p.CaseID); n != 1 {
			t.Errorf("%d files were handed in", n)
		}
	}
	if n := s.count(t, `SELECT count(*) FROM objection_words w, objection_file_parts f WHERE position('Оплатил'::bytea IN w.sealed) > 0 OR position('\xffd8ff'::bytea IN f.sealed) > 0`); n != 0 {
		t.Error("something is kept in the clear")
	}
}

// Every page of objections in every language, in all its states.
func TestObjectPages_areAsTheyWere(t *testing.T) {
	t.Parallel()
	for _, l := range []string{"kk", "ru", "en", "ky", "uz"} {
		s := setup(t)
		p := s.open(t, uitest.Writ{})
		notified(t, s, p.CaseID)
		arrested(t, s, p.CaseID)
		s.enter(t, p)
		s.Get("/p/case?lang=" + l)
		keep := func(name string, page *uitest.Page) {
			t.Helper()
			checkPage(t, page, l)
			testkit.Golden(t, "object/"+name+"."+l+".txt", []byte(page.Outline("main")))
		}
		for _, g := range engine.ObjectionGrounds {
			keep("words_"+string(g), s.Get("/p/case/object/"+string(g)))
		}
		path := "/p/case/object/already_paid"
		keep("words_none", s.Submit(s.Get(path), path, map[string]string{"words": " "}))
		files := s.write(t, "already_paid", "7.03, 20 155")
		keep("files", files)
		keep("files_kind", s.Upload(files, path+"/files", nil, "a.jpg", []byte("<html>")))
		s.Upload(files, path+"/files", nil, "a.jpg", photo(t))
		keep("files_one", s.Get(path+"/files"))
		keep("check", s.Get(path+"/check"))
		made := s.Submit(s.Get(path+"/check"), path+"/check", nil).Header.Get("Location")
		keep("made", s.Get(made))
		seq := int(s.lastSeq(t, p.CaseID))
		keep("open", s.Get(strings.TrimSuffix(made, "?made=1")))
		s.Clock.Advance(20 * day)
		keep("late", s.Get(made))
		s.enter(t, p) // a visit is bounded
		do("desk:a", engine.AnswerObjection{Seq: seq, Reason: "no_payment"})(t, s, p.CaseID)
		keep("declined", s.Get(made))
		now, _ := s.Clock.Now(t.Context())
		do(engine.ActorNotice, engine.Told{Answer: int(s.lastSeq(t, p.CaseID)), Channel: "sms", At: now})(t, s, p.CaseID)
		keep("told", s.Get(made))
		object(engine.GroundSum)(t, s, p.CaseID)
		seq = s.count(t, `SELECT max(seq) FROM objections WHERE case_id = $1`, p.CaseID)
		do("desk:a", engine.AnswerObjection{Seq: seq, Accepted: true, Reason: "sum_differs"})(t, s, p.CaseID)
		keep("accepted", s.Get("/p/case/objections/"+strconv.Itoa(seq)))
		keep("case", s.Get("/p/case"))
	}
}

func (s stage) lastSeq(t *testing.T, id int64) int64 {
	t.Helper()
	return int64(s.count(t, `SELECT max(GREATEST(seq, answer)) FROM objections WHERE case_id = $1`, id))
}

// What lies about its kind, is a bomb or too much is refused with the reason, and leaves nothing behind.
func TestObject_filesThatAreNotTaken(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{})
	s.enter(t, p)
	s.Get("/p/case?lang=en")
	path := "/p/case/object/already_paid/files"
	files := s.write(t, "already_paid", "x")
	big := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x01\x00\x00\x00\x01\x00\x00\x08\x02\x00\x00\x00"), 0, 0, 0, 0)
	for name, c := range map[string]struct {
		file []byte
		says string
	}{
		"receipt.pdf": {[]byte("<script>alert(1)</script>"), "no PDF, JPEG or PNG"},
		"photo.jpg":   {photo(t)[:200], "damaged"},
		"screen.png":  {big, "damaged"},
		"active.pdf":  {[]byte("%PDF-1.4\n/S/JavaScript/JS(app.alert(1))\nstartxref\n0\n%%EOF"), "holds a program"},
		"large.pdf":   {append([]byte("%PDF-1.4"), make([]byte, 10<<20)...), "larger than 10 MB"},
		"huge.pdf":    {make([]byte, 10<<20+200<<10), "larger than 10 MB"},
		"empty.jpg":   {nil, "No file was chosen"},
	} {
		got := s.Upload(files, path, nil, name, c.file)
		if got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Text("main"), c.says) {
			t.Errorf("%s: %d %.300s", name, got.Status, got.Text("main"))
		}
	}
	if n := s.count(t, `SELECT (SELECT count(*) FROM objection_files) + (SELECT count(*) FROM objection_file_parts)`); n != 0 {
		t.Errorf("%d rows are left of files that were not taken", n)
	}
	for range 5 {
		if got := s.Upload(files, path, nil, "a", photo(t)); got.Status != http.StatusSeeOther {
			t.Fatalf("%d", got.Status)
		}
	}
	full := s.Get(path)
	if full.Has("input[type=file]") {
		t.Error("a sixth file is asked for")
	}
	if got := s.Upload(files, path, nil, "a", photo(t)); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("a sixth file: %d", got.Status)
	}
	if got := s.Submit(full, path+"/remove", nil); got.Status != http.StatusSeeOther || s.count(t, `SELECT count(*) FROM objection_files`) != 4 {
		t.Errorf("removing: %d", got.Status)
	}
}

// Clicks at once, and on two devices, make one objection with one number.
func TestObject_clicksAtOnce(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{})
	s.enter(t, p)
	s.write(t, "wrong_sum", "15 000")
	other := stage{World: s.World, Browser: s.Another(), robot: s.robot, tills: s.tills}
	other.enter(t, p)
	path := "/p/case/object/wrong_sum/check"
	forms := map[*uitest.Browser]*uitest.Page{s.Browser: s.Get(path), other.Browser: other.Get(path)}
	var wg sync.WaitGroup
	var mu sync.Mutex
	went := map[string]int{}
	for b, form := range forms {
		for range 4 {
			wg.Go(func() {
				got := b.Submit(form, path, nil)
				mu.Lock()
				defer mu.Unlock()
				went[got.Header.Get("Location")]++
			})
		}
	}
	wg.Wait()
	if len(went) != 1 || s.count(t, `SELECT count(*) FROM objections`) != 1 || s.count(t, `SELECT count(*) FROM objection_words`) != 1 {
		t.Errorf("%v", went)
	}
}

// Nobody reaches the objections of another case, and what cannot be done says so.
func TestObject_staysWithItsCase(t *testing.T) {
	t.Parallel()
	s := setup(t)
	a, b := s.open(t, uitest.Writ{}), s.open(t, uitest.Writ{Name: "Бөтен Адам"})
	object(engine.GroundNotice)(t, s, b.CaseID)
	s.enter(t, a)
	for _, path := range []string{"/p/case/objections/2", "/p/case/objections/x", "/p/case/objections/-1", "/p/case/object/mood", "/p/case/object/mood/files", "/p/case/object/mood/check"} {
		if got := s.Get(path); got.Status != http.StatusNotFound || strings.Contains(got.Body, "Бөтен") {
			t.Errorf("%s: %d", path, got.Status)
		}
	}
	for _, path := range []string{"/p/case/object/notice/files", "/p/case/object/notice/check"} {
		if got := s.Get(path); got.Status != http.StatusSeeOther || got.Header.Get("Location") != "/p/case/object/notice" {
			t.Errorf("%s before anything was said: %d", path, got.Status)
		}
	}
	theirs := s.count(t, `INSERT INTO objection_files (case_id, ground, kind, size, sha256, at) VALUES ($1, 'notice', 'png', 1, sha256(''), now()) RETURNING id`, b.CaseID)
	token := s.Get("/p/case").Attr(`input[name="form_token"]`, "value")
	s.Post("/p/case/object/notice/files/remove", url.Values{"form_token": {token}, "file": {strconv.Itoa(theirs)}})
	if n := s.count(t, `SELECT count(*) FROM objection_files`); n != 1 {
		t.Error("a file of another case was removed")
	}
	for range 2 {
		object(engine.GroundNotice)(t, s, a.CaseID)
		seq := s.count(t, `SELECT max(seq) FROM objections WHERE case_id = $1`, a.CaseID)
		do("desk:a", engine.AnswerObjection{Seq: seq, Reason: "notified"})(t, s, a.CaseID)
		now, _ := s.Clock.Now(t.Context())
		do("notice", engine.Told{Answer: int(s.lastSeq(t, a.CaseID)), Channel: "sms", At: now})(t, s, a.CaseID)
	}
	if got := s.Get("/p/case/object/notice?lang=ru"); got.Status != http.StatusConflict || !strings.Contains(got.Text("main"), "обжалуйте") {
		t.Errorf("a third time: %d", got.Status)
	}
	paid(20155)(t, s, a.CaseID)
	if got := s.Get("/p/case/object/wrong_sum"); got.Status != http.StatusConflict {
		t.Errorf("of a case that has ended: %d", got.Status)
	}
	if s.Get("/p/case").Has(`a[href^="/p/case/object/"]`) {
		t.Error("the page of a case that has ended offers to object")
	}
}

// A draft that is not sent is forgotten after a day, with its files; what was handed in stays for ever.
func TestObject_draftsAreForgotten(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{})
	s.enter(t, p)
	files := s.write(t, "already_paid", "x")
	s.Upload(files, "/p/case/object/already_paid/files", nil, "a", photo(t))
	s.Submit(s.Get("/p/case/object/already_paid/check"), "/p/case/object/already_paid/check", nil)
	files = s.write(t, "wrong_sum", "y")
	s.Upload(files, "/p/case/object/wrong_sum/files", nil, "a", photo(t))
	if _, err := s.Pool.Exec(t.Context(), `UPDATE objection_drafts SET touched_at = now() - interval '25 hours'`); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Pool.Exec(t.Context(), `ALTER TABLE objection_files DISABLE TRIGGER objection_files_kept; UPDATE objection_files SET stored_at = now() - interval '25 hours'; ALTER TABLE objection_files ENABLE TRIGGER objection_files_kept`); err != nil {
		t.Fatal(err)
	}
	if n, err := objections.New(s.Pool, s.Keys).Purge(t.Context()); err != nil || n != 2 {
		t.Errorf("%d, %v", n, err)
	}
	if n := s.count(t, `SELECT count(*) FROM objection_files`); n != 1 {
		t.Errorf("%d files are left", n)
	}
	for _, sql := range []string{`DELETE FROM objection_files`, `UPDATE objection_files SET seq = NULL`, `UPDATE objection_words SET sealed = ''`} {
		if _, err := s.Pool.Exec(t.Context(), sql); err == nil {
			t.Errorf("%s was possible", sql)
		}
	}
}
