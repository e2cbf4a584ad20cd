package intake

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"robotbailiff/rules"
)

// columns of files with corrections.
var allColumns = FieldNames()

func correction(i int, action, ground string, pairs ...string) values {
	return goodRow(i).with("action", action, "ground", ground, "act", "12/2026").with(pairs...)
}

// codesOf lists row:code of a batch, for rows that were not accepted.
func (in *inbox) codesOf(b Batch) string {
	in.t.Helper()
	found, err := in.Rows(in.t.Context(), b.ID, RowQuery{})
	if err != nil {
		in.t.Fatal(err)
	}
	var out []string
	for _, r := range found {
		if r.Code != "" {
			out = append(out, fmt.Sprintf("%d:%s:%s", r.Row, r.Code, r.Field))
		}
		if r.Action != ActionOpen && r.Verdict == Accepted && r.CaseID == 0 && !b.DryRun {
			in.t.Errorf("row %d names no case", r.Row)
		}
	}
	return strings.Join(out, " ")
}

func (in *inbox) stateOf(i int) string {
	in.t.Helper()
	return one[string](in.t, in.pool, `SELECT c.state || ' ' || c.outstanding FROM cases c JOIN writs w ON w.case_id = c.id WHERE w.document_number = $1`,
		goodRow(i)["document_number"])
}

// Withdrawal and cancellation end the case; an amnesty list needs no more than four columns (CAO 889-1, EL 10-5(1)(2)).
func TestCorrections_withdrawAndCancel(t *testing.T) {
	t.Parallel()
	in := newInbox(t, nil)
	in.take(court, table(goodRows(20), ","))
	var list []values
	for i := range 5 {
		list = append(list, values{"document_number": goodRow(i)["document_number"], "action": "cancel", "ground": "amnesty"})
	}
	amnesty := table(append(list, values{"document_number": "nobody/1", "action": "cancel", "ground": "amnesty"}), ";", "document_number", "action", "ground", "act")
	b := in.take(court, amnesty)
	if verdicts(b) != [5]int{6, 5, 0, 1, 0} || in.codesOf(b) != "7:writ_unknown:document_number" {
		t.Fatalf("%+v %s", b, in.codesOf(b))
	}
	if got := in.stateOf(0); got != "cancelled 0" {
		t.Error(got)
	}
	other := []values{
		correction(5, "withdraw", "sent_by_mistake"),
		correction(0, "cancel", "amnesty"), // again, in another file
		correction(6, "cancel", "amnesty", "debtor_iin", goodRow(9)["debtor_iin"]),
		correction(7, "cancel", ""),
		correction(8, "cancel", "Пушкин А.С."),
		correction(9, "cancel", "amnesty", "act", "870101300123"),
		correction(10, "melt", "amnesty"),
	}
	b = in.take(court, table(other, ",", allColumns...))
	want := "3:duplicate: 4:identity_conflict:debtor_iin 5:field_missing:ground 6:field_invalid:ground 7:field_invalid:act 8:field_invalid:action"
	if got := in.codesOf(b); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := in.stateOf(5); got != "cancelled 0" {
		t.Error(got)
	}
	if n := one[int](t, in.pool, `SELECT count(*) FROM cases WHERE state = 'cancelled'`); n != 6 {
		t.Errorf("%d cancelled", n)
	}
	if got := one[string](t, in.pool, `SELECT e.data->>'reason' || ' ' || (e.data->'trace'->0->>3) FROM events e WHERE e.kind = 'cancelled' ORDER BY e.case_id DESC LIMIT 1`); got != "sent_by_mistake act=12/2026" {
		t.Error(got)
	}
}

// A correction lowers the sum or changes requisites, never the person, and never makes a second case.
func TestCorrections_correct(t *testing.T) {
	t.Parallel()
	in := newInbox(t, nil)
	in.take(court, table(goodRows(20), ","))
	rows := []values{
		correction(0, "correct", "amended", "amount", "4000.00"),
		correction(1, "correct", "amended", "amount", "50000.00"),
		correction(2, "correct", "requisites", "iban", "", "claimant_name", "Казначейство города"),
		correction(3, "correct", "amended", "debtor_name", "Цой Виктор"),
		correction(4, "correct", "amended", "debtor_iin", goodRow(9)["debtor_iin"]),
		correction(5, "correct", "amended", "kind", "tax_order"),
		correction(6, "correct", "amended"), // changes nothing
		correction(7, "correct", "amended", "amount", "0"),
		correction(30, "correct", "amended"),
	}
	dry := court
	dry.DryRun = true
	preview := in.take(dry, table(rows, ",", allColumns...))
	b := in.take(court, table(append(rows, goodRow(31)), ",", allColumns...))
	if b.State != StateDone {
		t.Fatalf("%+v", b)
	}
	want := "3:correction_raises:amount 5:identity_conflict:debtor_name 6:identity_conflict:debtor_iin 7:correction_field:kind 8:duplicate: 9:amount_invalid:amount 10:writ_unknown:document_number"
	if got := in.codesOf(b); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := in.codesOf(preview); got != want {
		t.Errorf("a dry run says\n     %s\nwant %s", got, want)
	}
	if got := in.stateOf(0); got != "opened 400000" {
		t.Error(got)
	}
	if got := in.stateOf(1); got != "opened 432601" {
		t.Error(got)
	}
	if got := one[string](t, in.pool, `SELECT string_agg(format('%s %s %s', amount, claimant_name, ground), ', ' ORDER BY case_id) FROM writ_corrections`); got != "400000 Комитет казначейства amended, 432702 Казначейство города requisites" {
		t.Error(got)
	}
	// The same corrections in another file are duplicates; a lower one follows, an earlier higher one does not.
	again := in.take(court, table([]values{rows[0], rows[2], correction(0, "correct", "amended", "amount", "3000.00"), correction(0, "correct", "amended", "amount", "4000.00")}, ";", allColumns...))
	if got := in.codesOf(again); got != "2:duplicate: 3:duplicate: 5:correction_raises:amount" {
		t.Error(got)
	}
	if got := in.stateOf(0); got != "opened 300000" {
		t.Error(got)
	}
	if n := in.cases(); n != 21 {
		t.Errorf("%d cases", n)
	}
}

// A file may mix what it asks, and names one writ several times: its rows act in their order, however they fall into chunks.
func TestCorrections_mixedFile(t *testing.T) {
	t.Parallel()
	rows := []values{
		goodRow(0),
		correction(0, "correct", "amended", "amount", "4000.00"),
		goodRow(1),
		correction(2, "cancel", "amnesty"), // before its writ has come
		goodRow(2),
		correction(1, "cancel", "amnesty"),
		correction(1, "correct", "amended", "amount", "1000.00"), // after its end
		correction(0, "correct", "amended", "amount", "3000.00"),
		correction(0, "withdraw", "sent_by_mistake"),
		correction(0, "withdraw", "sent_by_mistake"),
		goodRow(0), // never a second case
	}
	want := "5:writ_unknown:document_number 8:case_ended:action 11:duplicate: 12:duplicate:"
	for _, size := range []int{1, 2, 3, 100} {
		im, pool := newImporter(t)
		rep := mustImport(t, im, table(rows, ",", allColumns...), Options{ChunkSize: size})
		var got []string
		for _, e := range rep.Errors {
			got = append(got, fmt.Sprintf("%d:%s:%s", e.Row, e.Code, e.Field))
		}
		if d := cmp.Diff(want, strings.Join(got, " ")); d != "" {
			t.Errorf("chunks of %d: %s", size, d)
		}
		states := one[string](t, pool, `SELECT string_agg(c.state || ' ' || c.outstanding, ', ' ORDER BY w.document_number) FROM cases c JOIN writs w ON w.case_id = c.id`)
		if states != "cancelled 0, cancelled 0, opened 432702" {
			t.Errorf("chunks of %d: %s", size, states)
		}
		noViolations(t, pool)
	}
}

// A row that gives an IIN to somebody else corrects nothing.
func TestCorrections_ofASuspect(t *testing.T) {
	t.Parallel()
	in := newInbox(t, nil)
	in.take(court, table(goodRows(12), ","))
	rows := []values{
		correction(0, "correct", "amended", "amount", "4000.00"),
		goodRow(40).with("debtor_iin", goodRow(0)["debtor_iin"], "debtor_name", "Цой Виктор"),
	}
	b := in.take(court, table(rows, ",", allColumns...))
	if got := in.codesOf(b); got != "2:"+rules.CodeIdentityConflict+":debtor_iin 3:"+rules.CodeIdentityConflict+":debtor_name" {
		t.Error(got)
	}
}
