package smsc

import "time"

// bring writes late answers and receipts when they are due, and looks whether the client is there.
func (s *session) bring(over <-chan struct{}) {
	cfg := &s.centre.cfg
	look := min(max(min(cfg.Enquire, cfg.Again)/4, time.Millisecond), time.Second)
	timer := time.NewTimer(look)
	defer timer.Stop()
	for {
		select {
		case <-over:
			return
		case <-s.wake:
		case <-timer.C:
		}
		now := time.Now()
		next, ok := s.work(now, look)
		if !ok {
			_ = s.conn.Close() // the reader ends, and with it the session
			<-over
			return
		}
		timer.Reset(max(next.Sub(now), 0))
	}
}

// work does what is to be done now and says when there will be more. false says that the client is not there.
func (s *session) work(now time.Time, look time.Duration) (next time.Time, ok bool) {
	cfg := &s.centre.cfg
	next = now.Add(look)
	sooner := func(t time.Time) {
		if !t.IsZero() && t.Before(next) {
			next = t
		}
	}
	s.mu.Lock()
	answered, t := s.answerLate(now)
	sooner(t)
	if s.receives && !s.full {
		sooner(s.bringReceipts(now))
	}
	silent := now.Sub(time.Unix(0, s.heard.Load()))
	ok = s.account != nil || now.Sub(s.began) < bindWithin
	switch {
	case silent < cfg.Enquire:
		s.asked = time.Time{}
	case s.asked.IsZero() && s.account != nil:
		s.asked = now
		s.write(enquireLink, OK, s.sequence(), nil)
	case !s.asked.IsZero() && now.Sub(s.asked) > cfg.Enquire:
		ok = false
	}
	late := s.overdue(now)
	if err := s.out.Flush(); err != nil {
		ok = false
	}
	a := s.account
	s.mu.Unlock()
	if a != nil {
		a.push(now, answered...)
		a.push(now, late...)
	}
	return next, ok
}

// answerLate writes the answers that have waited, and gives the receipts that follow them.
func (s *session) answerLate(now time.Time) (receipts []due, next time.Time) {
	for {
		l, t, ok := s.late.pop(now)
		if !ok {
			return receipts, t
		}
		var body []byte
		if l.status == OK {
			body = appendString(nil, l.id)
		}
		s.write(submitSM|answerBit, l.status, l.sequence, body)
		receipts = append(receipts, l.receipts...)
	}
}

// bringReceipts fills the window.
func (s *session) bringReceipts(now time.Time) (next time.Time) {
	for len(s.pending) < s.centre.cfg.Window {
		r, t, ok := s.account.pop(now)
		if !ok {
			return t
		}
		r.tries++
		r.sent = now
		sequence := s.sequence()
		s.pending[sequence] = r
		s.write(deliverSM, OK, sequence, r.body(nil, s.centre.cfg.Parameters))
		s.centre.book.count(func(c *Counts) {
			if r.tries == 1 {
				c.Receipts[r.report.State]++
			} else {
				c.Again++
			}
		})
	}
	s.full = true
	return next
}

// overdue takes receipts back that the client has not answered.
func (s *session) overdue(now time.Time) (late []due) {
	for sequence, r := range s.pending {
		if now.Sub(r.sent) > s.centre.cfg.Again {
			delete(s.pending, sequence)
			late = append(late, due{receipt: r})
		}
	}
	if len(late) > 0 {
		s.full = false
	}
	return late
}

// thanked is the answer to a receipt. One that the client cannot keep now comes again.
func (s *session) thanked(u unit, now time.Time) {
	s.mu.Lock()
	r := s.pending[u.sequence]
	delete(s.pending, u.sequence)
	more := s.full && len(s.pending) <= s.centre.cfg.Window/2
	if more {
		s.full = false
	}
	s.mu.Unlock()
	if more {
		s.poke()
	}
	switch {
	case r == nil: // it took too long, and the receipt comes again
	case u.status == OK:
		s.centre.book.count(func(c *Counts) { c.Thanked++ })
	case u.status == PermanentAppError || u.status == RejectedByApp:
		s.centre.book.count(func(c *Counts) { c.Refused++ })
	default:
		s.account.push(now, due{receipt: r, after: s.centre.cfg.Again})
	}
}

// sequence gives the next number for a unit of ours.
func (s *session) sequence() uint32 {
	s.last = s.last%0x7FFFFFFE + 1
	return s.last
}

// farewell asks the client to end the session, and ends it if that takes too long.
func (s *session) farewell() {
	s.mu.Lock()
	s.write(unbind, OK, s.sequence(), nil)
	_ = s.out.Flush()
	s.mu.Unlock()
	_ = s.conn.SetReadDeadline(time.Now().Add(leaveWithin))
}

// leave gives back what this session has not done: the account's next one does it.
func (s *session) leave() {
	if s.account == nil {
		return
	}
	s.account.leave(s)
	var back []due
	for _, r := range s.pending {
		back = append(back, due{receipt: r})
	}
	for {
		l, _, ok := s.late.pop(time.Now().Add(24 * time.Hour)) // its answer is lost, it was taken all the same
		if !ok {
			break
		}
		back = append(back, l.receipts...)
	}
	s.account.push(time.Now(), back...)
}
