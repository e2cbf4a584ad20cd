package pack

import (
	"slices"
	"strings"
)

// Keys that code outside this package names in traces.
const (
	KeyMCI              = "mci.general"
	KeyProcedureStart   = "procedure.start"
	KeyThresholdLimit   = "threshold.limit"
	KeyThresholdIncl    = "threshold.inclusive"
	KeyTerm             = "term.days"
	KeySuspension       = "term.suspension_excluded"
	KeyPause            = "term.pause_excluded"
	KeyAppeal           = "appeal.days"
	KeyVoluntary        = "voluntary.days"
	KeyEarliest         = "presentation.earliest"
	KeyFeeSimplified    = "fee.simplified"
	KeyFeeBands         = "fee.bands"
	KeyFeeCap           = "fee.cap"
	KeyFeeRounding      = "fee.rounding"
	KeyQuietHours       = "quiet_hours"
	KeyLadder           = "ladder"
	KeyCollectionDelay  = "coercion.collection_delay"
	KeyRefusalUndo      = "coercion.refusal_undo"
	KeyArrestAccounts   = "coercion.arrest_accounts"
	KeyMinimum          = "coercion.protected_minimum"
	KeyCheckRequired    = "check.required"
	KeyCheckKind        = "check.kind"
	KeyCheckIIN         = "check.iin"
	KeyCheckPerson      = "check.natural_person"
	KeyCheckBirth       = "check.birth_date"
	KeyCheckAdult       = "check.adult_age"
	KeyCheckCurrency    = "check.currency"
	KeyCheckAmount      = "check.amount"
	KeyCheckInForce     = "check.in_force"
	KeyCheckUnpaid      = "check.unpaid"
	KeyCheckUnpaidAge   = "check.unpaid_age"
	KeyGateRejects      = "gate.rejects"
	KeyGateDuplicates   = "gate.duplicates"
	KeyGateShareRows    = "gate.share_rows"
	KeyGateVolume       = "gate.volume"
	KeyGateVolumeRows   = "gate.volume_rows"
	KeyGateVolumeLeast  = "gate.volume_batches"
	KeyGateUsualOf      = "gate.usual_batches"
	KeyGuardNotice      = "guard.notice"
	KeyGuardVoluntary   = "guard.voluntary"
	KeyGuardIdentity    = "guard.identity"
	KeyGuardHold        = "guard.hold"
	KeyGuardSuspended   = "guard.suspended"
	KeyGuardRefusal     = "guard.refusal"
	KeyGuardLimitation  = "guard.limitation"
	KeyGuardMoney       = "guard.money"
	KeyGuardSwitch      = "guard.switch"
	KeyGuardMeasure     = "guard.measure"
	KeyArrestsTimes     = "breaker.arrests_times"
	KeyArrestsLeast     = "breaker.arrests_least"
	KeyArrestsDays      = "breaker.arrests_days"
	KeyPersonCases      = "breaker.person_cases"
	KeyRejects          = "breaker.rejects"
	KeyRejectsMinutes   = "breaker.rejects_minutes"
	KeyRejectsLeast     = "breaker.rejects_least"
	KeyObjections       = "breaker.objections"
	KeyRefusals         = "breaker.refusals"
	KeyToldDays         = "breaker.told_days"
	KeyToldLeast        = "breaker.told_least"
	KeyLifts            = "breaker.lifts"
	KeyLiftsOld         = "breaker.lifts_old"
	KeyBankArrests      = "breaker.bank_arrests"
	KeyTrialArrests     = "trial.arrests"
	KeyGateIdentity     = "gate.identity"
	KeyCorrection       = "correction"
	KeyRegisterWhen     = "register.when"
	KeyMeasureRegister  = "measure_register"
	KeyCalendar         = "calendar"
	KeyKindPrefix       = "kind."
	KeyProtectedPrefix  = "protected."
	KeyChannelPrefix    = "channel."
	KeyLatestPrefix     = "presentation.latest."
	KeyLimitationPrefix = "limitation."
	KeyPaymentPrefix    = "voluntary_payment."
	KeyReminder         = "voluntary.reminder"
	KeyNewsDays         = "news.days"
	KeyRemitWait        = "remittance.wait"
	KeyGatewayFee       = "gateway.fee"
	KeyLinkDays         = "portal.link_days"
	KeyHelperHours      = "portal.helper_hours"
	KeyDeferral         = "more_time.deferral"
	KeyInstalments      = "more_time.instalments"
	KeyObjection        = "objection"
	KeyObjectionDays    = "objection.days"
	KeyObjectionOut     = "objection.excluded"
	KeyObjectionTimes   = "objection.per_ground"

	keyMCISocial = "mci.social"
)

// shape is how the value of a key is read.
type shape int

const (
	shapeMoney shape = iota
	shapeCount
	shapeFlag
	shapeWord
	shapeTerm
	shapeRate
	shapeBands
	shapeRungs
	shapeWindow
	shapeDate
	shapeRounding
)

// spec is what is known about a key or, when the key ends in a point, about all keys with
// that beginning.
type spec struct {
	key      string
	shape    shape
	units    []string
	words    []string // shapeWord: the allowed words
	required bool     // the key itself; a prefix: at least one key below it
}

var (
	termUnits = []string{UnitCalendarDay, UnitWorkingDay}
	yearUnits = []string{UnitYear}
)

var figureSpecs = []spec{
	{key: KeyMCI, shape: shapeMoney, units: []string{"KZT"}, required: true},
	{key: keyMCISocial, shape: shapeMoney, units: []string{"KZT"}, required: true},
	{key: KeyProcedureStart, shape: shapeDate, units: []string{"date"}, required: true},
	{key: KeyThresholdLimit, shape: shapeCount, units: []string{"mci"}, required: true},
	{key: KeyThresholdIncl, shape: shapeFlag, units: []string{"bool"}, required: true},
	{key: KeyTerm, shape: shapeTerm, units: termUnits, required: true},
	{key: KeySuspension, shape: shapeFlag, units: []string{"bool"}, required: true},
	{key: KeyAppeal, shape: shapeTerm, units: termUnits, required: true},
	{key: KeyVoluntary, shape: shapeTerm, units: termUnits, required: true},
	{key: KeyEarliest, shape: shapeTerm, units: termUnits, required: true},
	{key: KeyPaymentPrefix, shape: shapeTerm, units: termUnits, required: true},
	{key: KeyLatestPrefix, shape: shapeTerm, units: yearUnits, required: true},
	{key: KeyLimitationPrefix, shape: shapeTerm, units: yearUnits, required: true},
	{key: KeyKindPrefix, shape: shapeWord, units: []string{"class"}, required: true},
	{key: KeyFeeSimplified, shape: shapeRate, units: []string{"percent"}, required: true},
	{key: KeyFeeBands, shape: shapeBands, units: []string{"mci"}, required: true},
	{key: KeyFeeCap, shape: shapeCount, units: []string{"mci"}, required: true},
	{key: KeyFeeRounding, shape: shapeRounding, units: []string{"rounding"}, required: true},
	{key: KeyProtectedPrefix, shape: shapeWord, units: []string{"account_type"}, words: []string{"never"}, required: true},
	{key: KeyQuietHours, shape: shapeWindow, units: []string{"local_time"}, required: true},
	{key: KeyLadder, shape: shapeRungs, units: []string{UnitHour}, required: true},
	{
		key: KeyChannelPrefix, shape: shapeWord, units: []string{"proof"}, required: true,
		words: []string{ProofDeliveryReport, ProofSystemRecord, ProofReceipt, ProofNothing},
	},
	{key: KeyCollectionDelay, shape: shapeTerm, units: termUnits, required: true},
	{key: KeyRefusalUndo, shape: shapeCount, units: []string{UnitHour}, required: true},
	{key: KeyArrestAccounts, shape: shapeCount, units: []string{"account"}, required: true},
	{key: KeyCheckAdult, shape: shapeCount, units: yearUnits, required: true},
	{key: KeyCheckCurrency, shape: shapeWord, units: []string{"currency"}, words: []string{"KZT"}, required: true},
}

// laterSpecs came after packs that have decided: those packs must still load and decide as they did, so that none of these
// is required.
var laterSpecs = []spec{
	{key: KeyCheckUnpaidAge, shape: shapeTerm, units: yearUnits},
	{key: KeyMinimum, shape: shapeMoney, units: []string{"KZT"}},
	{key: KeyReminder, shape: shapeCount, units: []string{UnitCalendarDay}},
	{key: KeyNewsDays, shape: shapeCount, units: []string{UnitCalendarDay}},
	{key: KeyRegisterWhen, shape: shapeWord, units: []string{"moment"}, words: []string{RegisterNever, RegisterEnforcing, RegisterUnsecured}},
	{key: KeyMeasureRegister, shape: shapeWord, units: []string{"rule"}, words: []string{"required"}},
	{key: KeyLinkDays, shape: shapeCount, units: []string{UnitCalendarDay}},
	{key: KeyHelperHours, shape: shapeCount, units: []string{UnitHour}},
	{key: KeyDeferral, shape: shapeCount, units: []string{UnitMonth}},
	{key: KeyInstalments, shape: shapeCount, units: []string{UnitMonth}},
	{key: KeyCorrection, shape: shapeWord, units: []string{"rule"}, words: []string{"required"}},
	{key: KeyGateRejects, shape: shapeCount, units: []string{"percent"}},
	{key: KeyGateDuplicates, shape: shapeCount, units: []string{"percent"}},
	{key: KeyGateShareRows, shape: shapeCount, units: []string{"row"}},
	{key: KeyGateVolume, shape: shapeCount, units: []string{"times"}},
	{key: KeyGateVolumeRows, shape: shapeCount, units: []string{"row"}},
	{key: KeyGateVolumeLeast, shape: shapeCount, units: []string{"batch"}},
	{key: KeyGateUsualOf, shape: shapeCount, units: []string{"batch"}},
	{key: KeyGateIdentity, shape: shapeCount, units: []string{"percent"}},
	{key: KeyPause, shape: shapeFlag, units: []string{"bool"}},
	{key: KeyArrestsTimes, shape: shapeCount, units: []string{"times"}},
	{key: KeyArrestsLeast, shape: shapeCount, units: []string{"order"}},
	{key: KeyArrestsDays, shape: shapeCount, units: []string{UnitCalendarDay}},
	{key: KeyPersonCases, shape: shapeCount, units: []string{"case"}},
	{key: KeyRejects, shape: shapeCount, units: []string{"percent"}},
	{key: KeyRejectsMinutes, shape: shapeCount, units: []string{"minute"}},
	{key: KeyRejectsLeast, shape: shapeCount, units: []string{"order"}},
	{key: KeyObjections, shape: shapeCount, units: []string{"percent"}},
	{key: KeyRefusals, shape: shapeCount, units: []string{"percent"}},
	{key: KeyToldDays, shape: shapeCount, units: []string{UnitCalendarDay}},
	{key: KeyToldLeast, shape: shapeCount, units: []string{"case"}},
	{key: KeyLifts, shape: shapeCount, units: []string{"order"}},
	{key: KeyLiftsOld, shape: shapeCount, units: []string{"order"}},
	{key: KeyBankArrests, shape: shapeCount, units: []string{"order"}},
	{key: KeyTrialArrests, shape: shapeCount, units: []string{"order"}},
	{key: KeyRemitWait, shape: shapeTerm, units: termUnits},
	{key: KeyObjection, shape: shapeWord, units: []string{"rule"}, words: []string{"required"}},
	{key: KeyObjectionDays, shape: shapeTerm, units: termUnits},
	{key: KeyObjectionOut, shape: shapeFlag, units: []string{"bool"}},
	{key: KeyObjectionTimes, shape: shapeCount, units: []string{"times"}},
	{key: KeyGatewayFee, shape: shapeWord, units: []string{"bearer"}, words: []string{BearerState, BearerGateway}},
}

// guardKeys cite why a coercive order was allowed to go; packs of before have none.
var guardKeys = []string{
	KeyGuardNotice, KeyGuardVoluntary, KeyGuardIdentity, KeyGuardHold, KeyGuardSuspended, KeyGuardRefusal, KeyGuardLimitation, KeyGuardMoney,
	KeyGuardSwitch, KeyGuardMeasure,
}

// checkKeys name the checks of a writ which carry no figure.
var checkKeys = []string{
	KeyCheckRequired, KeyCheckKind, KeyCheckIIN, KeyCheckPerson, KeyCheckBirth, KeyCheckAmount, KeyCheckInForce, KeyCheckUnpaid,
}

// actKeys cite the articles behind the acts of a case; the engine names them in traces.
var actKeys = []string{
	"notice_proof",
	"measure_arrest",
	"measure_collection",
	"terminate_paid",
	"terminate_cancelled",
	"part_payment",
	"transfer_term",
	"transfer_refusal",
	"refusal",
	"distribution",
	"suspension",
}

var specs = allSpecs()

func allSpecs() []spec {
	all := slices.Concat(figureSpecs, laterSpecs)
	for _, k := range slices.Concat(checkKeys, actKeys) {
		all = append(all, spec{key: k, shape: shapeWord, units: []string{"rule"}, words: []string{"required"}, required: true})
	}
	for _, k := range guardKeys {
		all = append(all, spec{key: k, shape: shapeWord, units: []string{"rule"}, words: []string{"required"}})
	}
	return all
}

func specOf(key string) (spec, bool) {
	i := slices.IndexFunc(specs, func(s spec) bool {
		below, isPrefix := strings.CutPrefix(key, s.key)
		if !strings.HasSuffix(s.key, ".") {
			return key == s.key
		}
		return isPrefix && isName(below)
	})
	if i < 0 {
		return spec{}, false
	}
	return specs[i], true
}

// isName reports whether s is a lower-case name such as tax_order.
func isName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return s != "" && s[0] >= 'a' && s[0] <= 'z'
}
