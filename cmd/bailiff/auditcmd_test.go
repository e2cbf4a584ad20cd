package main

import (
	"strings"
	"testing"

	"robotbailiff/internal/caseno"
)

func TestAudit_namesTheFirstBadCaseAndEvent(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, sql string
		bad       int // index of the case
		seq       int
	}{
		{"edit", `UPDATE events SET data = (data::jsonb || '{"reason":"x"}')::json WHERE case_id = $1 AND seq = 2`, 1, 2},
		{"actor", `UPDATE events SET actor = 'desk:nobody' WHERE case_id = $1 AND seq = 3`, 1, 3},
		{"delete in the middle", `DELETE FROM events WHERE case_id = $1 AND seq = 2`, 1, 2},
		{"cut tail", `DELETE FROM events WHERE case_id = $1 AND seq = (SELECT max(seq) FROM events WHERE case_id = $1)`, 1, 4},
		{"all gone", `DELETE FROM events WHERE case_id = $1`, 1, 1},
		{"swap", `UPDATE events e SET kind = o.kind, at = o.at, actor = o.actor, data = o.data, hash = o.hash FROM events o
			WHERE e.case_id = $1 AND o.case_id = $1 AND (e.seq, o.seq) IN ((2, 3), (3, 2))`, 1, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newShell(t)
			ids := s.cases(3)
			s.live(ids)
			var r auditReport
			s.want(exitDone, &r, "audit", "verify")
			if r.Result != "intact" || r.FirstBad != nil || r.Cases != 3 || r.Events < 12 {
				t.Fatalf("untouched: %+v", r)
			}
			s.exec(c.sql, ids[c.bad])
			r = auditReport{}
			s.want(exitFailed, &r, "audit", "verify")
			if b := r.FirstBad; r.Result != "tampered" || b == nil || b.Case != caseno.Format(ids[c.bad]) || b.Seq != c.seq {
				t.Errorf("%+v %+v, want case %s, event %d", r, r.FirstBad, caseno.Format(ids[c.bad]), c.seq)
			}
			status, out, _ := s.run("audit", "verify")
			if status != exitFailed || !strings.Contains(out, "TAMPERED: case "+caseno.Format(ids[c.bad])) {
				t.Errorf("%d %s", status, out)
			}
		})
	}
}

func TestAudit_cannotTellAboutCheckpoints(t *testing.T) {
	t.Parallel()
	status, out, errs := bailiff("audit", "verify", "--checkpoint", "x", "--json")
	if status != exitUsage || !strings.Contains(out, `"result":"unknown"`) || !strings.Contains(errs, "not built in yet") {
		t.Errorf("%d %s %s", status, out, errs)
	}
}
