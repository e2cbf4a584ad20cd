package sms

import (
	"slices"
	"sync"
	"time"

	"robotbailiff/notify"
)

// maxRemembered is how many messages are remembered; the oldest go first. What is forgotten, or was sent before the process
// began, is found by its last part, whose number the notice keeps.
const maxRemembered = 200_000

// ledger remembers which parts a message has, since the centre speaks of parts and we of messages.
type ledger struct {
	mu       sync.Mutex
	messages map[string]*message // by our reference
	byID     map[string]place
	order    []string // of references, oldest first
}

type place struct {
	message *message
	part    int
}

type message struct {
	ref  string
	ids  []string // by part; empty where there was no answer
	seen []bool   // delivered
	at   time.Time

	earlier *message // attempt
}

func newLedger() *ledger { return &ledger{messages: map[string]*message{}, byID: map[string]place{}} }

// open begins an attempt; what an earlier attempt of the same message is told later still counts for the message.
func (l *ledger) open(ref string, parts int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	earlier := l.messages[ref]
	if earlier == nil {
		l.order = append(l.order, ref)
	}
	l.messages[ref] = &message{ref: ref, ids: make([]string, parts), seen: make([]bool, parts), earlier: earlier}
	for len(l.order) > maxRemembered {
		for m := l.messages[l.order[0]]; m != nil; m = m.earlier {
			for _, id := range m.ids {
				if l.byID[id].message == m {
					delete(l.byID, id)
				}
			}
		}
		delete(l.messages, l.order[0])
		l.order = l.order[1:]
	}
}

// accepted notes the number of a part.
func (l *ledger) accepted(ref string, part int, id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if m := l.messages[ref]; m != nil && part < len(m.ids) {
		m.ids[part] = id
		l.byID[id] = place{m, part}
	}
}

// ids are the numbers of the parts of a message; nil when it is not remembered.
func (l *ledger) ids(ref string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if m := l.messages[ref]; m != nil {
		return slices.Clone(m.ids)
	}
	return nil
}

// heard turns the word about a part into one about its message, if it is one: failed as soon as one part has failed, delivered
// when all are. A part that is not remembered speaks for itself.
func (l *ledger) heard(r receipt) (notify.Receipt, bool) {
	out := notify.Receipt{ProviderRef: r.id, At: r.at, Detail: detailOfReceipt(r)}
	switch {
	case r.state.failed():
		out.Status = notify.StatusFailed
	case r.state == stateDelivered:
		out.Status = notify.StatusDelivered
	default:
		return out, false // on its way: nothing that we did not know
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	p, known := l.byID[r.id]
	if !known {
		return out, true
	}
	m := p.message
	out.Ref, out.ProviderRef = m.ref, m.ids[len(m.ids)-1]
	if out.Status == notify.StatusFailed {
		return out, true
	}
	m.seen[p.part] = true
	if r.at.After(m.at) {
		m.at = r.at
	}
	out.At = m.at
	return out, !slices.Contains(m.seen, false)
}

func detailOfReceipt(r receipt) string {
	if r.code == "" || r.code == "000" {
		return r.state.String()
	}
	return r.state.String() + " " + r.code
}
