package portal

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"robotbailiff/internal/app/portal/story"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/paper"
	"robotbailiff/internal/pg"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/pack"
)

// MoreTime is what a debtor who cannot pay everything now may do.
type MoreTime struct {
	View View

	// Months for which the issuing body may defer a fine, or let it be paid in parts; 0: the rules know of none for this kind of document.
	Deferral, Instalments int
	Article               string // on which it may be granted
}

// Asked is one wish for more time.
type Asked struct {
	Parts  bool // to pay in parts; else later
	Months int
}

// Choices are all that may be asked for, the shortest first.
func (m MoreTime) Choices() (all []Asked) {
	for n := 1; n <= m.Deferral; n++ {
		all = append(all, Asked{Months: n})
	}
	for n := 2; n <= m.Instalments; n++ {
		all = append(all, Asked{Parts: true, Months: n})
	}
	return all
}

// MaxApplication is how long the words of an application may be, in characters.
const MaxApplication = 1000

// ErrLong says that the words of an application are too many.
var ErrLong = errors.New("portal: the text is too long")

// MoreTime tells the debtor of a session how to get more time. It is not told of cases that have ended, and not to helpers.
func (s *Service) MoreTime(ctx context.Context, session string, lang i18n.Lang) (MoreTime, error) {
	id, err := s.caseOf(ctx, session)
	if err != nil {
		return MoreTime{}, err
	}
	return s.moreTime(ctx, id, lang)
}

func (s *Service) moreTime(ctx context.Context, id int64, lang i18n.Lang) (m MoreTime, err error) {
	now, err := s.now(ctx)
	if err != nil {
		return m, err
	}
	if m.View, err = s.view(ctx, id, now, lang); err != nil {
		return m, fmt.Errorf("portal: case %d: %w", id, err)
	}
	if !m.View.End.At.IsZero() || !m.View.Outstanding.IsPositive() {
		return m, ErrNotPossible
	}
	p, today := s.cfg.Cases.Pack(), calendar.DateOf(now)
	if kind, ok := p.Kind(m.View.Kind, today); !ok || kind.Class != "fine" {
		return m, nil
	}
	m.Deferral, m.Instalments = p.MoreTime(today)
	if x, ok := p.Lookup(pack.KeyInstalments, today); ok {
		m.Article = story.Citation(x.Citation, lang)
	}
	return m, nil
}

// Application makes the paper with which the debtor of a session asks the issuing body for more time, in a language of proceedings. Nothing of
// it is kept. [ErrNoWords] and [ErrLong] say what is wrong with the words, [ErrChoice] that this cannot be asked for.
func (s *Service) Application(ctx context.Context, session string, lang i18n.Lang, ask Asked, words string) (name string, pdf []byte, err error) {
	id, err := s.caseOf(ctx, session)
	if err != nil {
		return "", nil, err
	}
	m, err := s.moreTime(ctx, id, lang)
	if err != nil {
		return "", nil, err
	}
	possible := lang == i18n.KK || lang == i18n.RU
	known := false
	for _, c := range m.Choices() {
		known = known || c == ask
	}
	words = tidied(words)
	switch {
	case !known || !possible:
		return "", nil, ErrChoice
	case words == "":
		return "", nil, ErrNoWords
	case utf8.RuneCountInString(words) > MaxApplication:
		return "", nil, ErrLong
	}
	region, err := readRegion(ctx, s.cfg.Pool, id)
	if err != nil {
		return "", nil, fmt.Errorf("portal: case %d: %w", id, err)
	}
	v := m.View
	pdf, err = paper.MakeApplication(paper.Application{
		Lang: lang, Region: region, Case: v.Number, Debtor: v.Name, Sum: v.Outstanding, Parts: ask.Parts, Months: ask.Months, Article: m.Article, Words: words, At: v.Now,
		Writ: paper.Writ{Kind: v.Kind, Document: v.Document, Date: v.DocumentDate, Issuer: v.Issuer},
	})
	return "application-" + v.Number + ".pdf", pdf, err
}

// tidied leaves of words what a paper can show: control characters go, and lines stay lines.
func tidied(words string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == '\n' {
			return r
		}
		if unicode.IsControl(r) || r == utf8.RuneError {
			return -1
		}
		return r
	}, strings.ReplaceAll(words, "\r\n", "\n")))
}

const regionSQL = `SELECT region FROM cases WHERE id = $1`

func readRegion(ctx context.Context, q pg.Reader, caseID int64) (region string, err error) {
	err = q.QueryRow(ctx, regionSQL, caseID).Scan(&region)
	return region, err
}

// Appeal says until how many days after a decree it may be challenged, in which days they are counted, and by which article.
func (s *Service) Appeal(ctx context.Context, lang i18n.Lang) (days int, working bool, article string, err error) {
	now, err := s.now(ctx)
	if err != nil {
		return 0, false, "", err
	}
	p, today := s.cfg.Cases.Pack(), calendar.DateOf(now)
	term, _ := p.Appeal(today)
	if x, ok := p.Lookup(pack.KeyAppeal, today); ok {
		article = story.Citation(x.Citation, lang)
	}
	return term.N, term.Unit == pack.UnitWorkingDay, article, nil
}
