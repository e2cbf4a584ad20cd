package worklist

import (
	"strings"

	"robotbailiff/internal/caseno"
	"robotbailiff/rules/calendar"
)

// Kind is one kind of work.
type Kind struct {
	Name  string
	Local bool   // its things belong to regions; what has no region yet belongs to the country
	Room  string // where it is worked: {case} is the number of its case, {key} its key, {head} and {tail} what that has before and after a stroke
	Link  string // the room for all of its things
	Days  int    // working days within which a person should have done it, where the thing has no day of its own
	// Outcomes are what a thing can be closed with; none: its room ends it.
	Outcomes []string
	// sql gives key, case (or null), region, since when, sum in tiyn, its own last day (or null). $1 is the legal instant. Each goes by an index
	// of what is open.
	sql string
}

// mostUnproven bounds what is looked through for notices that did not arrive: their cases have no index.
const mostUnproven = "1000"

// Kinds are all kinds of work, in the order in which they are shown.
//
// The days are the house's own, short enough for the terms of the law that run meanwhile: five working days to pay, thirty days of the case.
var Kinds = []Kind{
	{Name: "objections", Local: true, Room: "/desk/objections/{case}/{tail}", Link: "/desk/objections", sql: `SELECT o.case_id || '/' || o.seq, o.case_id, c.region, o.made_on::timestamp AT TIME ZONE 'Asia/Almaty', 0::bigint, o.due_on
  FROM objections o JOIN cases c ON c.id = o.case_id WHERE o.status = 'open' AND $1::timestamptz IS NOT NULL`},
	{Name: "reviews", Local: true, Room: "/desk/work/thing?kind=reviews&key={key}", Link: "/desk/work?kind=reviews", Days: 5, sql: `SELECT r.case_id || '/' || r.seq, r.case_id, r.region, r.drawn_at, 0::bigint, NULL::date
  FROM reviews r WHERE r.verdict = '' AND $1::timestamptz IS NOT NULL`},
	{Name: "trials", Local: true, Room: "/desk/trials", Link: "/desk/trials", Days: 1, sql: `SELECT a.case_id || '/' || a.ordinal, a.case_id, c.region, a.picked_at, 0::bigint, NULL::date
  FROM trial_arrests a JOIN cases c ON c.id = a.case_id WHERE a.verdict = '' AND $1::timestamptz IS NOT NULL`},
	{Name: "undelivered", Local: true, Room: "/desk/cases/{case}", Link: "/desk/work?kind=undelivered", Days: 3, Outcomes: []string{"address", "told", "nothing"}, sql: `SELECT s.* FROM (SELECT c.id::text, c.id, c.region, c.opened_on::timestamp AT TIME ZONE 'Asia/Almaty', 0::bigint, c.term_ends_on
  FROM cases c WHERE c.term_ends_on BETWEEN ($1::timestamptz AT TIME ZONE 'Asia/Almaty')::date AND ($1::timestamptz AT TIME ZONE 'Asia/Almaty')::date + 10
   AND c.state = 'opened' AND c.next_rung_at IS NULL AND c.hold = '' AND c.suspended = ''
   AND NOT EXISTS (SELECT 1 FROM work_acts w WHERE w.kind = 'undelivered' AND w.item = c.id::text AND w.act = 'closed') ORDER BY c.term_ends_on, c.id LIMIT ` + mostUnproven + `) s`},
	{Name: "identities", Room: "/desk/identities/{key}", Link: "/desk/work?kind=identities", Days: 3, sql: `SELECT s.* FROM (SELECT b.id || '/' || r.row_no, NULL::bigint, '', b.received_at, 0::bigint, NULL::date
  FROM batches b JOIN batch_rows r ON r.batch_id = b.id AND r.verdict = 'quarantined'
 WHERE b.quarantined > 0 AND b.state = 'done' AND $1::timestamptz IS NOT NULL
   AND NOT EXISTS (SELECT 1 FROM writs w WHERE w.source = b.source AND w.document_number = r.document_number)
   AND NOT EXISTS (SELECT 1 FROM identity_words i WHERE i.batch_id = b.id AND i.row_no = r.row_no AND i.verdict = '' AND i.expires_at > clock_timestamp())
   AND NOT EXISTS (SELECT 1 FROM work_acts a WHERE a.kind = 'identities' AND a.item = b.id || '/' || r.row_no AND a.act = 'closed') LIMIT 10000) s`},
	{Name: "batches", Room: "/desk/imports/{key}", Link: "/desk/imports?state=waiting", Days: 1, sql: `SELECT id::text, NULL::bigint, '', received_at, 0::bigint, NULL::date FROM batches WHERE state = 'waiting' AND $1::timestamptz IS NOT NULL`},
	{Name: "orders", Room: "/desk/cases/{case}", Link: "/desk/robot#chunks", Days: 1, sql: `SELECT k.id || '/' || u.c, u.c, '', k.not_before, 0::bigint, NULL::date FROM chunks k, unnest(k.case_ids) AS u(c)
 WHERE k.done_at IS NULL AND k.kind <> 'notify' AND k.not_before < $1::timestamptz AND (k.error <> '' OR k.not_before < $1::timestamptz - interval '1 hour')`},
	{Name: "findings", Room: "/desk/orders", Link: "/desk/orders", Days: 1, sql: `SELECT id::text, NULL::bigint, '', found_at, 0::bigint, NULL::date FROM bank_findings WHERE resolved_at IS NULL AND $1::timestamptz IS NOT NULL`},
	{Name: "suspense", Room: "/desk/money/payments/{key}", Link: "/desk/money/suspense", Days: 3, sql: `SELECT id::text, NULL::bigint, '', received_at, amount - allocated - refund_due - reversed - refunded - moved, NULL::date
  FROM payments WHERE amount > allocated + refund_due + reversed + refunded + moved AND $1::timestamptz IS NOT NULL`},
	{Name: "refunds", Room: "/desk/money/payments/{key}", Link: "/desk/money/refunds", Days: 3, sql: `SELECT id::text, NULL::bigint, '', received_at, refund_due, NULL::date FROM payments WHERE refund_due > 0 AND $1::timestamptz IS NOT NULL`},
	{Name: "reversals", Room: "/desk/money/payments/{tail}", Link: "/desk/work?kind=reversals", Days: 5, Outcomes: []string{"repaid", "wrong_reversal", "nothing"}, sql: `SELECT s.* FROM (SELECT CASE WHEN t.payment_id IS NULL THEN t.id::text ELSE t.id || '/' || t.payment_id END AS key, t.case_id, '', t.at, t.amount, NULL::date
  FROM reversal_tasks t WHERE $1::timestamptz IS NOT NULL) s WHERE NOT EXISTS (SELECT 1 FROM work_acts w WHERE w.kind = 'reversals' AND w.item = s.key AND w.act = 'closed')`},
	{Name: "approve_acts", Room: "/desk/acts/{key}", Link: "/desk/approvals", Days: 1, sql: `SELECT id::text, NULL::bigint, '', asked_at, 0::bigint, NULL::date FROM case_acts
 WHERE state = 'asked' AND expires_at > clock_timestamp() AND $1::timestamptz IS NOT NULL`},
	{Name: "approve_identities", Local: true, Room: "/desk/identities/{key}", Link: "/desk/work?kind=approve_identities", Days: 1, sql: `SELECT batch_id || '/' || row_no, NULL::bigint, region, proposed_at, 0::bigint, NULL::date FROM identity_words
 WHERE verdict = '' AND expires_at > clock_timestamp() AND $1::timestamptz IS NOT NULL`},
	{Name: "approve_rules", Room: "/desk/rules/{key}", Link: "/desk/rules", Days: 1, sql: `SELECT id::text, NULL::bigint, '', at, 0::bigint, NULL::date FROM rule_pack_proposals p
 WHERE at > $1::timestamptz - interval '24 hours' AND from_on > ($1::timestamptz AT TIME ZONE 'Asia/Almaty')::date AND NOT EXISTS (SELECT 1 FROM rule_pack_decisions d WHERE d.proposal = p.id)`},
	{Name: "approve_money", Room: "/desk/money/acts/{key}", Link: "/desk/money", Days: 1, sql: `SELECT id::text, NULL::bigint, '', proposed_at, 0::bigint, NULL::date FROM money_acts a
 WHERE proposed_at > $1::timestamptz - interval '24 hours' AND NOT EXISTS (SELECT 1 FROM money_act_decisions d WHERE d.act_id = a.id)`},
	{Name: "approve_switch", Room: "/desk/switch", Link: "/desk/switch", Days: 1, sql: `SELECT s.id::text, NULL::bigint, '', min(a.at), 0::bigint, NULL::date FROM stops s JOIN stop_acts a ON a.stop_id = s.id AND a.act = 'proposed'
 WHERE s.released_at IS NULL AND a.at > $1::timestamptz - interval '24 hours' GROUP BY s.id`},
	{Name: "approve_texts", Room: "/desk/texts/{key}", Link: "/desk/texts", Days: 1, sql: `SELECT version::text, NULL::bigint, '', proposed_at, 0::bigint, NULL::date FROM text_versions v
 WHERE proposed_at > $1::timestamptz - interval '24 hours' AND NOT EXISTS (SELECT 1 FROM text_version_acts a WHERE a.version = v.version)`},
}

// KindOf finds a kind by its name.
func KindOf(name string) (Kind, bool) {
	for _, k := range Kinds {
		if k.Name == name {
			return k, true
		}
	}
	return Kind{}, false
}

// href is where a thing is worked.
func (k Kind) href(key string, caseID int64) string {
	head, tail, _ := strings.Cut(key, "/")
	number := ""
	if caseID != 0 {
		number = caseno.Format(caseID)
	}
	if tail == "" && strings.Contains(k.Room, "{tail}") {
		return k.Link
	}
	return strings.NewReplacer("{case}", number, "{key}", key, "{head}", head, "{tail}", tail).Replace(k.Room)
}

// due is the day by which a thing should be done.
func (k Kind) due(c *calendar.Calendar, since calendar.Date) calendar.Date {
	if k.Days == 0 || c == nil || !c.Covers(since) {
		return 0
	}
	return c.AddWorkingDays(since, k.Days)
}
