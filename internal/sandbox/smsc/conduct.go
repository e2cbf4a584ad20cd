package smsc

import (
	"sync"
	"time"
)

// Conduct is what the centre does with a submission.
type Conduct struct {
	Status  Status        // of the answer; OK: it is taken
	After   time.Duration // passes before the answer
	Silent  bool          // there is no answer, whether it is taken or not
	Drop    bool          // the connection ends where the answer should be
	Reports []Report      // what becomes of it, if it is taken
}

// Report is one thing that the centre learns of a part. It is told where registered_delivery asks for it.
type Report struct {
	State State
	Error string        // of the network, three characters; empty: 000
	After time.Duration // since the answer; of two with one moment, the first of the list comes first
	Text  string        // what stands after "text:"; empty: how the message begins
}

// Deliver has every message taken and delivered at once.
func Deliver(Submission) Conduct { return Conduct{Reports: []Report{{State: Delivered}}} }

// oddText stands in a receipt as the text of a message that looks like a receipt, which it may.
const oddText = "id:x stat:UNDELIV"

// ByLastDigit gives a conduct that depends on the last digit of the number:
//
//	0  taken, and its time was over: EXPIRED 001
//	1  taken and delivered
//	2  refused: there is no such number (ESME_RINVDSTADR)
//	3  the first submission is throttled, all others are taken and delivered
//	4  taken, and there is no answer and no report
//	5  taken, and cannot be delivered: UNDELIV 034
//	6  refused: the centre has a fault (ESME_RSYSERR)
//	7  taken, ENROUTE first, then delivered
//	8  taken, and the centre knows nothing more of it: UNKNOWN
//	9  of several parts the second cannot be delivered, the others can
//
// The texts that its receipts quote look like receipts themselves.
func ByLastDigit() func(Submission) Conduct {
	var mu sync.Mutex
	throttled := map[string]bool{}
	once := func(number string) bool {
		mu.Lock()
		defer mu.Unlock()
		was := throttled[number]
		throttled[number] = true
		return !was
	}
	reports := func(states ...State) (c Conduct) {
		for _, s := range states {
			r := Report{State: s, Text: oddText}
			switch s {
			case Undeliverable:
				r.Error = "034"
			case Expired:
				r.Error = "001"
			default:
			}
			c.Reports = append(c.Reports, r)
		}
		return c
	}
	return func(s Submission) Conduct {
		number := s.To.Number
		switch number[len(number)-1] { // never empty: it would have been refused
		case '0':
			return reports(Expired)
		case '2':
			return Conduct{Status: InvalidDestination}
		case '3':
			if once(number) {
				return Conduct{Status: Throttled}
			}
		case '4':
			return Conduct{Silent: true}
		case '5':
			return reports(Undeliverable)
		case '6':
			return Conduct{Status: SystemError}
		case '7':
			return reports(EnRoute, Delivered)
		case '8':
			return reports(Unknown)
		case '9':
			if s.Number == 2 {
				return reports(Undeliverable)
			}
		}
		return reports(Delivered)
	}
}

// step is a report with its moment.
type step struct {
	Report

	at time.Time
}

// steps says when a part's reports come. What would be delivered after the end of its validity has expired by then.
func steps(s Submission, c Conduct) (out []step) {
	if s.Status != OK {
		return nil
	}
	for _, r := range c.Reports {
		at := s.At.Add(c.After + r.After)
		if r.State == Delivered && !s.ValidUntil.IsZero() && at.After(s.ValidUntil) {
			r.State, r.Error, at = Expired, "", s.ValidUntil
		}
		out = append(out, step{r, at})
	}
	return out
}

// asked says whether registered_delivery (5.2.17) wants to hear of a state.
func asked(registered byte, s State) bool {
	if s.intermediate() {
		return registered&0x10 != 0
	}
	switch registered & 0x03 {
	case 1:
		return true
	case 2:
		return s != Delivered
	default:
		return false
	}
}
