package engine

import (
	"time"

	"robotbailiff/rules/calendar"
	"robotbailiff/rules/pack"
)

// Keys of the pack under which the articles behind the engine's own acts are cited. A test looks each of them up.
const (
	ruleNoticeProof     = "notice_proof"
	ruleArrest          = "measure_arrest"
	ruleCollection      = "measure_collection"
	rulePaid            = "terminate_paid"
	ruleCancelled       = "terminate_cancelled"
	rulePartPayment     = "part_payment"
	ruleTransferTerm    = "transfer_term"
	ruleTransferRefusal = "transfer_refusal"
	ruleRefusal         = "refusal"
	ruleDistribution    = "distribution"
	ruleSuspension      = "suspension"
	ruleCorrection      = "correction"
	ruleRegister        = "measure_register"
	ruleObjection       = pack.KeyObjection
)

var actRules = []string{
	ruleNoticeProof, ruleArrest, ruleCollection, rulePaid, ruleCancelled, rulePartPayment, ruleTransferTerm, ruleTransferRefusal,
	ruleRefusal, ruleDistribution, ruleSuspension, ruleCorrection, ruleRegister, ruleObjection,
}

// ladder returns the rungs in force; none if the pack has none, and then no arrest is ever possible.
func ladder(p *pack.Pack, on calendar.Date) []pack.Rung {
	return p.Ladder(on)
}

// undoPeriod is how long a refusal may be taken back; zero makes it final at once.
func undoPeriod(p *pack.Pack, on calendar.Date) time.Duration {
	return p.RefusalUndo(on)
}

var zeroTime time.Time

const noDate = calendar.Date(0)
