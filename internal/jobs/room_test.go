package jobs_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"robotbailiff/internal/jobs"
	"robotbailiff/internal/queue"
)

const plantSQL = `INSERT INTO river_job (kind, queue, state, args, attempt, max_attempts, errors, finalized_at, scheduled_at)
SELECT k, q, s::river_job_state, a::jsonb, 5, 5, ARRAY[e::jsonb], CASE WHEN s IN ('discarded', 'cancelled', 'completed') THEN now() END, now() + interval '1 hour'
  FROM (VALUES ($1, $2, $3, $4, $5)) v (k, q, s, a, e)`

func (b *bundle) plant(kind, name, state, args, errorText string) {
	b.t.Helper()
	b.exec(plantSQL, kind, name, state, args, fmt.Sprintf(`{"at": "2026-09-01T05:00:00Z", "attempt": 5, "error": %q, "trace": ""}`, errorText))
}

// quiet is a robot whose workers do not run, with the queues that workers once had.
func quiet(t *testing.T) *bundle {
	t.Helper()
	b := setup(t, 1)
	for _, name := range []string{"lift", "money", "tills", "orders", "notify", "handover", "intake", "feed", "compare", "codes"} {
		b.exec(`INSERT INTO river_queue (name, created_at, updated_at) VALUES ($1, now(), now())`, name)
	}
	return b
}

// Jobs are found by kind, queue, state and by what they are about; what is retried stands apart from what is dead; errors come without
// personal data.
func TestRoom_findsJobs(t *testing.T) {
	t.Parallel()
	b := quiet(t)
	b.plant("orders.send", "orders", "retryable", `{"chunk": 900001}`, "IIN 850101300075: bank away\nsecond line")
	b.plant("orders.lift", "lift", "discarded", `{"chunk": 900002}`, "x")
	b.plant("intake.batch", "intake", "completed", `{"batch": 900001}`, "x")
	b.exec(`INSERT INTO chunks (id, kind, case_ids, not_before) OVERRIDING SYSTEM VALUE VALUES (900002, 'lift', $1, now())`, b.ids)
	of := func(f queue.Filter) string {
		f.Limit = 10
		list, err := b.robot.JobList(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		var kinds []string
		for _, j := range list {
			if strings.Contains(j.Args, "90000") {
				kinds = append(kinds, j.Kind)
			}
		}
		return strings.Join(kinds, " ")
	}
	about, err := b.robot.ArgsOf(t.Context(), b.ids[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		f    queue.Filter
		want string
	}{
		{queue.Filter{}, "intake.batch orders.lift orders.send"},
		{queue.Filter{State: queue.Retryable}, "orders.send"},
		{queue.Filter{State: queue.Discarded}, "orders.lift"},
		{queue.Filter{Queue: "lift"}, "orders.lift"},
		{queue.Filter{Kind: "intake.batch"}, "intake.batch"},
		{queue.Filter{Args: []string{`{"chunk":900001}`, `{"batch":900001}`}}, "intake.batch orders.send"},
		{queue.Filter{Args: about}, "orders.lift"},
		{queue.Filter{Args: []string{`{"chunk":1234567}`}}, ""},
		{queue.Filter{Kind: "orders.send", State: queue.Discarded}, ""},
	} {
		if got := of(c.f); got != c.want {
			t.Errorf("%+v: %q, want %q", c.f, got, c.want)
		}
	}
	list, err := b.robot.JobList(t.Context(), queue.Filter{Kind: "orders.send", State: queue.Retryable, Limit: 5})
	if err != nil || len(list) != 1 || len(list[0].Errors) != 1 {
		t.Fatalf("%+v, %v", list, err)
	}
	if text := list[0].Errors[0].Text; strings.Contains(text, "850101300075") || strings.Contains(text, "second line") || !strings.Contains(text, "bank away") {
		t.Errorf("the error says %q", text)
	}
	first, err := b.robot.JobList(t.Context(), queue.Filter{Limit: 1})
	if err != nil || of(queue.Filter{Before: first[0].ID, Queue: "intake"}) != "" {
		t.Errorf("the next page begins with the last of the one before: %v", err)
	}
}

// A job is tried again or ended with a reason, which is kept with who did it; nothing is done without one.
func TestRoom_retriesAndCancels(t *testing.T) {
	t.Parallel()
	b := quiet(t)
	b.plant("orders.lift", "lift", "discarded", `{"chunk": 900002}`, "x")
	b.plant("orders.send", "orders", "retryable", `{"chunk": 900001}`, "x")
	id := func(kind string) int64 {
		list, err := b.robot.JobList(t.Context(), queue.Filter{Kind: kind, Args: []string{`{"chunk":900001}`, `{"chunk":900002}`}, Limit: 1})
		if err != nil || len(list) != 1 {
			t.Fatalf("%v, %v", list, err)
		}
		return list[0].ID
	}
	state := func(kind string) (s string) {
		if err := b.pool.QueryRow(t.Context(), `SELECT state::text FROM river_job WHERE id = $1`, id(kind)).Scan(&s); err != nil {
			t.Fatal(err)
		}
		return s
	}
	lift, send := id("orders.lift"), id("orders.send")
	for _, c := range []struct {
		name string
		err  error
		want error
	}{
		{"no reason", b.robot.RetryJob(t.Context(), lift, "desk:a", " "), queue.ErrNoReason},
		{"no job", b.robot.RetryJob(t.Context(), 123456789, "desk:a", "x"), queue.ErrNoJob},
		{"a dead one is not ended", b.robot.CancelJob(t.Context(), lift, "desk:a", "x"), queue.ErrAlready},
		{"again", b.robot.RetryJob(t.Context(), lift, "desk:a", "bank is back"), nil},
		{"again and again", b.robot.RetryJob(t.Context(), lift, "desk:a", "x"), queue.ErrAlready},
		{"ended", b.robot.CancelJob(t.Context(), send, "desk:b", "wrong"), nil},
	} {
		if !errors.Is(c.err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, c.err, c.want)
		}
	}
	if state("orders.lift") != queue.Available || state("orders.send") != queue.Cancelled {
		t.Errorf("the jobs are %s and %s", state("orders.lift"), state("orders.send"))
	}
	acts, err := b.robot.QueueActs(t.Context(), 10)
	if err != nil || len(acts) != 2 || acts[0].Act != queue.ActCancel || acts[0].Actor != "desk:b" || acts[0].Reason != "wrong" || acts[1].Job != lift || acts[1].Kind != "orders.lift" {
		t.Errorf("acts %+v, %v", acts, err)
	}
}

// Lifts and payments are never paused, whoever asks and however: not by the robot, nor past it.
func TestRoom_neverPausesWhatGivesBack(t *testing.T) {
	t.Parallel()
	b := quiet(t)
	for _, name := range []string{"lift", "money", "tills"} {
		if err := b.robot.PauseQueue(t.Context(), name, "desk:a", "please"); !errors.Is(err, queue.ErrKept) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := b.pool.Exec(t.Context(), `INSERT INTO queue_acts (act, queue, actor, reason) VALUES ('pause', $1, 'a', 'b')`, name); err == nil {
			t.Errorf("the table keeps a pause of %s", name)
		}
	}
	for _, name := range []string{"*", "", "default", "LIFT"} {
		if err := b.robot.PauseQueue(t.Context(), name, "desk:a", "please"); !errors.Is(err, queue.ErrNoQueue) {
			t.Errorf("%q: %v", name, err)
		}
	}
	queues, err := b.robot.Queues(t.Context())
	if err != nil || len(queues) != 10 {
		t.Fatalf("%v, %v", queues, err)
	}
	for _, q := range queues {
		if !q.Paused.IsZero() || q.Kept != (q.Name == "lift" || q.Name == "money" || q.Name == "tills") {
			t.Errorf("%+v", q)
		}
	}
}

// A paused queue keeps its work and gets no more jobs for it by each pulse; it goes on where it stopped. Lifts go on all the while.
func TestRoom_aPausedQueueWaitsAndGoesOn(t *testing.T) {
	t.Parallel()
	b := setupConfig(t, 3, func(c *jobs.Config) { c.Lease = time.Millisecond })
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	b.run()
	b.until(`SELECT count(*) = 10 FROM river_queue`)
	must(b.robot.PauseQueue(ctx, "handover", "desk:a", "the list of bailiffs is wrong"))
	if err := b.robot.PauseQueue(ctx, "handover", "desk:a", "again"); !errors.Is(err, queue.ErrAlready) {
		t.Errorf("paused twice: %v", err)
	}
	b.exec(`INSERT INTO chunks (kind, case_ids, not_before, touched_at) VALUES ('handover', '{1}', '2020-01-01', '2020-01-01')`)
	for range 5 { // beside those that the workers make
		must(b.robot.Pulse(ctx))
	}
	var n int
	must(b.pool.QueryRow(ctx, `SELECT count(*) FROM river_job WHERE kind = 'handover.assign'`).Scan(&n))
	if n != 0 {
		t.Errorf("%d jobs were made for a paused queue", n)
	}
	must(b.robot.ResumeQueue(ctx, "handover", "desk:b", "corrected"))
	if err := b.robot.ResumeQueue(ctx, "handover", "desk:b", "again"); !errors.Is(err, queue.ErrAlready) {
		t.Errorf("resumed twice: %v", err)
	}
	b.until(`SELECT NOT EXISTS (SELECT 1 FROM chunks WHERE kind = 'handover' AND done_at IS NULL)`)
}
