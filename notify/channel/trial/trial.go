// Package trial keeps a gateway from sending to anybody but those who have agreed to it, until a system goes live.
//
// A message for anybody else is refused for good, so that its notice has failed and proves nothing: no term begins, and no
// arrest follows from a trial. It decides nothing else and knows no channel.
package trial

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"robotbailiff/internal/caseno"
	"robotbailiff/notify"
)

// Refused is the detail of an answer to a message for somebody who is not on the list.
const Refused = "trial"

// Everybody is the word that ends a trial.
const Everybody = "everybody"

// Errors of a list that is missing or written wrongly. Their texts name none of those on it.
var (
	ErrNumbers = errors.New("numbers in the international form, such as +77011234567, separated by commas, or the word " + Everybody + " to go live")
	ErrChats   = errors.New("numbers of chats, separated by commas, or the word " + Everybody + " to go live")
	ErrCases   = errors.New("numbers of cases, such as 26-0000001-5, separated by commas, or the word " + Everybody + " to go live")
	ErrTokens  = errors.New("tokens of devices or of persons, separated by commas, or the word " + Everybody + " to go live")
)

// List is who may get messages.
type List struct {
	live    bool
	allowed map[string]bool
	of      func(notify.Message) string // what of a message stands on the list
}

// Numbers reads telephone numbers separated by commas or blanks, or the word everybody. An empty text is an error: nobody goes
// live by leaving something out.
func Numbers(s string) (List, error) { return parse(s, number, addressee, ErrNumbers) }

// Tokens does the same for what pushes are addressed by.
func Tokens(s string) (List, error) { return parse(s, token, addressee, ErrTokens) }

// Chats does the same for numbers of chats.
func Chats(s string) (List, error) { return parse(s, chat, addressee, ErrChats) }

// Cases does the same for numbers of cases: what stands on an envelope is no word of a list.
func Cases(s string) (List, error) { return parse(s, caseNumber, caseOf, ErrCases) }

func addressee(m notify.Message) string { return m.To }

func caseOf(m notify.Message) string {
	id, _, _, err := notify.ParseRef(m.Ref)
	if err != nil {
		return ""
	}
	return caseno.Format(id)
}

func parse(s string, valid func(string) bool, of func(notify.Message) string, form error) (List, error) {
	words := strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\n' })
	if len(words) == 1 && words[0] == Everybody {
		return List{live: true}, nil
	}
	l := List{allowed: make(map[string]bool, len(words)), of: of}
	for i, w := range words {
		if !valid(w) {
			return List{}, fmt.Errorf("entry %d cannot be used, wanted are %w", i+1, form)
		}
		l.allowed[w] = true
	}
	if len(words) == 0 {
		return List{}, form
	}
	return l, nil
}

func number(w string) bool {
	digits, plus := strings.CutPrefix(w, "+")
	return plus && len(digits) >= 8 && len(digits) <= 15 && strings.Trim(digits, "0123456789") == ""
}

func chat(w string) bool {
	return len(w) >= 3 && len(w) <= 19 && strings.Trim(w, "0123456789") == ""
}

// caseNumber is the one spelling that caseOf gives.
func caseNumber(w string) bool {
	id, err := caseno.Parse(w)
	return err == nil && caseno.Format(id) == w
}

// token has to be longer than a word that somebody might mean otherwise.
func token(w string) bool { return len(w) >= 16 && w != Everybody }

// Live tells whether everybody may get messages.
func (l List) Live() bool { return l.live }

// Only wraps a gateway so that those on the list alone get messages.
func Only(g notify.Gateway, l List) notify.Gateway {
	if l.live {
		return g
	}
	return only{g, l}
}

type only struct {
	notify.Gateway

	list List
}

// Pace implements notify.Pacer.
func (o only) Pace() int {
	if p, ok := o.Gateway.(notify.Pacer); ok {
		return p.Pace()
	}
	return 0
}

// Send implements notify.Gateway.
func (o only) Send(ctx context.Context, messages []notify.Message) ([]notify.Sent, error) {
	pass := make([]notify.Message, 0, len(messages))
	var refused []notify.Sent
	for _, m := range messages {
		if o.list.allowed[o.list.of(m)] {
			pass = append(pass, m)
		} else {
			refused = append(refused, notify.Sent{Ref: m.Ref, Status: notify.Rejected, Detail: Refused})
		}
	}
	if len(pass) == 0 {
		return refused, nil
	}
	sent, err := o.Gateway.Send(ctx, pass)
	return append(refused, sent...), err
}
