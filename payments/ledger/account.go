package ledger

import "strings"

// Account is the name of an account.
type Account string

// The accounts. There is one clearing account per source of money, see [Clearing].
const (
	Suspense    Account = "suspense"     // owed to somebody: received and not allocated
	Receivable  Account = "receivable"   // owed by debtors, per case
	Claims      Account = "claims"       // owed to claimants, and not yet paid by debtors
	RefundsDue  Account = "refunds_due"  // owed to payers
	Transferred Account = "transferred"  // debts which a private bailiff now collects
	Returned    Account = "returned"     // debts of ended cases whose payment was taken back
	Treasury    Account = "treasury"     // on our own accounts, as their statements say
	Unexplained Account = "unexplained"  // went from our own accounts, and nobody has said yet why
	Outgoing    Account = "outgoing"     // paid out as the bank says, and not yet in a statement
	Fees        Account = "fees"         // kept by the bank for its work
	GatewayFees Account = "gateway_fees" // kept by gateways of what they paid out: an expense of the state, the debtor is credited the whole
	Otherwise   Account = "otherwise"    // went from our own accounts for a reason that a person has written down

	DueToClaimants  Account = "due_to_claimants"  // paid by debtors, and not yet sent to the claimants
	SentToClaimants Account = "sent_to_claimants" // sent as the bank says, and not yet in a statement
	OwedByClaimants Account = "owed_by_claimants" // sent, or on its way, for a payment that was taken back or is due back
)

const clearingPrefix = "clearing:"

// Clearing is the account of the money which one source says it holds for us.
func Clearing(source string) Account { return Account(clearingPrefix + source) }

// SourceTreasury names the payments that a statement of our own account told of first: their money is there already.
const SourceTreasury = "treasury"

// SourceSplit names the payments into which a person has split another one. Their clearing account always nets to zero.
const SourceSplit = "split"

// Home is the account on which the money of a source arrives.
func Home(source string) Account {
	if source == SourceTreasury {
		return Treasury
	}
	return Clearing(source)
}

// Source is the reverse of [Clearing].
func (a Account) Source() (source string, ok bool) {
	return strings.CutPrefix(string(a), clearingPrefix)
}

// Known reports whether an account may appear in the books.
func (a Account) Known() bool {
	switch a {
	case Suspense, Receivable, Claims, RefundsDue, Transferred, Returned, Treasury, Unexplained, Outgoing, Fees, GatewayFees, Otherwise,
		DueToClaimants, SentToClaimants, OwedByClaimants:
		return true
	}
	source, ok := a.Source()
	return ok && ValidSource(source) && source != SourceTreasury
}

// maxSource bounds the name of a source.
const maxSource = 40

// ValidSource reports whether a name can name a source of money: small Latin letters, digits, dot, dash, underscore.
func ValidSource(source string) bool {
	if source == "" || len(source) > maxSource {
		return false
	}
	for i := range len(source) {
		c := source[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return true
}

// Kind is the business event behind an entry. It is stored, so a name never changes its meaning.
type Kind string

// Kinds of entries; the table in the package comment gives their accounts.
const (
	KindReceived    Kind = "received"
	KindAllocated   Kind = "allocated"
	KindRefundDue   Kind = "refund_due"
	KindReversed    Kind = "reversed"
	KindOpened      Kind = "opened"
	KindCancelled   Kind = "cancelled"
	KindRefundClaim Kind = "refund_claim"
	KindTransferred Kind = "transferred"
	KindAdjusted    Kind = "adjusted"
	KindTakenBack   Kind = "taken_back"
	KindReturned    Kind = "returned"
	KindSettled     Kind = "settled"
	KindPaidBack    Kind = "paid_back"
	KindUnexplained Kind = "unexplained"
	KindSplit       Kind = "split"
	KindSameAs      Kind = "same_as"
	KindRefunded    Kind = "refunded"
	KindPaidOut     Kind = "paid_out"
	KindCameBack    Kind = "came_back"
	KindExplained   Kind = "explained"
	KindCollected   Kind = "collected"
	KindUncollected Kind = "uncollected"
	KindOverpaid    Kind = "overpaid"
	KindRemitted    Kind = "remitted"
	KindRemitLeft   Kind = "remit_left"
	KindRemitBack   Kind = "remit_back"
	KindSetOff      Kind = "set_off"
	KindGivenBack   Kind = "given_back"
	KindNetted      Kind = "netted"
	KindSentByHand  Kind = "sent_by_hand"
	KindDueAgain    Kind = "due_again"
	KindUnsplit     Kind = "unsplit"
	KindFeeKept     Kind = "fee_kept"
	KindNotNamed    Kind = "not_named" // of a migration only
)

// Kinds lists every kind once.
var Kinds = []Kind{
	KindReceived, KindAllocated, KindRefundDue, KindReversed, KindOpened, KindCancelled, KindRefundClaim,
	KindTransferred, KindTakenBack, KindAdjusted, KindReturned, KindSettled, KindPaidBack, KindUnexplained,
	KindSplit, KindSameAs, KindRefunded, KindPaidOut, KindCameBack, KindExplained,
	KindCollected, KindUncollected, KindOverpaid, KindRemitted, KindRemitLeft, KindRemitBack, KindSetOff, KindGivenBack, KindNetted,
	KindSentByHand, KindDueAgain, KindNotNamed, KindUnsplit, KindFeeKept,
}
