package main

import (
	"strings"
	"testing"

	"robotbailiff/engine/audit"
	"robotbailiff/internal/caseno"
)

func TestEvidence_provesWithoutGivingTheLinkAway(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	ids := s.cases(1)
	s.live(ids)
	number := caseno.Format(ids[0])
	var v evidenceView
	s.want(exitDone, &v, "evidence", number)
	if v.Case != number || v.NotifiedOn.IsZero() || len(v.Notices) < 2 || len(v.Chain) < 4 || len(v.Head) != 64 || v.Chain[len(v.Chain)-1].Hash != v.Head {
		t.Fatalf("%+v", v)
	}
	for _, n := range v.Notices {
		if len(n.SHA256) != 64 || n.Bytes < 40 || n.Ref == "" || n.WantedAt.IsZero() || !n.ExpiresAt.After(n.NotBefore) {
			t.Errorf("%+v", n)
		}
		if n.Kind == "opening" && !strings.Contains(n.Text, "/p/…") {
			t.Errorf("the link is not masked: %s", n.Text)
		}
	}
	if v.OpenedOn.IsZero() || v.TermEndsOn.IsZero() || v.VoluntaryEndsOn.IsZero() || v.ChainCheck.Result != audit.Intact || v.ChainCheck.FirstBad != nil {
		t.Errorf("%+v", v)
	}
	status, out, _ := s.run("evidence", number)
	if status != exitDone || !strings.Contains(out, v.Head) || !strings.Contains(out, v.Notices[0].SHA256) || strings.Contains(out, "Ахметов") {
		t.Errorf("%d %s", status, out)
	}
	for args, says := range map[string]string{"": "one case number", "26-0000001-1": "check digit", caseno.Format(260000999): "there is no case"} {
		if status, _, stderr := s.run(append([]string{"evidence"}, strings.Fields(args)...)...); status == exitDone || !strings.Contains(stderr, says) {
			t.Errorf("%q: %d %s", args, status, stderr)
		}
	}
}
