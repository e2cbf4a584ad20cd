package desk_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"robotbailiff/engine"
	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/web/ui/uitest"
)

// next is what the page of a case says about what comes next.
func (s stage) next(t *testing.T, id int64, lang string) string {
	t.Helper()
	page := s.Get("/desk/cases/" + caseno.Format(id) + "?lang=" + lang)
	if page.Status != http.StatusOK {
		t.Fatalf("the case: %d", page.Status)
	}
	return page.Text(`section[aria-labelledby=next]`)
}

// The page of a case says of each step when it comes, or what keeps it, with the article, the value and the edition.
func TestCase_saysWhyNotYet(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	p := s.open(t, uitest.Writ{})
	s.signIn(t)
	s.wants(t, s.next(t, p.CaseID, "en"), "No delivery is proven yet.", "No arrest is possible yet. If delivery were proven today: on 11 March 2026 at the earliest.",
		"No delivery of a notice is proven. not met", "Law No. 261-IV, art. 27(4)-(5) · edition of 20 August 2024", "The time to pay voluntarily begins when delivery is proven. not reached yet",
		"On 2 April 2026, if the debt is not paid before.", "The term of the case still runs; its last day is 1 April. comes by itself", "30 calendar days")
	must(t, s.Notify(t.Context(), p.CaseID))
	s.wants(t, s.next(t, p.CaseID, "en"), "Proven on 2 March.", "On 11 March 2026 at the earliest, if the debt is not paid before.", "its last day is 10 March. comes by itself", "5 working days")
	must(t, s.World.Do(t.Context(), p.CaseID, engine.ActorRobot, engine.SetHold{Reason: engine.HoldWrongPerson}))
	s.wants(t, s.next(t, p.CaseID, "ru"), "Арестовать пока нельзя.", "Дело ждёт специалиста: владелец номера сообщил")
	must(t, s.World.Do(t.Context(), p.CaseID, "desk:demo", engine.Resume{Reason: "looked"}))
	must(t, s.Arrest(t.Context(), p.CaseID))
	s.wants(t, s.next(t, p.CaseID, "en"), "The arrest was ordered on 12 March. The bank holds 20,155.00 KZT.", "It may be collected from")
	must(t, s.Pay(t.Context(), p.CaseID, 20155))
	s.wants(t, s.next(t, p.CaseID, "kk"), "Тыйым алынуда", "Инкассалық өкім болмайды Өкім берілмейді: іс аяқталды.")
	if got := s.Get("/desk/cases/" + caseno.Format(p.CaseID) + "?lang=en"); !strings.Contains(got.Text("#looks ~ ul"), "desk:demo acted on the case: ") {
		t.Errorf("who acted: %s", got.Text("#looks ~ ul"))
	}
}

// What keeps a step leads to the room where one sees to it, if the visitor may open it.
func TestCase_leadsToWhatKeepsAStep(t *testing.T) {
	t.Parallel()
	s := setupFor(t, []app.Actor{{Name: "desk:finance", Roles: []app.Role{app.Finance}}, {Name: "desk:operator", Roles: []app.Role{app.Operator}}})
	p := s.open(t, uitest.Writ{})
	must(t, s.World.Do(t.Context(), p.CaseID, engine.ActorDebtor, engine.Object{Ground: engine.GroundPaid}))
	path := "/desk/cases/" + caseno.Format(p.CaseID)
	for who, want := range map[string]bool{"desk:finance": false, "desk:operator": true} {
		page := s.as(t, who).Get(path)
		s.wants(t, page.Text(".next"), "An objection stands")
		if got := page.Has(`.next a[href="/desk/objections"]`); got != want {
			t.Errorf("%s is led to the objections: %v", who, got)
		}
	}
}

// An arrest that was ordered and has no answer says where it waits.
func TestCase_saysWhereAnOrderWaits(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	p := s.open(t, uitest.Writ{})
	must(t, s.Notify(t.Context(), p.CaseID))
	s.Clock.Advance(10 * 24 * time.Hour)
	must(t, s.World.Do(t.Context(), p.CaseID, engine.ActorRobot, engine.Tick{}))
	s.signIn(t)
	s.wants(t, s.next(t, p.CaseID, "en"), "There is no answer yet.", "The order has not left for the bank", "If the bank confirmed the arrest today: on ")
	_, err := s.Pool.Exec(t.Context(), `INSERT INTO trial_arrests (case_id, ordinal, source, format, pack, picked_at) VALUES ($1, 1, 'court', 'csv', 'x', now())`, p.CaseID)
	must(t, err)
	s.wants(t, s.next(t, p.CaseID, "en"), "one of the first arrests of something new")
	_, err = s.Pool.Exec(t.Context(), `UPDATE trial_arrests SET verdict = 'confirmed', actor = 'desk:demo', reason = 'right', decided_at = now() WHERE case_id = $1`, p.CaseID)
	must(t, err)
	_, err = s.Pool.Exec(t.Context(), `UPDATE orders SET attempts = 1 WHERE case_id = $1`, p.CaseID)
	must(t, err)
	s.wants(t, s.next(t, p.CaseID, "en"), "It was given on 12 March, 09:00, and the bank has not answered yet.")
}

// Today and the deadlines say in words which cases are handed over tomorrow, and each of those leads to the answer.
func TestDeadlines_leadToTheAnswer(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	p := s.open(t, uitest.Writ{})
	s.open(t, uitest.Writ{Region: "71"})
	s.Clock.Advance(30 * 24 * time.Hour)
	s.signIn(t)
	const link = `a[href="/desk/deadlines?day=2026-04-02&kind=handover"]`
	if got := s.Get("/desk/?lang=en").Text("p " + link); got != "Which cases are handed over tomorrow: 2" {
		t.Errorf("today says %q", got)
	}
	if got := s.Get("/desk/deadlines?kind=voluntary&lang=en").Text("p " + link); got != "Which cases are handed over tomorrow" {
		t.Errorf("the deadlines say %q", got)
	}
	page := s.Get("/desk/deadlines?day=2026-04-02&kind=handover&lang=en")
	if got := page.Text("#list"); got != "2 April 2026, tomorrow: 2" {
		t.Errorf("the list is of %q", got)
	}
	if !page.Has(`a[href="/desk/cases/` + caseno.Format(p.CaseID) + `#next"]`) {
		t.Error("a case of the list does not lead to what comes next")
	}
	s.wants(t, s.next(t, p.CaseID, "en"), "On 2 April 2026, if the debt is not paid before.")
}
