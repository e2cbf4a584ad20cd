package papers

import (
	"context"
	"errors"
	"fmt"

	"robotbailiff/engine"
	"robotbailiff/engine/orders"
	"robotbailiff/internal/app/portal/story"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/paper"
	"robotbailiff/notify"
	"robotbailiff/rules/calendar"
)

// Kind is what a document is.
type Kind string

// Kinds of documents.
const (
	Opening     Kind = "opening"
	Arrest      Kind = "arrest"
	Reduction   Kind = "reduction"
	Collection  Kind = "collection"
	Termination Kind = "termination"
	Transfer    Kind = "transfer"
	Takeback    Kind = "takeback"
	Giveback    Kind = "giveback"
	Refusal     Kind = "refusal"
	Notice      Kind = "notice"
	Slip        Kind = "slip"
)

// Reader is who gets a document.
type Reader string

// Readers of documents. The debtor's copy names the debtor; that of the desk has initials, as the desk shows everywhere.
const (
	Debtor Reader = "debtor"
	Desk   Reader = "desk"
)

// Querier is a connection to read from.
type Querier = notify.Querier

// Signed is a decree that was signed: the whole file, and by whom.
type Signed struct {
	Body []byte
	By   paper.Signature
}

// Signatures keep the decrees that were signed. Only what was verified may be told.
type Signatures interface {
	// Of gives the decree of an event of a case, nil when nobody has signed it.
	Of(ctx context.Context, q Querier, caseID int64, seq int) (*Signed, error)
	// List says who has signed the decrees of a case, by the events that they are of.
	List(ctx context.Context, q Querier, caseID int64) (map[int]paper.Signature, error)
}

// Codes make and read the check codes of decrees; seal.Keys does.
type Codes interface {
	DecreeCode(caseID int64, seq int) (string, error)
	ReadDecree(code string) (caseID int64, seq int, genuine bool)
}

// Config is what making documents needs. All fields are required but the last two.
type Config struct {
	Packs   story.Packs
	Notices *notify.Store
	// Plans gives which accounts each arrest of a case was to hold, by ordinal.
	Plans   func(ctx context.Context, q Querier, caseID int64) (map[int][]orders.Leg, error)
	OpenIIN func(sealed []byte) (string, error)
	Codes   Codes
	Base    string // address of the pages that say whether a decree is genuine

	// Payee says whom a debtor pays at a bank for a kind of writ on a day; nil, or not ok: there is no payment slip.
	Payee      func(kind string, on calendar.Date) (to paper.Payee, ok bool)
	Signatures Signatures // nil: no decree is signed, and each says so
}

// Service makes the documents of cases.
type Service struct{ cfg Config }

// New returns the maker of documents.
func New(cfg Config) (*Service, error) {
	if cfg.Packs == nil || cfg.Plans == nil || cfg.Notices == nil || cfg.OpenIIN == nil || cfg.Codes == nil || cfg.Base == "" {
		return nil, errors.New("papers: the configuration is not complete")
	}
	return &Service{cfg: cfg}, nil
}

// ErrNone says that a case has no such document.
var ErrNone = errors.New("papers: there is no such document")

// Document is one document that a case has.
type Document struct {
	Name     string // within the case
	Kind     Kind
	On       calendar.Date
	Language i18n.Lang
	Title    i18n.Text
	Signed   *paper.Signature // nil: nobody has signed it
	seq      int              // of the event that a decree is of
	make     func(ctx context.Context) ([]byte, error)
	draft    func(ctx context.Context, by paper.Signature) ([]byte, error) // lays a decree out for whoever is about to sign it
}

// MediaType of every document, and what people call it.
const (
	MediaType = "application/pdf"
	Format    = "PDF"
)

// Link is what a link to the document says: what it is, in which format and language, and how large at most.
func (d Document) Link() i18n.Text {
	most := paper.MostBytes
	if d.Signed != nil {
		most = paper.MostSigned
	}
	size := i18n.Say("documents.size", "n", most>>10)
	return i18n.Say("documents.link", "what", d.Title, "format", Format, "language", i18n.Say("language."+string(d.Language)), "size", size)
}

// By says who has signed a decree, and when; nil: nobody has.
func (d Document) By() *i18n.Text {
	if d.Signed == nil {
		return nil
	}
	t := i18n.Say("documents.signed", "on", day(d.Signed.At), "at", d.Signed.At, "signer", d.Signed.Signer)
	return &t
}

// File is a document that was made.
type File struct {
	Name string // for the disk of whoever fetches it; holds the number of the case and nothing personal
	Kind Kind
	Body []byte
}

// List says which documents a case has now: first how to pay, then decrees and confirmations, then notices. Decrees are in the language of the
// proceeding (EL 8), the others in that of the reader, or in
// Russian: there are no papers in the languages that only debtors have.
func (s *Service) List(ctx context.Context, q Querier, caseID int64, lang i18n.Lang) ([]Document, error) {
	events, err := engine.Events(ctx, q, caseID)
	if err != nil {
		return nil, fmt.Errorf("papers: case %d: %w", caseID, err)
	}
	if len(events) == 0 {
		return nil, fmt.Errorf("papers: case %d: %w", caseID, ErrNone)
	}
	l := s.Listing(caseID, lang)
	for _, read := range l.Readings() {
		if err := read(ctx, q); err != nil {
			return nil, err
		}
	}
	return l.Of(events)
}

// Make makes one document of a case.
func (s *Service) Make(ctx context.Context, q Querier, caseID int64, name string, lang i18n.Lang, who Reader) (File, error) {
	all, err := s.all(ctx, q, caseID, lang, who)
	if err != nil {
		return File{}, err
	}
	for _, d := range all {
		if d.Name != name {
			continue
		}
		body, err := d.make(ctx)
		if err != nil {
			return File{}, fmt.Errorf("papers: case %d, %s: %w", caseID, name, err)
		}
		return File{Name: caseno.Format(caseID) + "-" + name, Kind: d.Kind, Body: body}, nil
	}
	return File{}, ErrNone
}

func (s *Service) all(ctx context.Context, q Querier, caseID int64, lang i18n.Lang, who Reader) ([]Document, error) {
	f, err := s.read(ctx, q, caseID, lang, who)
	if err != nil {
		return nil, fmt.Errorf("papers: case %d: %w", caseID, err)
	}
	return f.all(), nil
}

// file is all that the documents of one case are made of.
type file struct {
	s       *Service
	q       Querier
	id      int64
	number  string
	lang    i18n.Lang // of the reader, or Russian for one whose language papers do not have
	own     i18n.Lang // of the proceeding
	who     Reader
	debtor  string
	iin     string
	writ    writ
	events  []engine.Event
	now     engine.Case
	plans   map[int][]orders.Leg
	notices []notify.Notice
	parts   map[string][]notify.Part
	signed  map[int]paper.Signature // decrees, by the events that they are of
}

func (s *Service) read(ctx context.Context, q Querier, caseID int64, lang i18n.Lang, who Reader) (*file, error) {
	f := &file{s: s, q: q, id: caseID, number: caseno.Format(caseID), lang: i18n.OfLaw(lang), who: who}
	var err error
	if f.events, err = engine.Events(ctx, q, caseID); err != nil {
		return nil, err
	}
	if len(f.events) == 0 {
		return nil, ErrNone
	}
	f.now = engine.Fold(caseID, f.events)
	f.own = proceeding(f.now.Language)
	if f.writ, err = readWrit(ctx, q, caseID); err != nil {
		return nil, fmt.Errorf("writ: %w", err)
	}
	f.debtor, f.iin = f.writ.named(who), s.masked(f.writ.sealed)
	if f.plans, err = s.cfg.Plans(ctx, q, caseID); err != nil {
		return nil, err
	}
	if err = f.readSigned(ctx, q); err != nil {
		return nil, err
	}
	if f.notices, err = s.cfg.Notices.OfCase(ctx, q, caseID); err != nil {
		return nil, err
	}
	f.parts, err = s.cfg.Notices.PartsOf(ctx, q, caseID)
	return f, err
}

func (f *file) readSigned(ctx context.Context, q Querier) (err error) {
	if f.s.cfg.Signatures != nil {
		f.signed, err = f.s.cfg.Signatures.List(ctx, q, f.id)
	}
	return err
}

// proceeding is the language of decrees: that of the document to be enforced (EL 8), Kazakh or Russian.
func proceeding(language string) i18n.Lang {
	if language == string(i18n.KK) {
		return i18n.KK
	}
	return i18n.RU
}

// masked shows the last four digits of an IIN. A number that cannot be opened shows none.
func (s *Service) masked(sealed []byte) string {
	iin, err := s.cfg.OpenIIN(sealed)
	if err != nil || len(iin) != 12 {
		return "**********"
	}
	return "******" + iin[8:]
}
