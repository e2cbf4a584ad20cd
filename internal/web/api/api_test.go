package api

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"robotbailiff/engine"
	"robotbailiff/engine/intake"
	"robotbailiff/engine/intake/proof"
	"robotbailiff/internal/app/feed"
	"robotbailiff/internal/testkit"
	"robotbailiff/rules/pack"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// server is the interface on a database of its own.
type server struct {
	t       *testing.T
	pool    *pgxpool.Pool
	inbox   *intake.Inbox
	sources *intake.Sources
	feed    *feed.Service
	handler http.Handler
	key     string
	schema  *jsonschema.Compiler
	doc     map[string]any
	log     bytes.Buffer
	proxy   string // address of a proxy before the interface; empty: it is called directly
}

const court = "court-7101"

func serve(t *testing.T) *server {
	t.Helper()
	s := &server{t: t, pool: testkit.DB(t)}
	packs, err := engine.RegisterPack(t.Context(), s.pool, pack.Default())
	s.must(err)
	keys, c := testkit.Keys(t), testkit.Clock(t)
	store := engine.NewStore(engine.Config{Pool: s.pool, Clock: c, Packs: packs})
	s.sources = intake.NewSources(s.pool, keys)
	s.inbox = intake.NewInbox(store, keys, intake.InboxConfig{Proof: intake.NewAdmission(s.sources, c.Now)})
	s.key = s.register(intake.Source{Name: court, Proof: proof.None, Active: true, GatesOn: true})
	signer, err := proof.NewKeySigner(keys.Blind("receipt.key", "ed25519"))
	s.must(err)
	log := slog.New(slog.NewTextHandler(&s.log, nil))
	s.feed = feed.New(feed.Config{Pool: s.pool, Sources: s.sources, Post: Poster(true), Log: log})
	s.handler, err = Handler(Config{Inbox: s.inbox, Sources: s.sources, Feed: s.feed, Signer: signer, Log: log})
	s.must(err)
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(contract))
	s.must(err)
	s.doc, _ = parsed.(map[string]any)
	s.schema = jsonschema.NewCompiler()
	s.must(s.schema.AddResource("urn:contract", parsed))
	return s
}

func (s *server) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *server) register(src intake.Source) (key string) {
	s.t.Helper()
	s.must(s.sources.Put(s.t.Context(), src, "test"))
	key, err := s.sources.NewAPIKey(s.t.Context(), src.Name, "test")
	s.must(err)
	return key
}

// request is one request; the zero values are the usual ones.
type request struct {
	key    string // "": that of the court; "-": none
	header map[string]string
	body   []byte
}

// ask sends a request and holds the answer to the contract.
func (s *server) ask(method, route, query string, q request, want int) *httptest.ResponseRecorder {
	s.t.Helper()
	path := route
	if id, ok := q.header["id"]; ok {
		path = strings.Replace(route, "{id}", id, 1)
	}
	r := httptest.NewRequestWithContext(s.t.Context(), method, path+query, bytes.NewReader(q.body))
	if q.key == "" {
		q.key = s.key
	}
	if q.key != "-" {
		r.Header.Set("Authorization", "Bearer "+q.key)
	}
	for k, v := range q.header {
		r.Header.Set(k, v)
	}
	w := s.exchange(r)
	if w.Code != want {
		s.t.Fatalf("%s %s: %d %s, want %d", method, path+query, w.Code, w.Body, want)
	}
	s.conforms(strings.ToLower(method), route, w)
	return w
}

// exchange gives a request to the interface, through the proxy if there is one.
func (s *server) exchange(r *http.Request) *httptest.ResponseRecorder {
	s.t.Helper()
	w := httptest.NewRecorder()
	if s.proxy == "" {
		s.handler.ServeHTTP(w, r)
		return w
	}
	out, err := http.NewRequestWithContext(r.Context(), r.Method, s.proxy+r.URL.RequestURI(), r.Body)
	s.must(err)
	out.Header = r.Header
	res, err := http.DefaultClient.Do(out)
	s.must(err)
	defer func() { _ = res.Body.Close() }()
	maps.Copy(w.Header(), res.Header)
	w.WriteHeader(res.StatusCode)
	_, err = io.Copy(w, res.Body)
	s.must(err)
	return w
}

func (s *server) conforms(method, route string, w *httptest.ResponseRecorder) {
	s.t.Helper()
	status := http.StatusText(w.Code)
	code := strings.TrimSpace(strings.Split(w.Result().Status, " ")[0])
	op, ok := dig(s.doc, "paths", route, method).(map[string]any)
	if !ok {
		s.t.Fatalf("the contract has no %s %s", method, route)
	}
	answer, ok := dig(op, "responses", code).(map[string]any)
	if !ok {
		s.t.Fatalf("%s %s: the contract has no %s %s", method, route, code, status)
	}
	at := "urn:contract#/paths/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(route) + "/" + method + "/responses/" + code
	if to, ok := answer["$ref"].(string); ok {
		at = "urn:contract" + to
		parts := strings.Split(strings.TrimPrefix(to, "#/"), "/")
		answer, _ = dig(s.doc, parts...).(map[string]any)
	}
	media := strings.Split(w.Header().Get("Content-Type"), ";")[0]
	if dig(answer, "content", media) == nil {
		s.t.Fatalf("%s %s %s: the contract has no %q", method, route, code, media)
	}
	if !strings.HasSuffix(media, "json") {
		return
	}
	schema, err := s.schema.Compile(at + "/content/" + strings.ReplaceAll(media, "/", "~1") + "/schema")
	s.must(err)
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(w.Body.Bytes()))
	s.must(err)
	if err := schema.Validate(v); err != nil {
		s.t.Errorf("%s %s %s: %v\n%s", method, route, code, err, w.Body)
	}
}

func dig(v any, path ...string) any {
	for _, p := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[p]
	}
	return v
}

func read[T any](t *testing.T, w *httptest.ResponseRecorder) (v T) {
	t.Helper()
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

const header = "document_number,in_force_date,kind,debtor_iin,debtor_name,region,amount,unpaid_confirmed_on\n"

func good(n string) string {
	return n + ",2026-01-12,fine_prescription,500101350007,Ахметов Данияр,75,20155.00,2026-02-20\n"
}

// goodFile has writs of one debtor.
func goodFile(numbers ...string) []byte {
	text := header
	for _, n := range numbers {
		text += good(n)
	}
	return []byte(text)
}

func (s *server) send(key string, file []byte, want int) *httptest.ResponseRecorder {
	s.t.Helper()
	return s.ask("POST", "/api/v1/batches", "", request{header: map[string]string{"Idempotency-Key": key, "X-File-Name": "a.csv"}, body: file}, want)
}

func (s *server) process(id int64) {
	s.t.Helper()
	_, err := s.inbox.Process(s.t.Context(), id, nil)
	s.must(err)
}

func TestAPI_aFileFromSendingToReceipt(t *testing.T) {
	t.Parallel()
	fromSendingToReceipt(t, serve(t))
}

func fromSendingToReceipt(t *testing.T, s *server) {
	t.Helper()
	file := append(goodFile("A-1", "A-2", "A-3", "A-4", "A-5", "A-6", "A-7", "A-8", "A-9"), "A-10,2026-01-12,fine_prescription,500101350008,Иванов,75,5.00,2026-02-20\n"...)
	first := s.send("k-1", file, 202)
	b := read[status](t, first)
	if first.Header().Get("Location") != b.Links.Self || first.Header().Get("Idempotent-Replayed") != "" || b.State != intake.StateReceived {
		t.Errorf("%+v %v", b, first.Header())
	}
	id := map[string]string{"id": strings.TrimPrefix(b.Links.Self, "/api/v1/batches/"), "Accept-Language": "en"}
	s.ask("GET", "/api/v1/batches/{id}/receipt", "", request{header: id}, 409)
	s.process(b.ID)

	again := s.send("k-1", file, 202)
	if got := read[status](t, again); again.Header().Get("Idempotent-Replayed") != "true" || got.ID != b.ID {
		t.Errorf("the same key and file: %+v", got)
	}
	conflict := read[problem](t, s.send("k-1", goodFile("B-1"), 409))
	if conflict.Code != codeKeyReused || conflict.Batch != b.ID {
		t.Errorf("%+v", conflict)
	}

	done := read[status](t, s.ask("GET", "/api/v1/batches/{id}", "", request{header: id}, 200))
	if !done.Final || done.Accepted != 9 || done.Rejected != 1 || done.Rows != 10 {
		t.Errorf("%+v", done)
	}
	type rowsPage struct {
		Rows []row
		Next int
	}
	page := read[rowsPage](t, s.ask("GET", "/api/v1/batches/{id}/rows", "?limit=9", request{header: id}, 200))
	if len(page.Rows) != 9 || page.Next != 10 || page.Rows[0].Case == "" {
		t.Errorf("%+v", page)
	}
	bad := read[rowsPage](t, s.ask("GET", "/api/v1/batches/{id}/rows", "?verdict=rejected,quarantined&lang=kk", request{header: id}, 200))
	if len(bad.Rows) != 1 || bad.Rows[0].Row != 11 || bad.Rows[0].Code != "iin_invalid" || bad.Rows[0].Field != "debtor_iin" || !strings.Contains(bad.Rows[0].Reason, "ЖСН") {
		t.Errorf("%+v", bad)
	}
	s.ask("GET", "/api/v1/batches/{id}/rows", "?verdict=perhaps", request{header: id}, 400)

	report := s.ask("GET", "/api/v1/batches/{id}/report", "?lang=en", request{header: id}, 200)
	if lines := strings.Split(strings.TrimSpace(report.Body.String()), "\r\n"); len(lines) != 11 || !strings.Contains(lines[10], "rejected,iin_invalid,debtor_iin,") {
		t.Errorf("%s", report.Body)
	}

	rec := read[signedReceipt](t, s.ask("GET", "/api/v1/batches/{id}/receipt", "", request{header: id}, 200))
	key := read[struct {
		JWK struct{ X string }
	}](t, s.ask("GET", "/api/v1/receipt-key", "", request{key: "-"}, 200))
	if !verifies(t, key.JWK.X, rec.Payload, rec.Signature) {
		t.Error("the receipt's signature does not hold")
	}
	if rec.Payload[1] ^= 1; verifies(t, key.JWK.X, rec.Payload, rec.Signature) {
		t.Error("a changed receipt verifies")
	}
	if rec.Receipt.SHA256 != b.SHA256 || rec.Receipt.Accepted != 9 {
		t.Errorf("%+v", rec.Receipt)
	}
}

// Every answer that the contract promises is given, and nothing else: this test walks through the rest of them.
func TestAPI_whatIsRefused(t *testing.T) {
	t.Parallel()
	s := serve(t)
	for _, key := range []string{"-", "bailiff_WRONG", "x"} {
		w := s.ask("POST", "/api/v1/batches", "", request{key: key, header: map[string]string{"Idempotency-Key": "a"}, body: goodFile("A-1")}, 401)
		if w.Header().Get("WWW-Authenticate") != "Bearer" {
			t.Error("401 says how to come in")
		}
	}
	s.ask("POST", "/api/v1/batches", "", request{body: goodFile("A-1")}, 400)
	s.ask("POST", "/api/v1/batches", "?dry_run=perhaps", request{header: map[string]string{"Idempotency-Key": "a"}, body: goodFile("A-1")}, 400)
	s.send("key with blanks", goodFile("A-1"), 400)
	for _, file := range []string{"", "nothing\x00", "document_number,colour\nA-1,red\n"} {
		p := read[problem](t, s.send("k", []byte(file), 422))
		if p.Title == "" || p.Title == p.Code || !strings.HasSuffix(p.Type, "#"+p.Code) {
			t.Errorf("%+v", p)
		}
	}
	s.send("k", bytes.Repeat([]byte("a"), intake.MaxUploadBytes+1), 413)
	streamed := httptest.NewRequestWithContext(t.Context(), "POST", "/api/v1/batches", io.MultiReader(strings.NewReader(header), endless{}))
	streamed.Header.Set("Authorization", "Bearer "+s.key)
	streamed.Header.Set("Idempotency-Key", "k")
	w := httptest.NewRecorder()
	if s.handler.ServeHTTP(w, streamed); w.Code != 413 {
		t.Errorf("a stream without end: %d %s", w.Code, w.Body)
	}

	b := read[status](t, s.send("mine", goodFile("A-1"), 202))
	other := s.register(intake.Source{Name: "other", Proof: proof.None, Active: true, GatesOn: true})
	for _, id := range []string{strings.TrimPrefix(b.Links.Self, "/api/v1/batches/"), "0", "x", "99999999999999999999"} {
		for _, part := range []string{"", "/rows", "/report", "/receipt"} {
			s.ask("GET", "/api/v1/batches/{id}"+part, "", request{key: other, header: map[string]string{"id": id}}, 404)
		}
	}
	if n := count(t, s.pool, `SELECT count(*) FROM batches`); n != 1 {
		t.Errorf("%d batches, want the one that was taken", n)
	}
	s.ask("GET", "/api/v1/writs", "?since=x", request{}, 400)
	s.ask("POST", "/api/v1/webhooks/replay", "", request{}, 409)
	s.ask("POST", "/api/v1/webhooks/replay", "?since=x", request{}, 400)
	paths, _ := s.doc["paths"].(map[string]any)
	for path, ops := range paths { // who is not known gets no further than the door, so this tells which doors there are
		m, _ := ops.(map[string]any)
		for method := range m {
			w := httptest.NewRecorder()
			s.handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), strings.ToUpper(method), strings.Replace(path, "{id}", "1", 1), nil))
			if w.Code != 401 && w.Code != 200 {
				t.Errorf("the contract has %s %s, the server answers %d", method, path, w.Code)
			}
		}
	}
	s.ask("GET", "/api/v1/codes", "", request{key: "-"}, 200)
	s.ask("GET", "/api/openapi.json", "", request{key: "-"}, 200)
	for range maxRead {
		if s.handler.ServeHTTP(httptest.NewRecorder(), s.plain("GET", "/api/v1/writs")); t.Failed() {
			return
		}
	}
	s.ask("GET", "/api/v1/writs", "", request{}, 429)
}

func (s *server) plain(method, path string) *http.Request {
	r := httptest.NewRequestWithContext(s.t.Context(), method, path, nil)
	r.Header.Set("Authorization", "Bearer "+s.key)
	return r
}

// endless is a body without end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'a'
	}
	return len(p), nil
}

func TestAPI_aSignatureThatFailsIsRefusedAndLogged(t *testing.T) {
	t.Parallel()
	s := serve(t)
	notary := testkit.NewNotary(t)
	key := s.register(intake.Source{Name: "signed", Proof: proof.CMS, Roots: notary.Roots, Subjects: []string{notary.Subject}, Active: true, GatesOn: true})
	file := goodFile("S-1")
	overOther := base64.StdEncoding.EncodeToString(notary.CMS(t, goodFile("S-2")))
	for signature, code := range map[string]string{"": proof.CodeMissing, "AAAA": proof.CodeMalformed, overOther: proof.CodeMismatch} {
		w := s.ask("POST", "/api/v1/batches", "?lang=en", request{key: key, header: map[string]string{"Idempotency-Key": "s", "X-Signature": signature}, body: file}, 422)
		if p := read[problem](t, w); p.Code != code || p.Batch == 0 || p.Title != proof.Message(code, "en") {
			t.Errorf("%+v", p)
		}
	}
	log := s.log.String()
	if !strings.Contains(log, "source=signed") || !strings.Contains(log, "sha256=") || strings.Contains(log, "Ахметов") || strings.Contains(log, "500101350007") {
		t.Errorf("log: %s", log)
	}
	if n := count(t, s.pool, `SELECT count(*) FROM cases`); n != 0 {
		t.Errorf("%d cases", n)
	}
}

// A file with its signature beside it, and a document with its signature inside, open their cases; the batch says who signed.
func TestAPI_aSignedFileOpensItsCases(t *testing.T) {
	t.Parallel()
	s := serve(t)
	notary := testkit.NewNotary(t)
	csv := goodFile("S-1", "S-2")
	xml := notary.XML(t, []byte(goodXML))
	for i, c := range []struct {
		kind      proof.Kind
		file      []byte
		signature []byte
		cases     int
	}{{proof.CMS, csv, notary.CMS(t, csv), 2}, {proof.XMLSig, xml, nil, 3}} {
		key := s.register(intake.Source{Name: "signed-" + string(c.kind), Proof: c.kind, Roots: notary.Roots, Subjects: []string{notary.Subject}, Active: true, GatesOn: true})
		header := map[string]string{"Idempotency-Key": "s", "X-File-Name": "a", "X-Signature": base64.StdEncoding.EncodeToString(c.signature)}
		b := read[status](t, s.ask("POST", "/api/v1/batches", "", request{key: key, header: header, body: c.file}, 202))
		s.process(b.ID)
		if n := count(t, s.pool, `SELECT count(*) FROM cases`); n != c.cases {
			t.Errorf("%d: %d cases, want %d", i, n, c.cases)
		}
		if n := count(t, s.pool, `SELECT count(*) FROM batches WHERE signer LIKE 'Районный суд, %'`); n != i+1 {
			t.Errorf("%d: %d batches name who signed", i, n)
		}
	}
}

const goodXML = `<?xml version="1.0" encoding="UTF-8"?>
<writs xmlns="urn:robotbailiff:writs:1">
  <writ><document_number>X-1</document_number><in_force_date>2026-01-12</in_force_date><kind>fine_prescription</kind><debtor_iin>500101350007</debtor_iin><debtor_name>Ахметов Данияр</debtor_name><region>75</region><amount>20155.00</amount><unpaid_confirmed_on>2026-02-20</unpaid_confirmed_on></writ>
</writs>
`

func TestAPI_dryRunOpensNothing(t *testing.T) {
	t.Parallel()
	s := serve(t)
	w := s.ask("POST", "/api/v1/batches", "?dry_run=true", request{header: map[string]string{"Idempotency-Key": "d"}, body: goodFile("A-1")}, 202)
	b := read[status](t, w)
	s.process(b.ID)
	got := read[status](t, s.ask("GET", "/api/v1/batches/{id}", "", request{header: map[string]string{"id": strings.TrimPrefix(b.Links.Self, "/api/v1/batches/")}}, 200))
	if got.State != intake.StatePreviewed || got.Accepted != 1 || count(t, s.pool, `SELECT count(*) FROM cases`) != 0 {
		t.Errorf("%+v", got)
	}
	s.send("d", goodFile("A-1"), 409) // the key stands for the dry run
}

func count(t *testing.T, pool *pgxpool.Pool, sql string) (n int) {
	t.Helper()
	if err := pool.QueryRow(context.Background(), sql).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestMessages_areWholeInThreeLanguages(t *testing.T) {
	t.Parallel()
	for _, of := range [][]string{requestCodes(), intake.Codes(), proof.Codes()} {
		for _, code := range of {
			for _, lang := range []string{"kk", "ru", "en"} {
				if text := say(code, lang); text == "" || text == code {
					t.Errorf("%s has no text in %s", code, lang)
				}
			}
		}
	}
	for _, code := range []string{intake.FatalEmpty, intake.FatalChanged, intake.FatalRows} {
		if !slices.Contains(requestCodes(), code) {
			t.Errorf("%s is missing", code)
		}
	}
}

// The examples of the contract are what its schemas say, and every route of it is one of ours.
func TestContract_examplesFitTheirSchemas(t *testing.T) {
	t.Parallel()
	var doc any
	if err := json.Unmarshal(contract, &doc); err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("urn:contract", doc); err != nil {
		t.Fatal(err)
	}
	n := 0
	var walk func(at string, v any)
	walk = func(at string, v any) {
		m, ok := v.(map[string]any)
		if !ok {
			return
		}
		if example, ok := m["example"]; ok && m["schema"] != nil {
			schema, err := c.Compile("urn:contract#" + at + "/schema")
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(example); err != nil {
				t.Errorf("%s: %v", at, err)
			}
			n++
		}
		for k, child := range m {
			walk(at+"/"+strings.NewReplacer("~", "~0", "/", "~1").Replace(k), child)
		}
	}
	walk("", doc)
	if n < 3 {
		t.Errorf("only %d examples", n)
	}
}

func b64(t *testing.T, s string) []byte {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
