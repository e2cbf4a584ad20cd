package portal_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"robotbailiff/internal/app/signing"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/pades"
	"robotbailiff/internal/sandbox"
	"robotbailiff/internal/web/ui/uitest"
)

func TestDocuments_areListedAndFetched(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{})
	must(t, s.Sent(t.Context(), p.CaseID, 2))
	must(t, s.Notify(t.Context(), p.CaseID))
	must(t, s.Arrest(t.Context(), p.CaseID))
	s.enter(t, p)
	for _, l := range i18n.DebtorLangs {
		page := s.Get("/p/case?lang=" + string(l))
		checkPage(t, page, string(l))
		for _, a := range page.All(`section[aria-labelledby="documents"] a`) { // each opens, whatever language the reader has
			href, lang := "", ""
			for _, x := range a.Attr {
				switch x.Key {
				case "href":
					href = x.Val
				case "hreflang":
					lang = x.Val
				}
			}
			if got := s.Get(href); got.Status != http.StatusOK || !strings.Contains(got.Body, "/Lang ("+lang+")") || !i18n.For(l).Has("language."+lang) || !strings.Contains(uitest.Words(a), say(t, l, "language."+lang)) {
				t.Errorf("%s: %s is not as its link says: %d, %s", l, href, got.Status, uitest.Words(a))
			}
		}
	}
	page := s.Get("/p/case?lang=ru")
	s.wants(t, page, "Документы", "Реквизиты для оплаты в банке (PDF, русский, до 40 КБ)", "Постановление о возбуждении, 2 марта 2026 г. (PDF, казахский, до 40 КБ)",
		"Постановление об аресте денег, 12 марта 2026 г. (PDF, казахский, до 40 КБ)", "Уведомление: Дело открыто, SMS, 2 марта 2026 г. (PDF, русский, до 40 КБ)")
	links := page.All(`section[aria-labelledby="documents"] a`)
	if len(links) != 4 {
		t.Fatalf("%d links", len(links))
	}
	before, err := s.Counts(t.Context())
	must(t, err)
	for _, a := range links {
		href, lang := "", ""
		for _, x := range a.Attr {
			switch x.Key {
			case "href":
				href = x.Val
			case "hreflang":
				lang = x.Val
			}
		}
		got := s.Get(href)
		_, name, _ := strings.Cut(href, "documents/")
		want := `attachment; filename="26-0000001-4-` + name + `"`
		if got.Status != http.StatusOK || !strings.HasPrefix(got.Body, "%PDF-") || got.Header.Get("Content-Type") != "application/pdf" || got.Header.Get("Content-Disposition") != want ||
			got.Header.Get("Cache-Control") != "no-store" || len(got.Body) > 40<<10 {
			t.Errorf("%s: %d, %d bytes, %v", href, got.Status, len(got.Body), got.Header)
		}
		if !strings.Contains(got.Body, "/Lang ("+lang+")") {
			t.Errorf("%s is not in %s", href, lang)
		}
		if head := s.Browser.Do(http.MethodHead, href, nil, nil); head.Status != http.StatusOK || head.Body != "" {
			t.Errorf("HEAD %s: %d", href, head.Status)
		}
	}
	if after, err := s.Counts(t.Context()); err != nil || after != before {
		t.Errorf("fetching a document wrote something: %v", err)
	}
}

// Anybody who holds a decree learns that it is genuine, and nothing about its debtor.
func TestVerify_aDecree(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{})
	code, err := s.Keys.DecreeCode(p.CaseID, 1)
	must(t, err)
	anybody := s.Another()
	for _, l := range i18n.DebtorLangs {
		page := anybody.Get("/verify?lang=" + string(l) + "&code=" + code + "&shown=" + code)
		checkPage(t, page, string(l))
		s.wants(t, page, say(t, l, "verify.decree.genuine"), say(t, l, "verify.decree.unsigned"), "26-0000001-4/1", "26-0000001-4")
		if strings.Contains(page.Body, "Ахметов") || strings.Contains(page.Body, "20 155") {
			t.Errorf("%s: the check says something about the debtor", l)
		}
	}
	s.wants(t, anybody.Get("/verify?lang=ru&code="+strings.ToLower(code)+"&shown="+strings.ToLower(code)), "Постановление подлинное", "Постановление о возбуждении, 2 марта 2026 г.")
	noDecree, err := s.Keys.DecreeCode(p.CaseID, 2)
	must(t, err)
	s.wants(t, anybody.Get("/verify?code="+noDecree), "Такого документа мы не выдавали")
}

// The list and the check say who has signed a decree, and when; the file itself is the signed one.
func TestDocuments_sayWhoHasSigned(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{})
	chain, key, err := sandbox.Signer(bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32))
	must(t, err)
	by, err := pades.New(chain, key)
	must(t, err)
	docs, err := s.Papers(signing.NewKept(s.Keys))
	must(t, err)
	signs, err := signing.New(signing.Config{Pool: s.Pool, Keys: s.Keys, Clock: s.Clock, Papers: docs, Signers: map[string]*pades.Signer{signing.All: by}, Log: slog.New(slog.DiscardHandler)})
	must(t, err)
	for n := 0; n == 0; { // the other tests use the same server
		n, err = signs.Run(t.Context())
		must(t, err)
	}
	code, err := s.Keys.DecreeCode(p.CaseID, 1)
	must(t, err)
	anybody := s.Another()
	s.enter(t, p)
	for _, l := range i18n.DebtorLangs {
		page := s.Get("/p/case?lang=" + string(l))
		checkPage(t, page, string(l))
		s.wants(t, page, by.Name())
		page = anybody.Get("/verify?lang=" + string(l) + "&code=" + code + "&shown=" + code)
		checkPage(t, page, string(l))
		s.wants(t, page, say(t, l, "verify.decree.by"), by.Name(), by.Serial()[:4]+" "+by.Serial()[4:8]+" ", say(t, l, "verify.decree.signed"))
	}
	s.wants(t, s.Get("/p/case?lang=ru"), "Постановление о возбуждении, 2 марта 2026 г. (PDF, казахский, до 60 КБ)", "Подписано 2 марта 2026 г., 09:00: "+by.Name())
	got := s.Get("/p/case/documents/decree-1.pdf")
	if _, err := pades.Verify([]byte(got.Body)); err != nil || got.Status != http.StatusOK || len(got.Body) > 60<<10 {
		t.Errorf("%d, %d bytes, %v", got.Status, len(got.Body), err)
	}
}

func TestDocuments_areOnlyThoseOfTheSession(t *testing.T) {
	t.Parallel()
	s := setup(t)
	mine, other := s.open(t, uitest.Writ{}), s.open(t, uitest.Writ{Name: "Сериков Бекзат"})
	must(t, s.Sent(t.Context(), other.CaseID, 2))
	must(t, s.Notify(t.Context(), other.CaseID))
	must(t, s.Arrest(t.Context(), other.CaseID))
	if got := s.Get("/p/case/documents/decree-1.pdf"); got.Status != http.StatusForbidden || strings.Contains(got.Body, "%PDF") {
		t.Errorf("without a session: %d", got.Status)
	}
	s.enter(t, mine)
	for _, name := range []string{"decree-3.pdf", "notice-2-sms.pdf", "refusal-2.pdf", "26-0000002-2-decree-1.pdf", "x", "..%2fcase"} {
		if got := s.Get("/p/case/documents/" + name); got.Status != http.StatusNotFound || strings.Contains(got.Body, "Бекзат") || strings.Contains(got.Body, "%PDF") {
			t.Errorf("%s: %d", name, got.Status)
		}
	}
	if got := s.Post("/p/case/documents/decree-1.pdf", nil); got.Status == http.StatusOK {
		t.Errorf("a post is answered: %d", got.Status)
	}
}
