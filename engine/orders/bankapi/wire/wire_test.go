package wire

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"robotbailiff/engine"
	"robotbailiff/engine/orders"
	"robotbailiff/rules/money"
)

func drawMessage(t *rapid.T) Message {
	id := rapid.Custom(func(t *rapid.T) uuid.UUID { return uuid.NewSHA1(uuid.Nil, []byte(rapid.String().Draw(t, "id"))) })
	ids := rapid.SliceOfNDistinct(id, 1, 4, func(u uuid.UUID) uuid.UUID { return u })
	amount := rapid.Custom(func(t *rapid.T) money.Amount { return money.FromTiyn(rapid.Int64Range(0, 1e9).Draw(t, "tiyn")) })
	when := rapid.Custom(func(t *rapid.T) time.Time {
		return time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "s"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns")).UTC()
	})
	iin := rapid.StringMatching(`[0-9]{12}`)
	account := rapid.StringMatching(`KZ[0-9]{2}[0-9A-Z]{16}`)
	cursor := rapid.StringMatching(`[A-Za-z0-9._~-]{0,40}`)
	parts := func() []orders.Part {
		var all []orders.Part
		for _, a := range rapid.SliceOfNDistinct(account, 0, 3, func(s string) string { return s }).Draw(t, "parts") {
			all = append(all, orders.Part{Account: a, Amount: amount.Draw(t, "part")})
		}
		return all
	}
	m := Message{
		Kind: rapid.SampledFrom([]Kind{Submit, Query, AskAccounts, AskHolds, Replies, Accounts, Holds, Hint}).Draw(t, "kind"),
		ID:   id.Draw(t, "message"), At: when.Draw(t, "at"), Bank: rapid.StringMatching(`[a-z][a-z0-9_-]{0,31}`).Draw(t, "bank"),
	}
	if rapid.Bool().Draw(t, "answers") {
		m.About = id.Draw(t, "about")
	}
	switch m.Kind {
	case Submit:
		for _, id := range ids.Draw(t, "orders") {
			o := orders.Instruction{
				ID: id, CaseID: rapid.Int64Range(1, 1<<62).Draw(t, "case"), Purpose: rapid.SampledFrom(engine.Purposes[:5]).Draw(t, "purpose"),
				IIN: iin.Draw(t, "iin"), Amount: amount.Draw(t, "amount"), Parts: parts(),
			}
			if len(o.Parts) > 0 {
				o.Amount = money.Zero
				for _, p := range o.Parts {
					o.Amount = o.Amount.Add(p.Amount)
				}
			}
			if !o.Purpose.Coercive() {
				o.Of = uuid.NewSHA1(id, nil)
			}
			m.Orders = append(m.Orders, o)
		}
	case Query, Hint:
		m.IDs = ids.Draw(t, "ids")
	case AskAccounts:
		m.IINs = rapid.SliceOfNDistinct(iin, 1, 3, func(s string) string { return s }).Draw(t, "iins")
	case AskHolds:
		m.After, m.Limit = cursor.Draw(t, "after"), rapid.IntRange(1, MaxHolds).Draw(t, "limit")
	case Replies:
		m.Replies = []orders.Reply{}
		for _, id := range ids.Draw(t, "replies") {
			r := orders.Reply{ID: id, Known: rapid.Bool().Draw(t, "known")}
			if r.Known {
				r.CaseID = rapid.Int64Range(1, 9).Draw(t, "case")
			}
			if r.Known && rapid.Bool().Draw(t, "answered") {
				r.Answer = rapid.SampledFrom([]engine.Answer{
					engine.Accepted, engine.Partial, engine.NoFunds, engine.NoAccount, engine.Protected, engine.AlreadyDone, engine.Refused,
				}).Draw(t, "answer")
				r.Sum, r.Parts, r.Detail = amount.Draw(t, "sum"), parts(), rapid.StringMatching(`([a-z][a-z_0-9]{0,9})?`).Draw(t, "detail")
			}
			m.Replies = append(m.Replies, r)
		}
	case Accounts:
		m.Persons = []Person{}
		for _, n := range rapid.SliceOfNDistinct(iin, 0, 2, func(s string) string { return s }).Draw(t, "persons") {
			p := Person{IIN: n}
			for _, a := range rapid.SliceOfNDistinct(account, 1, 3, func(s string) string { return s }).Draw(t, "accounts") {
				p.Accounts = append(p.Accounts, orders.Account{ID: a, Kind: rapid.StringMatching(`[a-z]{1,9}`).Draw(t, "kind"), Available: amount.Draw(t, "available")})
			}
			m.Persons = append(m.Persons, p)
		}
	case Holds:
		m.After, m.Next, m.Holds = cursor.Draw(t, "after"), cursor.Draw(t, "next"), []orders.Hold{}
		if rapid.Bool().Draw(t, "any") {
			m.Holds = append(m.Holds, orders.Hold{ID: id.Draw(t, "hold"), CaseID: 7, Amount: amount.Draw(t, "amount"), Since: when.Draw(t, "since")})
		}
	}
	if rapid.Bool().Draw(t, "file") {
		m.Sheet = &Sheet{Number: rapid.IntRange(1, 99_999_999).Draw(t, "number")}
		m.Sheet.Count, m.Sheet.Total, _ = m.Sum()
	}
	return m
}

// What is written is read back, and both encodings mean the same.
func TestEncode_bothEncodingsSayTheSame(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := drawMessage(t)
		for _, as := range []Encoding{JSON, XML} {
			body, err := Encode(m, as)
			if err != nil {
				t.Fatalf("%s: %v of %+v", as, err, m)
			}
			got, err := Decode(body, as)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(m, got); diff != "" {
				t.Fatalf("%s: %s\n%s", as, diff, body)
			}
		}
	})
}

// xmllint and the published schema take what we write, and not what we would not read.
func TestXML_fitsTheSchema(t *testing.T) {
	t.Parallel()
	lint := peer(t, "xmllint")
	dir := t.TempDir()
	check := func(name string, body []byte) error {
		file := filepath.Join(dir, name+".xml")
		if err := os.WriteFile(file, body, 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.CommandContext(t.Context(), lint, "--noout", "--nonet", "--schema", "../../../../deploy/schema/bank.xsd", file).CombinedOutput()
		if strings.Contains(string(out), "Schemas parser error") {
			t.Fatalf("%s", out)
		}
		return err
	}
	seen := map[Kind]bool{}
	const bankKinds = 8 // bank.xsd knows those of banks
	messages := rapid.Custom(drawMessage)
	for i := 0; i < 400 && (len(seen) < bankKinds || i < 40); i++ {
		m := messages.Example(i)
		body, err := Encode(m, XML)
		if err != nil {
			t.Fatal(err)
		}
		if err := check("good", body); err != nil {
			t.Errorf("the schema refuses %s", body)
		}
		seen[m.Kind] = true
	}
	if len(seen) != bankKinds {
		t.Errorf("only %v were tried", seen)
	}
	body := sample(t, XML)
	for name, bad := range badXML(body) {
		if err := check("bad", []byte(bad)); err == nil && !lenient[name] {
			t.Errorf("%s: the schema takes %s", name, bad)
		}
	}
}

// lenient are faults that a schema cannot see.
var lenient = map[string]bool{
	"document type": true, "comment": true, "instruction": true, "id twice": true, "parts do not add up": true, "month 13": true,
	"prefix of another space": true, "count alone": true,
}

func peer(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(name + " is not installed")
	}
	return path
}

func sample(t testing.TB, as Encoding) string {
	t.Helper()
	tenge := func(s string) money.Amount {
		a, err := money.Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	body, err := Encode(Message{
		Kind: Submit, ID: uuid.MustParse("5f0b0d6a-5e0c-4a53-9d0e-3c1f4b7a9e21"), At: time.Date(2026, time.March, 2, 4, 0, 0, 0, time.UTC), Bank: "halyk",
		Orders: []orders.Instruction{{
			ID: uuid.MustParse("0d9d2c5a-3b43-5e0e-8f7b-3a4f5d6c7b8a"), CaseID: 1700042, Purpose: engine.Arrest, IIN: "900101300017", Amount: tenge("20155.00"),
			Parts: []orders.Part{{Account: "KZ86125KZT5004100100", Amount: tenge("20000.00")}, {Account: "KZ75125KZT5004100101", Amount: tenge("155.00")}},
		}},
	}, as)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func instead(s, old, now string) string {
	if !strings.Contains(s, old) {
		panic("no " + old)
	}
	return strings.Replace(s, old, now, 1)
}

func badXML(good string) map[string]string {
	order := good[strings.Index(good, "<order>") : strings.Index(good, "</order>")+len("</order>")]
	return map[string]string{
		"document type":           instead(good, "<submit", "<!DOCTYPE submit><submit"),
		"entity":                  instead(instead(good, "<submit", `<!DOCTYPE submit [<!ENTITY a "1">]><submit`), "halyk", "&a;"),
		"comment":                 instead(good, "halyk", "hal<!-- -->yk"),
		"instruction":             instead(good, "<orders>", "<?x y?><orders>"),
		"attribute":               instead(good, "<orders>", `<orders a="b">`),
		"no name space":           instead(good, ` xmlns="`+Namespace+`"`, ""),
		"another name space":      instead(good, Namespace, Namespace+"2"),
		"prefix of another space": instead(instead(good, "<submit", `<submit xmlns:x="urn:x"`), "<bank>halyk</bank>", "<x:bank>halyk</x:bank>"),
		"unknown root":            strings.ReplaceAll(good, "submit", "submits"),
		"root in another case":    strings.ReplaceAll(good, "submit", "Submit"),
		"second root":             good + "<submit/>",
		"text behind":             good + "x",
		"unknown name":            instead(good, "<orders>", "<priority>1</priority><orders>"),
		"name twice":              instead(good, "<bank>", "<bank>kaspi</bank><bank>"),
		"name in another case":    instead(good, "<bank>halyk</bank>", "<BANK>halyk</BANK>"),
		"nothing":                 "",
		"JSON":                    `{"type":"submit"}`,
		"not UTF-8":               instead(good, "halyk", "hal\xffk"),
		"no orders":               instead(good, order, ""),
		"id twice":                instead(good, order, order+order),
		"version 2":               instead(good, ">v1<", ">v2<"),
		"blank in an id":          instead(good, "<bank>halyk", "<bank> halyk"),
		"id in capitals":          instead(good, "0d9d2c5a", "0D9D2C5A"),
		"sum with one decimal":    instead(good, "20155.00", "20155.0"),
		"sum with a comma":        instead(good, "20155.00", "20155,00"),
		"negative sum":            instead(good, "20155.00", "-20155.00"),
		"sum with zeros":          instead(good, "20155.00", "020155.00"),
		"exponent":                instead(good, "20155.00", "2e5"),
		"parts do not add up":     instead(good, "20155.00", "20155.01"),
		"case 0":                  instead(good, "1700042", "0"),
		"unknown purpose":         instead(good, "arrest", "seize"),
		"no time zone":            instead(good, "00Z", "00"),
		"month 13":                instead(good, "2026-03", "2026-13"),
		"IIN of 11 digits":        instead(good, "900101300017", "90010130001"),
		"count alone":             instead(good, "<orders>", "<count>1</count><orders>"),
		"cut":                     good[:len(good)/2],
	}
}

func TestDecode_refusesInXML(t *testing.T) {
	t.Parallel()
	for name, bad := range badXML(sample(t, XML)) {
		refused(t, name, bad, XML)
	}
}

func refused(t *testing.T, name, body string, as Encoding) {
	t.Helper()
	_, err := Decode([]byte(body), as)
	e, ok := errors.AsType[*Error](err)
	if !ok {
		t.Errorf("%s: %v", name, err)
		return
	}
	for _, secret := range []string{"900101300017", "20155", "KZ86"} {
		if strings.Contains(e.Error(), secret) {
			t.Errorf("%s: the error repeats a value: %v", name, e)
		}
	}
}

func TestDecode_refusesInJSON(t *testing.T) {
	t.Parallel()
	good := sample(t, JSON)
	for name, c := range map[string]struct{ body, code, place string }{
		"nothing":              {"", CodeNotJSON, ""},
		"HTML":                 {"<html></html>", CodeNotJSON, ""},
		"two values":           {good + "{}", CodeNotJSON, ""},
		"key twice":            {instead(good, `"bank":`, `"bank":"kaspi","bank":`), CodeDuplicate, ""},
		"key in another case":  {instead(good, `"bank":`, `"BANK":"kaspi","bank":`), CodeDuplicate, ""},
		"only in another case": {instead(good, `"bank":`, `"Bank":`), CodeUnknown, "*"},
		"unknown name":         {instead(good, `"purpose":`, `"priority":"1","purpose":`), CodeUnknown, "orders[0].*"},
		"a number":             {instead(good, `"1700042"`, `1700042`), CodeInvalid, "orders[0].case"},
		"null":                 {instead(good, `"halyk"`, `null`), CodeInvalid, "bank"},
		"no kind":              {instead(good, `"type":"submit",`, ``), CodeMissing, "type"},
		"unknown kind":         {instead(good, `"submit"`, `"cancel"`), CodeKind, "type"},
		"no version":           {instead(good, `"version":"v1",`, ``), CodeMissing, "version"},
		"version 2":            {instead(good, `"v1"`, `"v2"`), CodeVersion, "version"},
		"orders no list":       {instead(good, `"orders":[`, `"ids":[],"orders":[`), CodeUnknown, "*"},
		"one account twice":    {instead(good, "KZ75125KZT5004100101", "KZ86125KZT5004100100"), CodeDuplicate, "orders[0].parts[1]"},
		"parts do not add up":  {instead(good, "20155.00", "20155.01"), CodeTotals, "orders[0].parts"},
		"sum":                  {instead(good, "20155.00", "1e4"), CodeInvalid, "orders[0].amount"},
		"wrong control total":  {instead(good, `"orders":`, `"number":"1","count":"1","total":"20155.01","orders":`), CodeTotals, "total"},
		"wrong control count":  {instead(good, `"orders":`, `"number":"1","count":"2","total":"20155.00","orders":`), CodeTotals, "total"},
		"number alone":         {instead(good, `"orders":`, `"number":"1","orders":`), CodeMissing, "number"},
		"too long":             {good + strings.Repeat(" ", MaxBody), CodeTooLarge, ""},
	} {
		refused(t, name, c.body, JSON)
		_, err := Decode([]byte(c.body), JSON)
		if e, ok := errors.AsType[*Error](err); !ok || e.Code != c.code || e.Place != c.place {
			t.Errorf("%s: %v, want %s at %q", name, err, c.code, c.place)
		}
	}
}

// What became of an order is said with its case, or the message is refused; of an order that it has never seen a bank knows no case.
func TestDecode_aReplyNamesItsCase(t *testing.T) {
	t.Parallel()
	id := uuid.NewSHA1(uuid.Nil, []byte("a"))
	for _, as := range []Encoding{JSON, XML} {
		for _, r := range []orders.Reply{{ID: id, Known: true}, {ID: id, Known: true, Answer: engine.Refused}} {
			m := Message{Kind: Replies, ID: id, Bank: "halyk", Replies: []orders.Reply{r}}
			_, err := Encode(m, as)
			if e, ok := errors.AsType[*Error](err); !ok || *e != (Error{CodeMissing, "replies[0].case"}) {
				t.Errorf("%s: %v", as, err)
			}
			m.Replies[0].CaseID = 7
			body, err := Encode(m, as)
			if err != nil {
				t.Fatal(err)
			}
			for _, named := range []string{`"case":"7",`, "<case>7</case>"} {
				body = []byte(strings.Replace(string(body), named, "", 1))
			}
			if _, err = Decode(body, as); err == nil {
				t.Errorf("%s: taken without its case", as)
			}
		}
		if _, err := Encode(Message{Kind: Replies, ID: id, Bank: "halyk", Replies: []orders.Reply{{ID: id}}}, as); err != nil {
			t.Errorf("%s: %v", as, err)
		}
	}
}

func TestDoubt(t *testing.T) {
	t.Parallel()
	sum := money.FromTiyn
	id := uuid.NewSHA1(uuid.Nil, []byte("a"))
	arrest := orders.Instruction{ID: id, CaseID: 7, Purpose: engine.Arrest, Amount: sum(1000), Parts: []orders.Part{{Account: "A", Amount: sum(600)}, {Account: "B", Amount: sum(400)}}}
	lift := orders.Instruction{ID: id, CaseID: 7, Purpose: engine.Lift}
	reply := func(a engine.Answer, tiyn int64, parts ...orders.Part) orders.Reply {
		return orders.Reply{ID: id, CaseID: 7, Known: true, Answer: a, Sum: sum(tiyn), Parts: parts}
	}
	part := func(a string, tiyn int64) orders.Part { return orders.Part{Account: a, Amount: sum(tiyn)} }
	of := func(r orders.Reply, change func(*orders.Reply)) orders.Reply { change(&r); return r }
	for name, c := range map[string]struct {
		order orders.Instruction
		reply orders.Reply
		want  string
	}{
		"whole":              {arrest, reply(engine.Accepted, 1000), ""},
		"by parts":           {arrest, reply(engine.Accepted, 1000, part("A", 600), part("B", 400)), ""},
		"less":               {arrest, reply(engine.Partial, 300, part("B", 300)), ""},
		"nothing":            {arrest, reply(engine.NoFunds, 0), ""},
		"taken":              {arrest, reply("", 0), ""},
		"lifted":             {lift, reply(engine.Accepted, 0), ""},
		"had been":           {lift, reply(engine.AlreadyDone, 0), ""},
		"another id":         {arrest, of(reply(engine.Accepted, 1000), func(r *orders.Reply) { r.ID = uuid.Max }), DoubtStranger},
		"another case":       {arrest, of(reply(engine.Accepted, 1000), func(r *orders.Reply) { r.CaseID = 8 }), DoubtCase},
		"another case, open": {arrest, of(reply("", 0), func(r *orders.Reply) { r.CaseID = 8 }), DoubtCase},
		"no case":            {arrest, of(reply(engine.Accepted, 1000), func(r *orders.Reply) { r.CaseID = 0 }), DoubtCase},
		"never seen":         {arrest, orders.Reply{ID: id}, ""},
		"more":               {arrest, reply(engine.Accepted, 1001), DoubtAbove},
		"more, of nothing":   {lift, reply(engine.Accepted, 1), DoubtAbove},
		"more on an account": {arrest, reply(engine.Partial, 500, part("B", 500)), DoubtAbove},
		"accepted for less":  {arrest, reply(engine.Accepted, 999), DoubtSum},
		"accepted for none":  {arrest, reply(engine.Accepted, 0), DoubtSum},
		"partial of all":     {arrest, reply(engine.Partial, 1000), DoubtSum},
		"partial of none":    {arrest, reply(engine.Partial, 0), DoubtSum},
		"partial lift":       {lift, reply(engine.Partial, 0), DoubtSum},
		"no funds with sum":  {arrest, reply(engine.NoFunds, 1), DoubtSum},
		"refused with sum":   {orders.Instruction{ID: id}, reply(engine.Refused, 1), DoubtSum},
		"taken with sum":     {arrest, reply("", 1), DoubtSum},
		"strange account":    {arrest, reply(engine.Partial, 300, part("C", 300)), DoubtParts},
		"parts of another":   {arrest, reply(engine.Accepted, 1000, part("A", 600)), DoubtParts},
		"unknown order":      {orders.Instruction{ID: id}, reply(engine.Accepted, 1_000_000), ""},
	} {
		if got := Doubt(c.order, c.reply); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestBelieve_oneReplyToEachOrder(t *testing.T) {
	t.Parallel()
	a, b, c := uuid.NewSHA1(uuid.Nil, []byte("a")), uuid.NewSHA1(uuid.Nil, []byte("b")), uuid.NewSHA1(uuid.Nil, []byte("c"))
	asked := map[uuid.UUID]orders.Instruction{a: {ID: a, Purpose: engine.Lift}, b: {ID: b, Purpose: engine.Lift}}
	reply := func(id uuid.UUID, known bool, answer engine.Answer) orders.Reply {
		return orders.Reply{ID: id, Known: known, Answer: answer}
	}
	told := map[string]uuid.UUID{}
	report := func(code string, id uuid.UUID) { told[code] = id }
	got := Believe([]orders.Reply{reply(a, true, engine.Accepted), reply(b, true, engine.Accepted), reply(b, true, engine.Refused), reply(c, true, engine.Accepted)}, asked, true, report)
	if len(got) != 1 || got[0].ID != a || told[DoubtTwice] != b || told[DoubtStranger] != c {
		t.Errorf("%v, told %v", got, told)
	}
	unseen := []orders.Reply{reply(a, false, "")}
	if got := Believe(unseen, asked, true, report); len(got) != 0 || told[DoubtUnseen] != a {
		t.Errorf("%v, told %v", got, told)
	}
	if got := Believe(unseen, asked, false, nil); len(got) != 1 || got[0].Known {
		t.Errorf("%v", got)
	}
}

func pemOf(t testing.TB, private any) (secret, public []byte) {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	secret = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	var pub any
	switch k := private.(type) {
	case ed25519.PrivateKey:
		pub = k.Public()
	case *ecdsa.PrivateKey:
		pub = k.Public()
	case *rsa.PrivateKey:
		pub = k.Public()
	}
	if der, err = x509.MarshalPKIXPublicKey(pub); err != nil {
		t.Fatal(err)
	}
	return secret, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestSign(t *testing.T) {
	t.Parallel()
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	_, other, _ := ed25519.GenerateKey(rand.Reader)
	ec := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	big := must[*rsa.PrivateKey](t)(rsa.GenerateKey(rand.Reader, 3072))
	body := []byte(sample(t, JSON))
	_, strange := pemOf(t, other)
	for name, key := range map[string]any{"Ed25519": ed, "P-256": ec, "RSA": big} {
		secret, public := pemOf(t, key)
		s := must[*Signer](t)(NewSigner(secret))
		v := must[*Verifier](t)(NewVerifier(strange, public))
		signature := must[string](t)(s.Sign(body))
		if id, err := v.Verify(signature, body); err != nil || id != s.ID() || !v.Knows(id) {
			t.Errorf("%s: %s, %v", name, id, err)
		}
		stranger := must[*Verifier](t)(NewVerifier(strange))
		header, _, _ := strings.Cut(signature, "..")
		for what, err := range map[string]error{
			"another body":  second(v.Verify(signature, append([]byte(" "), body...))),
			"another key":   second(stranger.Verify(signature, body)),
			"no signature":  second(v.Verify("", body)),
			"cut":           second(v.Verify(signature[:len(signature)-3], body)),
			"header alone":  second(v.Verify(header+"..", body)),
			"two of them":   second(v.Verify(signature+", "+signature, body)),
			"alg none":      second(v.Verify("eyJhbGciOiJub25lIn0..", body)),
			"not detached":  second(v.Verify(strings.Replace(signature, "..", ".e30.", 1), body)),
			"far too long":  second(v.Verify(signature+strings.Repeat("A", 4096), body)),
			"HMAC with key": second(v.Verify("eyJhbGciOiJIUzI1NiJ9.."+signature[strings.Index(signature, "..")+2:], body)),
		} {
			if !errors.Is(err, ErrSignature) {
				t.Errorf("%s: %s: %v", name, what, err)
			}
		}
	}
}

func second(_ string, err error) error { return err }

func TestKeys_thatAreRefused(t *testing.T) {
	t.Parallel()
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	secret, public := pemOf(t, ed)
	small, smallPublic := pemOf(t, must[*rsa.PrivateKey](t)(rsa.GenerateKey(rand.Reader, 2048)))
	curve, curvePublic := pemOf(t, must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)))
	for name, text := range map[string][]byte{"empty": nil, "blank": []byte("\n"), "text": []byte("secret"), "public": public, "small": small, "curve": curve, "two": append(secret, secret...)} {
		if _, err := NewSigner(text); !isKeyError(err) {
			t.Errorf("signer, %s: %v", name, err)
		}
	}
	for name, texts := range map[string][][]byte{
		"none": nil, "empty": {nil}, "text": {[]byte("secret")}, "private": {secret}, "small": {smallPublic}, "curve": {curvePublic},
		"twice": {public, public}, "second is empty": {public, {}}, "garbage behind": {append(append([]byte{}, public...), "x"...)},
	} {
		if _, err := NewVerifier(texts...); !isKeyError(err) {
			t.Errorf("verifier, %s: %v", name, err)
		}
	}
}

func isKeyError(err error) bool {
	e, ok := errors.AsType[*KeyError](err)
	return ok && e.Problem != ""
}

func fuzz(f *testing.F, as, other Encoding) {
	f.Add([]byte(sample(f, as)))
	messages := rapid.Custom(drawMessage)
	for i := range 30 {
		body, err := Encode(messages.Example(i), as)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := Decode(body, as)
		if err != nil {
			if _, ok := errors.AsType[*Error](err); !ok {
				t.Fatalf("untyped: %v", err)
			}
			return
		}
		for _, as := range []Encoding{as, other} { // what is taken means the same, however it is written
			again, err := Encode(m, as)
			if err != nil {
				t.Fatalf("%s: %q was read, and cannot be written: %v", as, body, err)
			}
			back, err := Decode(again, as)
			if diff := cmp.Diff(m, back); err != nil || diff != "" {
				t.Fatalf("%s: %v %s", as, err, diff)
			}
		}
	})
}

func FuzzDecodeJSON(f *testing.F) { fuzz(f, JSON, XML) }

func FuzzDecodeXML(f *testing.F) {
	for _, bad := range badXML(sample(f, XML)) {
		f.Add([]byte(bad))
	}
	fuzz(f, XML, JSON)
}
