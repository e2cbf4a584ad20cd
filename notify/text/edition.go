package text

import (
	"fmt"
	"slices"
)

// Wording is the words of one kind in one language.
//
// SMS holds whole messages, from the fullest to the barest: the first one that has all
// its facts and keeps the budget is sent. Body holds the sentences of the push, each as
// alternatives split by "|"; a sentence none of whose alternatives has its facts is
// left out. The last SMS and the title need nothing but case, host and link. Letter is the
// paragraphs of a letter under its heading, made like Body; the kinds that never go by post
// have none.
type Wording struct {
	SMS    []string `json:"sms"`
	Title  string   `json:"title"`
	Body   []string `json:"body"`
	Letter []string `json:"letter,omitempty"`
}

// Equal says whether two wordings are the same words.
func (w Wording) Equal(other Wording) bool {
	return slices.Equal(w.SMS, other.SMS) && w.Title == other.Title && slices.Equal(w.Body, other.Body) &&
		slices.Equal(w.Letter, other.Letter)
}

// Words is all that one version says: by language, then by kind.
type Words map[string]map[Kind]Wording

// Whole gives a wording with the letter that is built in, if it was written before there were letters.
func (w Wording) Whole(k Kind, lang string) Wording {
	if len(w.Letter) == 0 {
		w.Letter = slices.Clone(BuiltIn().languages[lang].kinds[k].words.Letter)
	}
	return w
}

// With gives a copy in which one wording is another one.
func (ws Words) With(k Kind, lang string, w Wording) Words {
	out := make(Words, len(ws))
	for l, kinds := range ws {
		out[l] = make(map[Kind]Wording, len(kinds))
		for kind, old := range kinds {
			out[l][kind] = old
		}
	}
	if out[lang] == nil {
		out[lang] = map[Kind]Wording{}
	}
	out[lang][k] = w
	return out
}

// Place names one wording of a version.
type Place struct {
	Kind     Kind
	Language string
}

// Places lists every place, kinds first.
func Places() []Place {
	out := make([]Place, 0, len(Kinds)*len(Languages))
	for _, k := range Kinds {
		for _, lang := range Languages {
			out = append(out, Place{k, lang})
		}
	}
	return out
}

// Known says whether the place is one of ours.
func (p Place) Known() bool { return Known(p.Kind, p.Language) }

// Changes lists the places whose words differ.
func (ws Words) Changes(later Words) []Place {
	var out []Place
	for _, p := range Places() {
		if !ws[p.Language][p.Kind].Equal(later[p.Language][p.Kind]) {
			out = append(out, p)
		}
	}
	return out
}

// Edition is one version of the wording, ready to be filled in. It never changes and is safe
// for concurrent use. How sums and days are written is not part of the words: it is built in,
// and kept for as long as there is a notice that was written so.
type Edition struct{ languages map[string]language }

// BuiltIn gives the edition that needs no database.
func BuiltIn() *Edition { return versions[Version] }

// Compile makes words ready. It asks only what rendering needs, and not what [CheckWords] asks
// of new words: what was sent once can be made again after the rules have become stricter.
// A kind that is not in the words, since it is younger than they are, has the words built in.
func Compile(ws Words) (*Edition, error) {
	e := &Edition{make(map[string]language, len(Languages))}
	for lang, l := range BuiltIn().languages {
		kinds := make(map[Kind]compiled, len(l.kinds))
		for k, built := range l.kinds {
			kinds[k] = built
			w, ok := ws[lang][k]
			if !ok {
				continue
			}
			c, err := w.Whole(k, lang).compile()
			if err != nil {
				return nil, fmt.Errorf("%s in %s: %w", k, lang, err)
			}
			kinds[k] = c
		}
		l.kinds = kinds
		e.languages[lang] = l
	}
	return e, nil
}

// Words gives what the edition was made of.
func (e *Edition) Words() Words {
	out := make(Words, len(e.languages))
	for lang, l := range e.languages {
		out[lang] = make(map[Kind]Wording, len(l.kinds))
		for k, c := range l.kinds {
			out[lang][k] = Wording{SMS: slices.Clone(c.words.SMS), Title: c.words.Title, Body: slices.Clone(c.words.Body), Letter: slices.Clone(c.words.Letter)}
		}
	}
	return out
}

// Render puts the facts into words.
func (e *Edition) Render(k Kind, lang string, f Facts) (Text, error) {
	l, ok := e.languages[lang]
	if !ok {
		return Text{}, fmt.Errorf("%w: language %q", ErrUnknown, lang)
	}
	w, ok := l.kinds[k]
	if !ok {
		return Text{}, fmt.Errorf("%w: kind %q", ErrUnknown, k)
	}
	sms, push := l.values(f, l.sms), l.values(f, l.push)
	message, _ := w.sms.shortest(&sms, Budget(k))
	t := Text{SMS: message, PushTitle: w.title.all(&push), PushBody: w.body.all(&push)}
	t.LetterHeading, t.Letter = w.letterOf(&push)
	return t, nil
}
