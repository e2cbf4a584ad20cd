package identities

import (
	"errors"
	"slices"
	"time"

	"robotbailiff/engine/intake"
	"robotbailiff/internal/app/notes"
	"robotbailiff/internal/person"
)

// AgreeWithin is how long a word waits for the second person, in real time. The database knows the same bound.
const AgreeWithin = 24 * time.Hour

// Answer is what somebody says of a row. It is stored.
type Answer string

// The answers.
const (
	Same Answer = "same" // the row means the person of its IIN: it is let in
	Back Answer = "back" // it does not, or nobody can tell: it goes back to its court
)

// Answers lists them, in the order in which they are offered.
var Answers = []Answer{Same, Back}

// Verdicts on a word, as they are stored.
const (
	Waits   = ""
	Agreed  = "agreed"
	Refused = "refused" // by the second person, or taken back by the first
	Expired = "expired" // nobody agreed within a day
)

// Who is somebody who looks or acts.
type Who struct {
	Name    string
	Regions []string // whose rows he sees; nil: all
}

func (w Who) sees(region string) bool { return w.Regions == nil || slices.Contains(w.Regions, region) }

// key is a name as it is kept.
func (w Who) key() string {
	name, _ := person.Name(w.Name) // what is no name has said nothing
	return name
}

// Word is what two people said of a row, or one so far.
type Word struct {
	ID        int64
	Answer    Answer
	Reason    string
	By        string
	At        time.Time
	Until     time.Time // how long it waits for the second person
	DecidedBy string
	DecidedAt time.Time // zero: nobody has decided
	Verdict   string
	Why       string         // of who decided
	Became    intake.Verdict // of the row, by what two agreed on
	Code      string         // why it was not let in
	Mine      bool           // of who looks
	region    string
}

// Status is where a word stands, in a word of the catalogs.
func (w *Word) Status() string {
	switch {
	case w.Verdict == Waits:
		return "waits"
	case w.Verdict == Refused && w.DecidedBy == w.By:
		return "taken_back"
	}
	return w.Verdict
}

// Errors of words.
var (
	ErrNone     = errors.New("identities: there is no such row, or nobody has to say anything of it")
	ErrOwn      = errors.New("identities: nobody agrees with himself")
	ErrNotMine  = errors.New("identities: only who has said a word takes it back")
	ErrClosed   = errors.New("identities: this was decided, or somebody has said something else meanwhile")
	ErrExpired  = errors.New("identities: nobody agreed within a day")
	ErrAnswer   = errors.New("identities: this is no answer to what is in doubt about the row")
	ErrReason   = errors.New("identities: no reason was given, or it is too long")
	ErrPersonal = errors.New("identities: there is an identification number in the reason")
)

// reason tidies what somebody gives as his reason. It stands beside the row for ever, so the number of a person is refused.
func reason(s string, optional bool) (string, error) {
	s, ok := person.Reason(s)
	switch {
	case !ok, s == "" && !optional:
		return "", ErrReason
	case notes.HasIIN(s):
		return "", ErrPersonal
	}
	return s, nil
}
