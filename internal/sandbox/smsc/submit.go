package smsc

import "time"

// submit takes a message, or does not, and says whether the session goes on.
func (s *session) submit(u unit, now time.Time) bool {
	if s.account == nil || !s.sends {
		s.answer(submitSM|answerBit, InvalidBindState, u.sequence)
		return true
	}
	c := s.centre
	m, wrong := readSubmission(u.body, c.cfg.Now())
	m.Account = s.account.name
	if wrong == OK && s.limit != nil && !s.limit.AllowN(now, 1) {
		wrong = Throttled
	}
	what := Conduct{Status: wrong}
	if wrong == OK {
		what = c.cfg.Conduct(m)
	}
	m.Status = what.Status
	inReceipts := ""
	if m.Status == OK {
		m.ID, inReceipts = c.newID()
	}
	plan := steps(m, what)
	receipts := s.receipts(m, inReceipts, plan, what.After)
	c.book.add(m, what, plan, len(receipts))
	switch {
	case what.Drop:
		s.fresh = append(s.fresh, receipts...)
		return false
	case what.Silent:
		s.fresh = append(s.fresh, receipts...)
	case what.After > 0:
		s.mu.Lock()
		s.late.push(now.Add(what.After), lateAnswer{u.sequence, m.ID, m.Status, receipts})
		s.mu.Unlock()
		s.poke()
	case m.Status != OK:
		s.answer(submitSM|answerBit, m.Status, u.sequence)
	default:
		s.mu.Lock()
		s.write(submitSM|answerBit, OK, u.sequence, appendString(nil, m.ID))
		s.mu.Unlock()
		s.fresh = append(s.fresh, receipts...)
	}
	return true
}

// receipts are those that the client has asked for.
func (s *session) receipts(m Submission, id string, plan []step, answered time.Duration) (out []due) {
	for _, p := range plan {
		if !asked(m.Receipt, p.State) {
			continue
		}
		out = append(out, due{
			receipt: &receipt{id: id, answerID: m.ID, from: m.From, to: m.To, report: p.Report, taken: m.At, done: p.at, text: begin(m.Text)},
			after:   p.at.Sub(m.At) - answered,
		})
	}
	return out
}

// query tells what the centre knows of a message (4.8). Whoever asks has to know where it came from.
func (s *session) query(u unit) {
	f := &fields{rest: u.body}
	id := f.text(65, QueryFailed)
	from := f.address(InvalidSource)
	status := f.wrong
	var k *kept
	if s.account == nil || !s.sends {
		status = InvalidBindState
	} else if status == OK {
		var ok bool
		if k, ok = s.centre.book.find(id); !ok || k.Account != s.account.name || k.From != from {
			status = QueryFailed
		}
	}
	if status != OK {
		s.answer(querySM|answerBit, status, u.sequence)
		return
	}
	now, final := k.state(s.centre.cfg.Now()), ""
	if now.State == 0 {
		now.State = EnRoute
	}
	if !now.State.intermediate() {
		final = now.at.UTC().Format("060102150405") + "000+"
	}
	s.answer(querySM|answerBit, OK, u.sequence, append(appendString(appendString(nil, id), final), byte(now.State), byte(number(now.Error)))...)
}
