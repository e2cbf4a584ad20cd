package pack

import (
	"time"

	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// Units of terms.
const (
	UnitCalendarDay = "calendar_day"
	UnitWorkingDay  = "working_day"
	UnitYear        = "year"
	UnitHour        = "hour"
	UnitMonth       = "month"
)

// Purpose tells which monthly calculation index is meant.
type Purpose string

// The purposes of the MCI. Fines, limits and fees use General; Social serves benefits.
const (
	General Purpose = "general"
	Social  Purpose = "social"
)

// What a channel proves about the delivery of a notice (EL 27(4)).
const (
	ProofDeliveryReport = "delivery_report" // the operator's report of delivery
	ProofSystemRecord   = "system_record"   // the system's own record, unless disproved
	ProofReceipt        = "receipt"         // a signed advice of receipt
	ProofNothing        = "nothing"         // information only; starts no term
)

// Letter is the channel that goes by post: it needs an address, and the quiet hours do not bind it.
const Letter = "letter"

// Term is a length of time and the way to count it.
type Term struct {
	N        int
	Unit     string // UnitCalendarDay, UnitWorkingDay or UnitYear
	Counting calendar.Counting
}

// Last returns the last day of the term that an event on start sets running; the term ends
// at 24:00 of that day.
func (t Term) Last(c *calendar.Calendar, start calendar.Date) calendar.Date {
	switch t.Unit {
	case UnitWorkingDay:
		return c.WorkingTerm(start, t.N, t.Counting)
	case UnitYear:
		return c.YearTerm(start, t.N, t.Counting)
	}
	return c.Term(start, t.N, t.Counting)
}

// Threshold is the limit of the simplified procedure (EL 10-1(1)).
type Threshold struct {
	MCI       int
	Inclusive bool // whether a sum equal to the limit still qualifies
}

// Kind is a kind of writ that qualifies (EL 9(1), 10-1(1)).
type Kind struct {
	Code  string // court_ruling, authority_ruling, fine_prescription, tax_order
	Class string // fine or tax: selects the limits below
}

// Band is one line of the fee scale: sums up to UpTo MCI inclusive bear Rate as a whole.
// The last band has UpTo = 0 and no upper end.
type Band struct {
	UpTo int
	Rate money.Rate
}

// Rung is one step of the notice ladder.
type Rung struct {
	Channels []string
	Wait     time.Duration // time to wait for proof of delivery before the next rung
}

// Window is a daily span of local time in Almaty, in minutes after midnight; From > To
// runs over midnight. From is inside the window, To is not.
type Window struct{ From, To int }

// Contains reports whether the minute of the day lies inside the window.
func (w Window) Contains(minute int) bool {
	if w.From <= w.To {
		return minute >= w.From && minute < w.To
	}
	return minute >= w.From || minute < w.To
}

// MCI returns the monthly calculation index in tenge. Like every getter with an ok, it is
// false only before [Since], or where the text says so: Load refuses a pack with a gap.
func (p *Pack) MCI(on calendar.Date, purpose Purpose) (money.Amount, bool) {
	switch purpose {
	case General:
		return p.typed.sums[KeyMCI].on(on)
	case Social:
		return p.typed.sums[keyMCISocial].on(on)
	}
	return money.Zero, false
}

// Threshold returns the limit of the simplified procedure in MCI.
func (p *Pack) Threshold(on calendar.Date) (Threshold, bool) {
	n, ok1 := p.typed.counts[KeyThresholdLimit].on(on)
	incl, ok2 := p.typed.flags[KeyThresholdIncl].on(on)
	return Threshold{MCI: n, Inclusive: incl}, ok1 && ok2
}

// ProcedureStart returns the day from which the simplified procedure exists.
func (p *Pack) ProcedureStart(on calendar.Date) (calendar.Date, bool) {
	s, ok := p.typed.words[KeyProcedureStart].on(on)
	if !ok {
		return 0, false
	}
	d, err := calendar.ParseDate(s)
	return d, err == nil
}

// Term returns the term of the case (EL 10-4).
func (p *Pack) Term(on calendar.Date) (Term, bool) { return p.term(KeyTerm, on) }

// SuspensionExcluded reports whether time under suspension is left out of the term.
func (p *Pack) SuspensionExcluded(on calendar.Date) (excluded, ok bool) {
	return p.typed.flags[KeySuspension].on(on)
}

// PauseExcluded reports whether days on which we stopped measures ourselves are left out of the terms that they would end; ok is
// false for packs that know no pauses.
func (p *Pack) PauseExcluded(on calendar.Date) (excluded, ok bool) {
	return p.typed.flags[KeyPause].on(on)
}

// ObjectionDays returns the time in which an objection is answered; ok is false for packs that know no objections.
func (p *Pack) ObjectionDays(on calendar.Date) (Term, bool) { return p.term(KeyObjectionDays, on) }

// ObjectionExcluded reports whether days on which an objection is looked at are left out of the terms that lead to measures.
func (p *Pack) ObjectionExcluded(on calendar.Date) bool {
	out, ok := p.typed.flags[KeyObjectionOut].on(on)
	return out && ok
}

// ObjectionsPerGround returns how often a debtor may object on one ground in one case.
func (p *Pack) ObjectionsPerGround(on calendar.Date) int {
	n, _ := p.typed.counts[KeyObjectionTimes].on(on)
	return n
}

// Appeal returns the term for challenging a decree (EL 10(5)).
func (p *Pack) Appeal(on calendar.Date) (Term, bool) { return p.term(KeyAppeal, on) }

// Voluntary returns the time to pay after proven delivery, before any measure.
func (p *Pack) Voluntary(on calendar.Date) (Term, bool) { return p.term(KeyVoluntary, on) }

// EarliestPresentation returns the time that must pass between entry into force and
// presentation (EL 11(1-1)); the writ may be presented after its last day.
func (p *Pack) EarliestPresentation(on calendar.Date) (Term, bool) { return p.term(KeyEarliest, on) }

// VoluntaryPayment returns the time to pay before presentation for a class of writ
// (CAO 893); ok is false for a class that has none.
func (p *Pack) VoluntaryPayment(class string, on calendar.Date) (Term, bool) {
	return p.term(KeyPaymentPrefix+class, on)
}

// LatestPresentation returns the time in which a class of writ may be presented (EL 11(1)).
func (p *Pack) LatestPresentation(class string, on calendar.Date) (Term, bool) {
	return p.term(KeyLatestPrefix+class, on)
}

// Limitation returns the time after which a class of writ is not enforced (CAO 890).
func (p *Pack) Limitation(class string, on calendar.Date) (Term, bool) {
	return p.term(KeyLimitationPrefix+class, on)
}

// CollectionDelay returns the time between an active arrest and the collection order.
func (p *Pack) CollectionDelay(on calendar.Date) (Term, bool) { return p.term(KeyCollectionDelay, on) }

func (p *Pack) term(key string, on calendar.Date) (Term, bool) { return p.typed.terms[key].on(on) }

// Kind returns the kind of writ with that code; ok is false for one that does not qualify.
func (p *Pack) Kind(code string, on calendar.Date) (Kind, bool) {
	class, ok := p.typed.words[KeyKindPrefix+code].on(on)
	return Kind{Code: code, Class: class}, ok
}

// FeeBands returns the fee scale of private bailiffs (EL 118), in rising order. The
// caller must not change it.
func (p *Pack) FeeBands(on calendar.Date) ([]Band, bool) { return p.typed.bands.on(on) }

// FeeCap returns the greatest fee in MCI (EL 118).
func (p *Pack) FeeCap(on calendar.Date) (int, bool) { return p.typed.counts[KeyFeeCap].on(on) }

// FeeRounding returns how fees are brought to whole tiyn.
func (p *Pack) FeeRounding(on calendar.Date) (money.Rounding, bool) {
	s, ok := p.typed.words[KeyFeeRounding].on(on)
	return money.Rounding(s), ok
}

// SimplifiedFee returns what the simplified procedure itself costs the debtor: nothing.
func (p *Pack) SimplifiedFee(on calendar.Date) (money.Rate, bool) {
	return p.typed.rates[KeyFeeSimplified].on(on)
}

// QuietHours returns the window in which no notice is sent.
func (p *Pack) QuietHours(on calendar.Date) (Window, bool) { return p.typed.quiet.on(on) }

// ReminderDays returns how many calendar days before the last day of voluntary payment a person who has been told is reminded;
// ok is false for packs that remind nobody.
func (p *Pack) ReminderDays(on calendar.Date) (int, bool) {
	return p.typed.counts[KeyReminder].on(on)
}

// NewsDays returns for how many calendar days more a notice without a ladder may still leave that could not on its first day; ok
// is false for packs that let it leave on that day alone.
func (p *Pack) NewsDays(on calendar.Date) (int, bool) {
	return p.typed.counts[KeyNewsDays].on(on)
}

// RemitWait returns the time between the value date of a payment and the day on which its money may go on to the claimant; ok is false for
// packs that send nothing on.
func (p *Pack) RemitWait(on calendar.Date) (Term, bool) { return p.term(KeyRemitWait, on) }

// Who bears the fee of a payment gateway.
const (
	BearerState   = "state"
	BearerGateway = "gateway" // it pays out all that was paid
)

// StateBearsFee says whether the state bears what a payment gateway keeps of a payment of this day; else the gateway does. The debtor never
// does. Packs before this key let nobody keep anything.
func (p *Pack) StateBearsFee(on calendar.Date) bool {
	who, _ := p.typed.words[KeyGatewayFee].on(on)
	return who == BearerState
}

// LinkDays returns for how many calendar days after its end a case still opens by its personal link and by its number.
func (p *Pack) LinkDays(on calendar.Date) int {
	if n, ok := p.typed.counts[KeyLinkDays].on(on); ok {
		return n
	}
	return 45 // packs before this key
}

// HelperTime returns for how long a debtor's helper may see the case.
func (p *Pack) HelperTime(on calendar.Date) time.Duration {
	if h, ok := p.typed.counts[KeyHelperHours].on(on); ok {
		return time.Duration(h) * time.Hour
	}
	return 24 * time.Hour // packs before this key
}

// MoreTime returns for how many months the body that took a decision on a fine may defer its payment, and let it be paid in parts; 0: a pack of
// before these keys says nothing of it.
func (p *Pack) MoreTime(on calendar.Date) (deferral, instalments int) {
	deferral, _ = p.typed.counts[KeyDeferral].on(on)
	instalments, _ = p.typed.counts[KeyInstalments].on(on)
	return deferral, instalments
}

// Ladder returns the rungs of the notice ladder in order, none before [Since]. The caller
// must not change it.
func (p *Pack) Ladder(on calendar.Date) []Rung {
	rungs, _ := p.typed.ladder.on(on)
	return rungs
}

// ChannelProof returns what a channel proves: one of the Proof constants.
func (p *Pack) ChannelProof(channel string, on calendar.Date) (string, bool) {
	return p.typed.words[KeyChannelPrefix+channel].on(on)
}

// RefusalUndo returns how long a refusal of the simplified procedure may be undone.
func (p *Pack) RefusalUndo(on calendar.Date) time.Duration {
	h, _ := p.typed.counts[KeyRefusalUndo].on(on)
	return time.Duration(h) * time.Hour
}

// When a debtor is entered into the register of debtors (EL 10-3, 36).
const (
	RegisterNever     = "never"
	RegisterEnforcing = "enforcing" // together with the arrest
	RegisterUnsecured = "unsecured" // when the answered arrest holds less than is outstanding
)

// RegisterWhen returns when a debtor is entered into the register; never for packs without such a rule.
func (p *Pack) RegisterWhen(on calendar.Date) string {
	if w, ok := p.typed.words[KeyRegisterWhen].on(on); ok {
		return w
	}
	return RegisterNever
}

// ArrestAccounts returns how many accounts are arrested where that many cover the debt.
func (p *Pack) ArrestAccounts(on calendar.Date) int {
	n, _ := p.typed.counts[KeyArrestAccounts].on(on)
	return n
}

// ProtectedMinimum returns what is left to a person on all accounts together that may be arrested at all (EL 61(2)); zero on
// days without such a rule.
func (p *Pack) ProtectedMinimum(on calendar.Date) money.Amount {
	sum, _ := p.typed.sums[KeyMinimum].on(on)
	return sum
}

// AdultAge returns the age in years below which a person looks at the writ.
func (p *Pack) AdultAge(on calendar.Date) (int, bool) { return p.typed.counts[KeyCheckAdult].on(on) }

// UnpaidAge returns how old the confirmation may be that no money has come; ok is false for packs without that limit.
func (p *Pack) UnpaidAge(on calendar.Date) (Term, bool) { return p.term(KeyCheckUnpaidAge, on) }

// Gate says when a whole court batch waits for two people.
type Gate struct {
	Rejects, Duplicates int // percent of the rows, from ShareRows on
	ShareRows           int
	Volume              int // times the usual number of rows of the sender, from VolumeRows on
	VolumeRows          int
	Least, UsualOf      int // the usual is known from Least batches on: the median of the latest UsualOf
}

// Gate returns the control of court batches; ok is false for packs without one.
func (p *Pack) Gate(on calendar.Date) (g Gate, ok bool) {
	ok = true
	for _, f := range [...]struct {
		key string
		n   *int
	}{
		{KeyGateRejects, &g.Rejects},
		{KeyGateDuplicates, &g.Duplicates},
		{KeyGateShareRows, &g.ShareRows},
		{KeyGateVolume, &g.Volume},
		{KeyGateVolumeRows, &g.VolumeRows},
		{KeyGateVolumeLeast, &g.Least},
		{KeyGateUsualOf, &g.UsualOf},
	} {
		n, have := p.typed.counts[f.key].on(on)
		*f.n, ok = n, ok && have
	}
	return g, ok
}

// GateIdentity returns from which share of rows with a doubtful person on, in percent, a batch waits for two people; ok is false
// for packs without that limit.
func (p *Pack) GateIdentity(on calendar.Date) (percent int, ok bool) {
	return p.typed.counts[KeyGateIdentity].on(on)
}

// Breakers says when the robot stops itself.
type Breakers struct {
	ArrestsTimes, ArrestsLeast, ArrestsDays int // arrests of an hour: times the median of that hour of the week, and so many
	PersonCases                             int // new cases of one person on one day
	Rejects, RejectsMinutes, RejectsLeast   int // percent of the answers of so many minutes, from so many answers on
	Objections, Refusals                    int // in a day, percent of those told in ToldDays, from ToldLeast on
	ToldDays, ToldLeast                     int
	Lifts, LiftsOld                         int // lifts that wait: for a quarter of an hour, for an hour
}

// Breakers returns the limits of a day; ok is false for packs without breakers.
func (p *Pack) Breakers(on calendar.Date) (b Breakers, ok bool) {
	ok = true
	for _, f := range [...]struct {
		key string
		n   *int
	}{
		{KeyArrestsTimes, &b.ArrestsTimes},
		{KeyArrestsLeast, &b.ArrestsLeast},
		{KeyArrestsDays, &b.ArrestsDays},
		{KeyPersonCases, &b.PersonCases},
		{KeyRejects, &b.Rejects},
		{KeyRejectsMinutes, &b.RejectsMinutes},
		{KeyRejectsLeast, &b.RejectsLeast},
		{KeyObjections, &b.Objections},
		{KeyRefusals, &b.Refusals},
		{KeyToldDays, &b.ToldDays},
		{KeyToldLeast, &b.ToldLeast},
		{KeyLifts, &b.Lifts},
		{KeyLiftsOld, &b.LiftsOld},
	} {
		n, have := p.typed.counts[f.key].on(on)
		*f.n, ok = n, ok && have
	}
	return b, ok
}

// BankArrests returns how many arrests one bank may be sent within an hour, where it has no rate of its own; ok is false for packs without
// that limit.
func (p *Pack) BankArrests(on calendar.Date) (n int, ok bool) {
	return p.typed.counts[KeyBankArrests].on(on)
}

// TrialArrests returns how many first arrests of whatever is new a person confirms; ok is false for packs without trials.
func (p *Pack) TrialArrests(on calendar.Date) (n int, ok bool) {
	return p.typed.counts[KeyTrialArrests].on(on)
}

// Currency returns the only currency of writs.
func (p *Pack) Currency(on calendar.Date) (string, bool) {
	return p.typed.words[KeyCheckCurrency].on(on)
}

// Protected returns the rule that protects a type of account from arrest and collection;
// ok is false for a type that no rule protects.
func (p *Pack) Protected(code string, on calendar.Date) (Value, bool) {
	return p.Lookup(KeyProtectedPrefix+code, on)
}

// ProtectedCodes returns the protected types of account on a day, in order of name.
func (p *Pack) ProtectedCodes(on calendar.Date) []string {
	return p.below(KeyProtectedPrefix, on)
}

// Kinds returns the kinds of writ that qualify on a day, in order of name.
func (p *Pack) Kinds(on calendar.Date) []string { return p.below(KeyKindPrefix, on) }

func (p *Pack) below(prefix string, on calendar.Date) []string {
	var out []string
	for _, v := range p.values {
		if len(v.Key) > len(prefix) && v.Key[:len(prefix)] == prefix && v.On(on) {
			out = append(out, v.Key[len(prefix):])
		}
	}
	return out
}
