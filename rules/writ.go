package rules

import (
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// WritFacts is what the rules need to know of a writ. Unset dates and empty texts mean
// that the writ does not say.
type WritFacts struct {
	Kind              string        // court_ruling, authority_ruling, fine_prescription, tax_order
	DebtorIIN         string        // twelve digits
	DebtorBirthDate   calendar.Date // optional
	Amount            money.Amount  // the sum to recover
	Currency          string        // optional; empty means KZT
	InForce           calendar.Date // the day the ruling entered into force
	DocumentDate      calendar.Date // optional
	DeferredUntil     calendar.Date // optional: last day of a deferral (CAO 888)
	UnpaidConfirmedOn calendar.Date // the day the sender confirmed that no money had come

	// IdentityConfirmed says that two people have looked at whom the writ means and found that it is the person of its IIN.
	IdentityConfirmed bool
}

// The verdicts on a writ.
const (
	OutcomeOpen   = "open"   // the writ qualifies: open a case
	OutcomeReject = "reject" // it does not: return it with the code
	OutcomeHold   = "hold"   // it may: a person must look before anything happens
)

// The codes of a verdict; they are part of the exchange contract.
const (
	CodeAboveThreshold    = "above_threshold"
	CodeAmountInvalid     = "amount_invalid"
	CodeIINInvalid        = "iin_invalid"
	CodeNotNaturalPerson  = "not_natural_person"
	CodeKindNotSimplified = "kind_not_simplified"
	CodeTooEarly          = "too_early"
	CodeTooLate           = "too_late"
	CodeNotInForce        = "not_in_force"
	CodeUnpaidStale       = "unpaid_stale"
	CodeFieldMissing      = "field_missing"
	CodeFieldInvalid      = "field_invalid"
	CodeIdentityConflict  = "identity_conflict" // hold: birth date and IIN disagree
	CodeMinor             = "minor"             // hold: the debtor is under age
	CodeRuleMissing       = "rule_missing"      // hold: the pack has no value for the day
)

// The fields a verdict can name, as in the court batch.
const (
	FieldKind         = "kind"
	FieldIIN          = "debtor_iin"
	FieldBirthDate    = "debtor_birth_date"
	FieldAmount       = "amount"
	FieldCurrency     = "currency"
	FieldInForce      = "in_force_date"
	FieldDocumentDate = "document_date"
	FieldDeferred     = "deferred_until"
	FieldUnpaid       = "unpaid_confirmed_on"
)

// Verdict is the decision on a writ. Code and Field are empty when Outcome is OutcomeOpen.
type Verdict struct {
	Outcome string // OutcomeOpen, OutcomeReject or OutcomeHold
	Code    string
	Field   string
	Trace   Trace // all checks up to and including the one that decided
}
