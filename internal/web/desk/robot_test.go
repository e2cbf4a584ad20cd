package desk_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/queue"
	"robotbailiff/internal/testkit"
	"robotbailiff/internal/web/ui/uitest"
)

// machine is a queue of jobs that remembers what was asked of it.
type machine struct {
	filters []queue.Filter
	acts    []string
	jobs    []queue.Job
}

var morning = uitest.Morning

func (*machine) Queues(context.Context) ([]queue.Queue, error) {
	return []queue.Queue{{Name: "lift", Kept: true, Seen: morning}, {Name: "orders", Seen: morning}, {Name: "notify", Paused: morning, Seen: morning}}, nil
}

func (*machine) JobCounts(context.Context) ([]queue.Count, error) {
	return []queue.Count{{Kind: "orders.send", Queue: "orders", State: queue.Retryable, N: 3, Oldest: morning}, {Kind: "orders.lift", Queue: "lift", State: queue.Discarded, N: 2, Oldest: morning}}, nil
}

func (m *machine) JobList(_ context.Context, f queue.Filter) ([]queue.Job, error) {
	m.filters = append(m.filters, f)
	return m.jobs[:min(f.Limit, len(m.jobs))], nil
}

func (*machine) QueueActs(context.Context, int) ([]queue.Act, error) {
	return []queue.Act{{Act: queue.ActPause, Queue: "notify", Actor: "desk:x", Reason: "texts are wrong", At: morning}}, nil
}

func (*machine) ArgsOf(_ context.Context, id int64) ([]string, error) {
	return []string{fmt.Sprintf(`{"case":%d}`, id)}, nil
}

func (m *machine) act(words ...any) error {
	m.acts = append(m.acts, strings.TrimSpace(fmt.Sprintln(words...)))
	return nil
}

func (m *machine) RetryJob(_ context.Context, id int64, actor, reason string) error {
	if id == 404 {
		return queue.ErrNoJob
	}
	return m.act("retry", id, actor, reason)
}

func (m *machine) CancelJob(_ context.Context, id int64, actor, reason string) error {
	return m.act("cancel", id, actor, reason)
}

func (m *machine) PauseQueue(_ context.Context, name, actor, reason string) error {
	if name == "lift" {
		return queue.ErrKept
	}
	return m.act("pause", name, actor, reason)
}

func (m *machine) ResumeQueue(_ context.Context, name, actor, reason string) error {
	return m.act("resume", name, actor, reason)
}

func job(id int64, state string) queue.Job {
	return queue.Job{
		ID: id, Kind: "orders.send", Queue: "orders", State: state, Args: fmt.Sprintf(`{"chunk": %d}`, id), Attempt: 2, MaxAttempts: 5, Created: morning, Scheduled: morning,
		Errors: []queue.Failure{{At: morning, Attempt: 2, Text: "bank away"}},
	}
}

// The room says how the robot works, and that lifts and payments are never paused; filters are in the address.
func TestRobotRoom_showsAndFilters(t *testing.T) {
	t.Parallel()
	m := &machine{}
	for i := range int64(60) {
		m.jobs = append(m.jobs, job(1000-i, []string{queue.Retryable, queue.Discarded, queue.Running, queue.Completed}[i%4]))
	}
	s := room(t, m, nil)
	_, err := s.Pool.Exec(t.Context(), `INSERT INTO chunks (kind, case_ids, not_before, error) VALUES ('orders', '{1,2}', '2026-03-01', 'cannot be worked'), ('orders', '{3}', '2026-04-01', '')`)
	must(t, err)
	b := s.signedIn(t, "desk:demo-administrator")
	page := b.Get("/desk/robot?lang=en")
	s.wants(t, page.Text("main"), "Lifts and payments are never paused", "never paused", "To be retried", "Dead", "bank away", "cannot be worked", "paused since", "texts are wrong", "no worker is running")
	if page.Has(`form[action="/desk/robot/queues/lift/pause"]`) || !page.Has(`form[action="/desk/robot/queues/orders/pause"]`) || !page.Has(`form[action="/desk/robot/queues/notify/resume"]`) {
		t.Error("the page offers to pause lifts, or not to pause another queue")
	}
	next := page.Attr(`a[href*="before="]`, "href")
	if next == "" || m.filters[0].Limit != 51 {
		t.Fatalf("no second page: %+v", m.filters)
	}
	number := caseno.Format(260000001)
	for _, path := range []string{next, "/desk/robot?state=discarded&queue=lift&kind=orders.lift", "/desk/robot?about=" + number, "/desk/robot?about=77", "/desk/robot?state=nonsense&before=x"} {
		if got := b.Get(path).Status; got != http.StatusOK {
			t.Errorf("%s: %d", path, got)
		}
	}
	last := m.filters[len(m.filters)-5:]
	if last[0].Before != 951 || last[1].State != queue.Discarded || last[1].Queue != "lift" || last[1].Kind != "orders.lift" || !slices.Equal(last[2].Args, []string{`{"case":260000001}`}) ||
		!slices.Equal(last[3].Args, []string{`{"chunk":77}`, `{"batch":77}`}) || last[4].State != "" || last[4].Before != 0 {
		t.Errorf("asked for %+v", last)
	}
	if got := b.Get("/desk/robot?about=Ахметов"); !got.Has(`[role="alert"]`) || !got.Has(`#about[aria-invalid]`) {
		t.Error("words that are no number are not refused")
	}
	for _, l := range []string{"kk", "ru", "en"} {
		m.jobs = []queue.Job{job(9, queue.Retryable)}
		testkit.Golden(t, "robot."+l+".txt", []byte(b.Get("/desk/robot?lang="+l).Outline("main")))
	}
}

// Acts need a reason and a right, are done by the person who is signed in, and what is refused says why.
func TestRobotRoom_acts(t *testing.T) {
	t.Parallel()
	m := &machine{jobs: []queue.Job{job(7, queue.Retryable), job(8, queue.Running)}}
	s := room(t, m, nil)
	b := s.signedIn(t, "desk:demo-administrator")
	page := b.Get("/desk/robot?lang=en")
	post := func(path, reason string) *uitest.Page {
		return b.Post(path, url.Values{"form_token": {page.Attr(`input[name="form_token"]`, "value")}, "lang": {"en"}, "reason": {reason}})
	}
	for _, path := range []string{"/desk/robot/jobs/7/retry", "/desk/robot/jobs/8/cancel", "/desk/robot/queues/orders/pause", "/desk/robot/queues/notify/resume"} {
		if got := post(path, " "); got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Text(`[role="alert"]`), "Say why") {
			t.Errorf("%s without a reason: %d", path, got.Status)
		}
		if got := post(path, " INC-7 "); got.Status != http.StatusSeeOther || got.Header.Get("Location") != "/desk/robot" {
			t.Errorf("%s: %d", path, got.Status)
		}
	}
	want := []string{"retry 7 desk:demo-administrator INC-7", "cancel 8 desk:demo-administrator INC-7", "pause orders desk:demo-administrator INC-7", "resume notify desk:demo-administrator INC-7"}
	if !slices.Equal(m.acts, want) {
		t.Errorf("done: %v", m.acts)
	}
	for path, says := range map[string]string{"/desk/robot/queues/lift/pause": "never paused", "/desk/robot/jobs/404/retry": "no such job", "/desk/robot/jobs/x/retry": "no such job"} {
		if got := post(path, "x"); got.Status < 400 || got.Status >= 500 || !strings.Contains(got.Text(`[role="alert"]`), says) {
			t.Errorf("%s: %d %s", path, got.Status, got.Text(`[role="alert"]`))
		}
	}
	viewer := s.signedIn(t, "desk:demo")
	look := viewer.Get("/desk/robot?lang=en")
	if look.Status != http.StatusOK || look.Has(`main form[method="post"]`) {
		t.Errorf("an operator: %d, with forms %v", look.Status, look.Has(`main form[method="post"]`))
	}
	form := url.Values{"form_token": {look.Attr(`input[name="form_token"]`, "value")}, "reason": {"x"}}
	if got := viewer.Post("/desk/robot/jobs/7/retry", form).Status; got != http.StatusForbidden {
		t.Errorf("an operator retries: %d", got)
	}
	some := app.Actor{Name: "desk:some", Roles: []app.Role{app.Administrator}, Regions: []string{"75"}}
	if err := s.service.PauseQueue(t.Context(), some, "orders", "x"); err == nil {
		t.Error("somebody with one region pauses a queue of all")
	}
	if len(m.acts) != 4 {
		t.Errorf("more was done: %v", m.acts)
	}
}

// A process without the queue says so.
func TestRobotRoom_isClosedWithoutAQueue(t *testing.T) {
	t.Parallel()
	s := room(t, nil, nil)
	if got := s.signedIn(t, "desk:demo").Get("/desk/robot").Status; got != http.StatusServiceUnavailable {
		t.Errorf("got %d", got)
	}
}
