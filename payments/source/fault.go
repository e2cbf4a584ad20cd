package source

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"robotbailiff/rules/calendar"
)

// Fault is one thing that is wrong with a statement. It holds no name, account or words of a payer, so it may be logged.
type Fault struct {
	Format    string // as in Statement, where it is known
	Statement int    // which statement of the file, from 1; 0 when the file as a whole is meant
	Place     int    // as [Line.Place]; 0 when no place is meant
	Code      string // one of the Code constants
	Field     string // as the format calls it, or ""
	Detail    string // figures, dates or a few words in English: what was seen, and what was expected
}

// Error implements error: place, code, field, what is wrong and what to do, in English.
func (f *Fault) Error() string { return f.Text("en") }

// Text says all of the fault in one line, in kk, ru or en.
func (f *Fault) Text(lang string) string {
	var b strings.Builder
	if where := f.Where(lang); where != "" {
		b.WriteString(where + ": ")
	}
	b.WriteString(f.Code)
	if f.Field != "" {
		b.WriteString(" (" + f.Field + ")")
	}
	b.WriteString(": " + f.Message(lang))
	if f.Detail != "" {
		b.WriteString(" [" + f.Detail + "]")
	}
	return b.String() + " " + f.Remedy(lang)
}

// Where names the place in kk, ru or en; it is empty when the file as a whole is meant.
func (f *Fault) Where(lang string) string {
	var parts []string
	if f.Statement > 0 {
		parts = append(parts, fmt.Sprintf(placeStatement.For(lang), f.Statement))
	}
	if f.Place > 0 {
		kind := placeLine
		if strings.HasPrefix(f.Format, "camt") || strings.HasPrefix(f.Format, "pain") {
			kind = placeEntry
		}
		parts = append(parts, fmt.Sprintf(kind.For(lang), f.Place))
	}
	return strings.Join(parts, ", ")
}

var (
	placeStatement = calendar.Names{KK: "%d-үзінді", RU: "выписка %d", EN: "statement %d"}
	placeLine      = calendar.Names{KK: "%d-жол", RU: "строка %d", EN: "line %d"}
	placeEntry     = calendar.Names{KK: "%d-жазба", RU: "запись %d", EN: "entry %d"}
)

// Message says in kk, ru or en what is wrong; in ru where the language is another.
func (f *Fault) Message(lang string) string {
	if w, ok := words[f.Code]; ok {
		return w.message.For(lang)
	}
	return f.Code
}

// Remedy says in kk, ru or en what can be done about it.
func (f *Fault) Remedy(lang string) string { return words[f.Code].remedy.For(lang) }

// Codes lists every code that a fault can have, in order.
func Codes() []string { return slices.Sorted(maps.Keys(words)) }
