package papers_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"robotbailiff/engine"
	"robotbailiff/internal/app/papers"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/paper"
	"robotbailiff/internal/testkit"
	"robotbailiff/internal/web/ui/uitest"
	"robotbailiff/notify"
	"robotbailiff/rules/calendar"
)

func TestMain(m *testing.M) { testkit.Main(m) }

type stage struct {
	*testing.T
	*uitest.World
	docs *papers.Service
}

func setup(t *testing.T, signed papers.Signatures) stage {
	t.Helper()
	w, err := uitest.NewWorld(t.Context(), testkit.DB(t), testkit.Keys(t))
	if err != nil {
		t.Fatal(err)
	}
	docs, err := w.Papers(signed)
	if err != nil {
		t.Fatal(err)
	}
	return stage{T: t, World: w, docs: docs}
}

func (s stage) open(x uitest.Writ) uitest.Person {
	s.Helper()
	p, err := s.Open(s.Context(), x)
	s.must(err)
	return p
}

func (s stage) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s stage) names(id int64) (out []string) {
	s.Helper()
	all, err := s.docs.List(s.Context(), s.Pool, id, i18n.RU)
	s.must(err)
	for _, d := range all {
		out = append(out, d.Name+" "+string(d.Kind)+" "+string(d.Language))
	}
	return out
}

func (s stage) make(id int64, name string, l i18n.Lang, who papers.Reader) []byte {
	s.Helper()
	f, err := s.docs.Make(s.Context(), s.Pool, id, name, l, who)
	s.must(err)
	return f.Body
}

// read gives the words of a document, with single spaces.
func (s stage) read(pdf []byte) string {
	s.Helper()
	if _, err := exec.LookPath("pdftotext"); err != nil {
		if os.Getenv("CI") != "" {
			s.Fatal(err)
		}
		s.Skip("pdftotext is not installed (package poppler-utils)")
	}
	path := filepath.Join(s.TempDir(), "x.pdf")
	s.must(os.WriteFile(path, pdf, 0o600))
	out, err := exec.CommandContext(s.Context(), "pdftotext", "-layout", path, "-").Output()
	s.must(err)
	return strings.Join(strings.Fields(strings.ReplaceAll(string(out), "\u00a0", " ")), " ")
}

func (s stage) says(pdf []byte, words ...string) {
	s.Helper()
	text := s.read(pdf)
	for _, w := range words {
		if !strings.Contains(text, w) {
			s.Errorf("%q is not on the paper:\n%s", w, text)
		}
	}
}

// A case that was arrested and paid: what there is, what it says, and that what was made before is made again, byte by byte.
func TestDocuments_ofAPaidCase(t *testing.T) {
	t.Parallel()
	s := setup(t, nil)
	p := s.open(uitest.Writ{Language: "ru"})
	s.must(s.Sent(t.Context(), p.CaseID, 2))
	first := s.make(p.CaseID, "decree-1.pdf", i18n.KK, papers.Debtor)
	s.must(s.Notify(t.Context(), p.CaseID))
	s.must(s.Arrest(t.Context(), p.CaseID))
	want := []string{"slip.pdf slip ru", "decree-1.pdf opening ru", "decree-3.pdf arrest ru", "notice-2-sms.pdf notice ru"}
	if diff := cmp.Diff(want, s.names(p.CaseID)); diff != "" {
		t.Fatal(diff)
	}
	arrest := s.make(p.CaseID, "decree-3.pdf", i18n.RU, papers.Debtor)
	s.Clock.Advance(26 * time.Hour)
	s.must(s.Pay(t.Context(), p.CaseID, 20200))
	s.must(s.Lift(t.Context(), p.CaseID))
	want = []string{"decree-1.pdf opening ru", "decree-3.pdf arrest ru", "decree-5.pdf termination ru", "notice-2-sms.pdf notice ru"}
	if diff := cmp.Diff(want, s.names(p.CaseID)); diff != "" {
		t.Fatal(diff)
	}
	if !bytes.Equal(first, s.make(p.CaseID, "decree-1.pdf", i18n.EN, papers.Debtor)) || !bytes.Equal(arrest, s.make(p.CaseID, "decree-3.pdf", i18n.KK, papers.Debtor)) {
		t.Error("a decree of before is made as other bytes")
	}
	s.says(first, "Департамент юстиции города Алматы", "№ 26-0000001-4/1 2 марта 2026 г.", "Ахметов Данияр Серікұлы", "26160000001, 12 ноября 2025 г.", "20 155,00 ₸",
		"истекает в конце дня 1 апреля 2026 г.", "в течение 5 рабочих дней", "ст. 10-4", "в течение 10 рабочих дней", "ст. 10(5), 10-7", "Этот экземпляр не подписан")
	s.says(arrest, "№ 26-0000001-4/3 12 марта 2026 г.", "подтверждена 2 марта 2026 г.", "последний день: 10 марта 2026 г.", "1 halyk KZ…0100 20 000,00 ₸", "2 kaspi KZ…9876 155,00 ₸",
		"Всего 20 155,00 ₸", "32(2)(1-1)", "62(3)")
	s.says(s.make(p.CaseID, "decree-5.pdf", i18n.RU, papers.Debtor), "о прекращении", "Последний платёж: 13 марта 2026 г.; всего зачтено 20 155,00 ₸", "1 BTBKZ 26-0000001-4/3 20 155,00 ₸", "Вернуть должнику 45,00 ₸", "ст. 10-5(1)(1)")
	s.says(s.make(p.CaseID, "notice-2-sms.pdf", i18n.RU, papers.Debtor), "1414.gov.kz/p/…", "2026-03-02 09:01:00 +05:00", "7d2f00c1", "Доставлено на номер")
}

func TestDocuments_ofARefusal(t *testing.T) {
	t.Parallel()
	s := setup(t, nil)
	p := s.open(uitest.Writ{})
	do := func(actor string, cmd engine.Command) { s.must(s.Do(t.Context(), p.CaseID, actor, cmd)) }
	do(engine.ActorDebtor, engine.RequestRefusal{})
	before := s.make(p.CaseID, "refusal-2.pdf", i18n.RU, papers.Debtor)
	s.says(before, "2 марта 2026 г., 09:00", "3 марта 2026 г., 09:00", "20 155,00 ₸", "5 038,75 ₸", "25 %", "25 193,75 ₸", "ст. 118")
	s.Clock.Advance(time.Hour)
	do(engine.ActorDebtor, engine.UndoRefusal{})
	s.says(s.make(p.CaseID, "refusal-2.pdf", i18n.RU, papers.Debtor), "Отказ отменён 2 марта 2026 г., 10:00", "плата не добавляется")
	do(engine.ActorDebtor, engine.RequestRefusal{})
	s.Clock.Advance(25 * time.Hour)
	do(engine.ActorRobot, engine.Tick{})
	s.says(s.make(p.CaseID, "decree-5.pdf", i18n.RU, papers.Debtor), "Борышкер оңайлатылған тәртіптен бас тартты: 2026 ж. 2 наурыз, 10:00", "10-6(1)(2)", "күші бар тыйым жоқ")
	if names := s.names(p.CaseID); len(names) != 4 || strings.Contains(strings.Join(names, " "), "slip") {
		t.Errorf("%v", names)
	}
}

// A part payment lowers the arrest, and what is left is collected from it.
func TestDocuments_ofAReductionAndACollection(t *testing.T) {
	t.Parallel()
	s := setup(t, nil)
	p := s.open(uitest.Writ{Language: "ru"})
	s.must(s.Notify(t.Context(), p.CaseID))
	s.must(s.Arrest(t.Context(), p.CaseID))
	s.must(s.Pay(t.Context(), p.CaseID, 5000))
	s.must(s.Do(t.Context(), p.CaseID, engine.ActorRobot, engine.OrderAnswered{Purpose: engine.Reduce, Ordinal: 1, Answer: engine.Accepted, Sum: uitest.Tenge(15155), Bank: "BTBKZ"}))
	s.Clock.Advance(7 * 24 * time.Hour)
	s.must(s.Do(t.Context(), p.CaseID, engine.ActorRobot, engine.Tick{}))
	want := []string{"slip.pdf slip ru", "decree-1.pdf opening ru", "decree-3.pdf arrest ru", "decree-5.pdf reduction ru", "decree-7.pdf collection ru"}
	if diff := cmp.Diff(want, s.names(p.CaseID)); diff != "" {
		t.Fatal(diff)
	}
	reduction := s.make(p.CaseID, "decree-5.pdf", i18n.RU, papers.Debtor)
	s.says(reduction, "об уменьшении ареста", "12 марта 2026 г. долг уплачен частично: зачтено 5 000,00 ₸. Остаток долга: 15 155,00 ₸", "1 BTBKZ 26-0000001-4/3 20 155,00 ₸", "до 15 155,00 ₸",
		"ст. 58(4), 10-3", "62(6)", "до конца дня 1 апреля 2026 г., от частичной уплаты", "ст. 10-4")
	collection := s.make(p.CaseID, "decree-7.pdf", i18n.RU, papers.Debtor)
	s.says(collection, "инкассовое распоряжение № 1 на 15 155,00 ₸", "1 BTBKZ 26-0000001-4/3 15 155,00 ₸", "ст. 10-3, 58", "98")
	s.must(s.Pay(t.Context(), p.CaseID, 15155))
	if !bytes.Equal(reduction, s.make(p.CaseID, "decree-5.pdf", i18n.KK, papers.Debtor)) || !bytes.Equal(collection, s.make(p.CaseID, "decree-7.pdf", i18n.EN, papers.Debtor)) {
		t.Error("a decree of before is made as other bytes")
	}
}

// Money that came in time takes the case back from the private bailiff, and money that came too late does not.
func TestDocuments_ofACaseTakenBack(t *testing.T) {
	t.Parallel()
	s := setup(t, nil)
	intime, late := s.open(uitest.Writ{Language: "ru"}), s.open(uitest.Writ{Name: "Сериков Бекзат"})
	s.must(s.Notify(t.Context(), intime.CaseID))
	s.must(s.Arrest(t.Context(), intime.CaseID))
	s.Clock.Advance(40 * 24 * time.Hour)
	for _, id := range []int64{intime.CaseID, late.CaseID} {
		s.must(s.Do(t.Context(), id, engine.ActorRobot, engine.Tick{}))
	}
	s.must(s.PayOn(t.Context(), intime.CaseID, 20200, calendar.MakeDate(2026, 4, 1)))
	s.must(s.PayOn(t.Context(), late.CaseID, 20200, calendar.MakeDate(2026, 4, 2)))
	names := s.names(intime.CaseID)
	if last := names[len(names)-1]; !strings.HasSuffix(last, " takeback ru") {
		t.Fatalf("%v", names)
	}
	s.says(s.make(intime.CaseID, strings.Fields(names[len(names)-1])[0], i18n.RU, papers.Debtor), "об отзыве исполнительного документа", "всего зачтено 20 155,00 ₸", "Деньги поступили в срок (последний платёж 1 апреля 2026 г., последний день упрощённого производства 1 апреля 2026 г.)",
		"№ 26-0000001-4/5, 21 апреля 2026 г.", "1 BTBKZ 26-0000001-4/3 20 155,00 ₸", "Вернуть должнику 45,00 ₸")
	for _, n := range s.names(late.CaseID) {
		if strings.Contains(n, "takeback") {
			t.Errorf("taken back for money that came too late: %s", n)
		}
	}
	s.must(s.Do(t.Context(), late.CaseID, engine.ActorCourt, engine.Cancel{Ground: "appeal", Act: "77"}))
	names = s.names(late.CaseID)
	if last := names[len(names)-1]; !strings.HasSuffix(last, " takeback kk") {
		t.Fatalf("%v", names)
	}
	s.says(s.make(late.CaseID, strings.Fields(names[len(names)-1])[0], i18n.RU, papers.Debtor), "№ 77", "10-5(1)(2)", "20 155,00 ₸ қайтарылсын")
}

// Each decree has a check code of its own, which holds its case and its number.
func TestDecree_hasACheckCode(t *testing.T) {
	t.Parallel()
	s := setup(t, nil)
	p := s.open(uitest.Writ{Language: "ru"})
	code, err := s.Keys.DecreeCode(p.CaseID, 1)
	s.must(err)
	for _, who := range []papers.Reader{papers.Debtor, papers.Desk} {
		s.says(s.make(p.CaseID, "decree-1.pdf", i18n.RU, who), "код "+code+" на странице https://1414.gov.kz/verify")
	}
}

func TestDocuments_ofOtherEnds(t *testing.T) {
	t.Parallel()
	s := setup(t, nil)
	a := s.open(uitest.Writ{Language: "uz"})
	s.must(s.Notify(t.Context(), a.CaseID))
	s.must(s.Arrest(t.Context(), a.CaseID))
	s.must(s.Pay(t.Context(), a.CaseID, 5000))
	s.says(s.make(a.CaseID, "slip.pdf", i18n.RU, papers.Debtor), "15 155,00 ₸", "12 марта 2026 г., 09:03", "KZ510700000000000001", "Оплата долга по делу 26-0000001-4")
	s.must(s.Do(t.Context(), a.CaseID, engine.ActorCourt, engine.Cancel{Ground: "appeal", Act: "77"}))
	s.says(s.make(a.CaseID, "decree-6.pdf", i18n.RU, papers.Debtor), "Акт выдавшего его органа: № 77", "ст. 10-5(1)(2)", "Вернуть должнику 5 000,00 ₸", "20 155,00 ₸")
	paid := s.open(uitest.Writ{Language: "ru", Name: "Сериков Бекзат"})
	s.must(s.Pay(t.Context(), paid.CaseID, 20200))
	s.must(s.Do(t.Context(), paid.CaseID, "desk:a, desk:b", engine.Cancel{Ground: "issuer_act", Act: "78", GiveBack: true}))
	s.says(s.make(paid.CaseID, "decree-3.pdf", i18n.RU, papers.Debtor), "о возврате уплаченного", "Ранее по этому делу зачтено 20 155,00 ₸", "№ 78", "ст. 10-5(1)(2)", "Вернуть должнику 20 155,00 ₸")
	b := s.open(uitest.Writ{})
	s.Clock.Advance(40 * 24 * time.Hour)
	s.must(s.Do(t.Context(), b.CaseID, engine.ActorRobot, engine.Tick{}))
	all := s.names(b.CaseID)
	if len(all) != 2 || !strings.HasSuffix(all[1], " transfer kk") {
		t.Fatalf("%v", all)
	}
}

func TestMake_givesOnlyWhatTheCaseHas(t *testing.T) {
	t.Parallel()
	s := setup(t, nil)
	p, other := s.open(uitest.Writ{}), s.open(uitest.Writ{Name: "Сериков Бекзат"})
	s.must(s.Sent(t.Context(), other.CaseID, 2))
	s.must(s.Notify(t.Context(), other.CaseID))
	s.must(s.Arrest(t.Context(), other.CaseID))
	for _, name := range []string{"", "decree-0.pdf", "decree-2.pdf", "decree-3.pdf", "decree-01.pdf", "decree-1.PDF", "decree-1.pdf/..", "../slip.pdf", "notice-2-sms.pdf", "refusal-1.pdf", "26-0000002-3-decree-1.pdf"} {
		if _, err := s.docs.Make(t.Context(), s.Pool, p.CaseID, name, i18n.RU, papers.Debtor); !errors.Is(err, papers.ErrNone) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := s.docs.Make(t.Context(), s.Pool, 269999999, "decree-1.pdf", i18n.RU, papers.Debtor); !errors.Is(err, papers.ErrNone) {
		t.Errorf("a case that does not exist: %v", err)
	}
}

// Nobody but the debtor reads his name, and nobody reads the whole IIN or account, or the secret of a link.
func TestMake_showsNoMoreThanTheReaderMaySee(t *testing.T) {
	t.Parallel()
	s := setup(t, nil)
	p := s.open(uitest.Writ{})
	s.must(s.Sent(t.Context(), p.CaseID, 2))
	s.must(s.Notify(t.Context(), p.CaseID))
	s.must(s.Arrest(t.Context(), p.CaseID))
	s.must(s.Do(t.Context(), p.CaseID, engine.ActorDebtor, engine.RequestRefusal{}))
	all, err := s.docs.List(t.Context(), s.Pool, p.CaseID, i18n.RU)
	s.must(err)
	if len(all) != 5 {
		t.Fatalf("%d documents", len(all))
	}
	for _, d := range all {
		for _, who := range []papers.Reader{papers.Debtor, papers.Desk} {
			text := s.read(s.make(p.CaseID, d.Name, i18n.RU, who))
			if named := strings.Contains(text, "Серікұлы"); named != (who == papers.Debtor && d.Kind != papers.Notice) {
				t.Errorf("%s for %s: named %v", d.Name, who, named)
			}
			for _, secret := range []string{p.IIN, uitest.Account, s.Keys.LinkToken(p.CaseID, 2)} {
				if strings.Contains(text, secret) {
					t.Errorf("%s for %s shows %s", d.Name, who, secret)
				}
			}
		}
	}
}

// signer has signed one decree.
type signer struct{ seq int }

var by = paper.Signature{Signer: "Серікбаев Ә.", Post: "Руководитель", Certificate: "3f9a21c07be4", At: uitest.Morning.Add(time.Minute)}

func (s signer) Of(_ context.Context, _ papers.Querier, _ int64, seq int) (*papers.Signed, error) {
	if seq != s.seq {
		return nil, nil //nolint:nilnil // as the interface says
	}
	return &papers.Signed{Body: []byte("as it was signed"), By: by}, nil
}

func (s signer) List(context.Context, papers.Querier, int64) (map[int]paper.Signature, error) {
	return map[int]paper.Signature{s.seq: by}, nil
}

func TestDecree_isSignedOnlyWhenSomebodySaysSo(t *testing.T) {
	t.Parallel()
	s := setup(t, signer{seq: 1})
	p := s.open(uitest.Writ{Language: "ru"})
	s.must(s.Notify(t.Context(), p.CaseID))
	s.must(s.Arrest(t.Context(), p.CaseID))
	if got := s.make(p.CaseID, "decree-1.pdf", i18n.RU, papers.Debtor); string(got) != "as it was signed" {
		t.Errorf("what was signed is made as %.100q", got)
	}
	s.says(s.make(p.CaseID, "decree-1.pdf", i18n.RU, papers.Desk), "Копия. Подлинник подписан", "Руководитель: Серікбаев Ә.", "3f9a21c07be4", "Подписано: 2026-03-02 09:01:00 +05:00")
	s.says(s.make(p.CaseID, "decree-3.pdf", i18n.RU, papers.Debtor), "Этот экземпляр не подписан", "Документ сформирован информационной системой: 2026-03-12 09:00:00 +05:00")
	all, err := s.docs.List(t.Context(), s.Pool, p.CaseID, i18n.RU)
	s.must(err)
	for _, d := range all {
		if (d.Signed != nil) != (d.Name == "decree-1.pdf") {
			t.Errorf("%s is signed by %v", d.Name, d.Signed)
		}
	}
	drafts, whole, err := s.docs.Drafts(t.Context(), s.Pool, p.CaseID)
	s.must(err)
	if len(drafts) != 1 || !whole || drafts[0].Seq != 3 || drafts[0].Region != "75" {
		t.Fatalf("%+v", drafts)
	}
	draft, err := drafts[0].Make(t.Context(), by)
	s.must(err)
	s.says(draft, "Руководитель: Серікбаев Ә.", "Ахметов")
}

func TestCheck_findsADecreeByItsCode(t *testing.T) {
	t.Parallel()
	s := setup(t, signer{seq: 1})
	p := s.open(uitest.Writ{Language: "ru"})
	s.must(s.Notify(t.Context(), p.CaseID))
	s.must(s.Arrest(t.Context(), p.CaseID))
	for seq, signed := range map[int]bool{1: true, 3: false} {
		code, err := s.Keys.DecreeCode(p.CaseID, seq)
		s.must(err)
		got, err := s.docs.Check(t.Context(), s.Pool, code)
		s.must(err)
		if got == nil || got.Case != "26-0000001-4" || got.Number != fmt.Sprintf("26-0000001-4/%d", seq) || (got.Signed != nil) != signed {
			t.Errorf("%d: %+v", seq, got)
		}
	}
	noDecree, err := s.Keys.DecreeCode(p.CaseID, 2)
	s.must(err)
	noEvent, err := s.Keys.DecreeCode(p.CaseID, 99)
	s.must(err)
	noCase, err := s.Keys.DecreeCode(269999999, 1)
	s.must(err)
	for _, code := range []string{"", "x", noDecree, noEvent, noCase, noDecree[:len(noDecree)-1] + "0"} {
		if got, err := s.docs.Check(t.Context(), s.Pool, code); got != nil || err != nil {
			t.Errorf("%q: %+v, %v", code, got, err)
		}
	}
}

func TestNew_refusesAHalfConfiguration(t *testing.T) {
	t.Parallel()
	if _, err := papers.New(papers.Config{}); err == nil {
		t.Error("made of nothing")
	}
}

// Each kind of notice has a name in every language of debtors, on the list of documents and at the desk.
func TestNotices_haveNames(t *testing.T) {
	t.Parallel()
	for _, k := range notify.Kinds {
		for _, l := range i18n.DebtorLangs {
			if !i18n.For(l).Has("notice." + string(k)) {
				t.Errorf("%s: no name of %s", l, k)
			}
		}
	}
}
