package engine

import "robotbailiff/rules/calendar"

// Objection is what the debtor says against the case, as far as the case has to know: the debtor's own words and papers are kept
// elsewhere, sealed.
type Objection struct {
	Seq    int // of the event by which it was made; with the number of the case it is the number of the objection
	Ground Ground
	Status ObjectionStatus
	MadeOn calendar.Date
	DueOn  calendar.Date // last day on which it is answered
	Held   bool          // the case was put on hold by it, as a doubt about the person
	Answer int           // seq of the event that answered it
	OverOn calendar.Date // the day on which it stopped nothing any more; unset while it stands
}

// Ground is why a debtor objects.
type Ground string

// Grounds of objections.
const (
	GroundPaid   Ground = "already_paid" // the debt was paid before, or elsewhere
	GroundNotMe  Ground = "not_me"       // the debtor is another person; also holds the case
	GroundSum    Ground = "wrong_sum"
	GroundNotice Ground = "notice" // the notice did not come, or came late
)

// ObjectionGrounds lists every ground once.
var ObjectionGrounds = []Ground{GroundPaid, GroundNotMe, GroundSum, GroundNotice}

func (g Ground) known() bool {
	return g == GroundPaid || g == GroundNotMe || g == GroundSum || g == GroundNotice
}

// ObjectionStatus is where an objection stands.
type ObjectionStatus string

// Statuses of objections. While one is open, or declined and the debtor has not been told, it stands: nothing is taken.
const (
	ObjectionOpen     ObjectionStatus = "open"
	ObjectionAccepted ObjectionStatus = "accepted"
	ObjectionDeclined ObjectionStatus = "declined" // the debtor has still to be told
	ObjectionTold     ObjectionStatus = "told"     // declined, and the debtor was told why and how to appeal
)

// Standing says whether an objection of this status keeps coercion from going on.
func (s ObjectionStatus) Standing() bool { return s == ObjectionOpen || s == ObjectionDeclined }

// Reasons are why an objection is answered as it is; the words are in the catalogs.
var (
	AcceptReasons  = []string{"payment_found", "another_person", "sum_differs", "not_notified", "in_answer"}
	DeclineReasons = []string{"no_payment", "same_person", "sum_right", "notified", "no_proof", "in_answer"}
)

// HoldObjection keeps a case for a person after an objection was accepted, until what follows from it is done: the payment is
// matched, or the issuer has corrected the sum.
const HoldObjection = "objection_accepted"

// Objected says whether an objection keeps coercion from going on.
func (c *Case) Objected() bool {
	for i := range c.Objections {
		if c.Objections[i].Status.Standing() {
			return true
		}
	}
	return false
}

// Standing returns the objection on a ground that stands, or nil; there is one at most.
func (c *Case) Standing(g Ground) *Objection {
	for i := range c.Objections {
		if o := &c.Objections[i]; o.Ground == g && o.Status.Standing() {
			return o
		}
	}
	return nil
}

func (c *Case) objection(seq int) *Objection {
	for i := range c.Objections {
		if c.Objections[i].Seq == seq {
			return &c.Objections[i]
		}
	}
	return nil
}

// unnotified says that the proof of the notice is void, since an objection against it was accepted when the time to pay was over
// already: then no arrest has a ground any more. Accepted before, it gives the time to pay anew.
func (c *Case) unnotified() bool {
	for i := range c.Objections {
		if o := &c.Objections[i]; o.Ground == GroundNotice && o.Status == ObjectionAccepted && o.OverOn.After(c.VoluntaryEndsOn) {
			return true
		}
	}
	return false
}

// object moves a case by an event of an objection.
func object(c *Case, e Event) {
	d := e.Data
	if e.Kind == EvObjected {
		o := Objection{Seq: e.Seq, Ground: Ground(d.Reason), Status: ObjectionOpen, MadeOn: *d.Date, DueOn: *d.Until}
		if o.Ground == GroundNotMe && c.Hold == "" {
			o.Held, c.Hold = true, HoldWrongPerson
		}
		c.Objections = append(c.Objections, o)
		return
	}
	o := c.objection(d.Objection)
	switch e.Kind {
	case EvObjectionAccepted:
		o.Status, o.Answer, o.OverOn = ObjectionAccepted, e.Seq, *d.Date
		if c.State.Final() || c.Hold != "" {
			return
		}
		switch o.Ground {
		case GroundNotMe:
			c.Hold = HoldWrongPerson
		case GroundPaid, GroundSum:
			c.Hold = HoldObjection
		case GroundNotice: // its consequences are in the event
		}
	case EvObjectionDeclined:
		o.Status, o.Answer = ObjectionDeclined, e.Seq
		if o.Held && c.Hold == HoldWrongPerson {
			c.Hold = "" // by it alone: another one's word about the telephone stays
		}
	default:
		o.Status, o.OverOn = ObjectionTold, *d.Date
	}
}
