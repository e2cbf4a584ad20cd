package desk

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"robotbailiff/engine/breaker"
	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/queue"
	"robotbailiff/internal/web/ui"
)

// robotRoutes are the robot's room: how it works inside, and what may be done to its queues.
func (h *handler) robotRoutes(route func(pattern string, f ui.HandlerFunc)) {
	route("GET /desk/robot", h.inside(h.robot))
	route("GET /desk/banks", h.inside(h.banks))
	route("POST /desk/robot/jobs/{id}/retry", h.inside(h.actOnJob(h.app.RetryJob)))
	route("POST /desk/robot/jobs/{id}/cancel", h.inside(h.actOnJob(h.app.CancelJob)))
	route("GET /desk/robot/jobs/{id}/{was}", h.inside(h.backToRobot)) // the language row after a post
	route("POST /desk/robot/queues/{name}/pause", h.inside(h.actOnQueue(h.app.PauseQueue)))
	route("POST /desk/robot/queues/{name}/resume", h.inside(h.actOnQueue(h.app.ResumeQueue)))
	route("GET /desk/robot/queues/{name}/{was}", h.inside(h.backToRobot))
}

type robotPage struct {
	ui.Page
	View     app.RobotRoom
	Query    app.JobQuery
	States   []string
	Counted  []string // states that the table of queues counts
	Breakers []breakerRow
	Why      string
	Next     string
	Problem  string // of the act that was just tried
	At       string // what it was about: a number of a job, or a name of a queue
	Typed    string // its reason
	May      bool   // the visitor may act
}

// countedStates are the columns of the table of queues. What is completed is not counted.
var countedStates = []string{queue.Running, queue.Available, queue.Scheduled, queue.Retryable, queue.Discarded}

func (h *handler) robot(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	return h.showRobot(w, r, actor, http.StatusOK, robotPage{})
}

func (h *handler) backToRobot(w http.ResponseWriter, _ *http.Request, _ app.Actor) error {
	return ui.Redirect(w, "/desk/robot")
}

func (h *handler) showRobot(w http.ResponseWriter, r *http.Request, actor app.Actor, status int, p robotPage) error {
	get := r.URL.Query().Get
	q := app.JobQuery{Kind: get("kind"), Queue: get("queue"), State: get("state"), About: get("about")}
	if !slices.Contains(queue.States, q.State) {
		q.State = ""
	}
	q.Before, _ = strconv.ParseInt(get("before"), 10, 64) // what is no number is the first page
	v, err := h.app.RobotRoom(r.Context(), actor, q)
	if err != nil {
		return err
	}
	p.Page, p.View, p.Query = h.page(w, r, i18n.Say("robot.title")), v, q
	p.States, p.Counted, p.May = queue.States, countedStates, May(actor, HandleJobs) && actor.Whole()
	p.Why = whyStopped(v.Robot, p.Lang)
	for _, b := range v.Breakers {
		p.Breakers = append(p.Breakers, breakerRow{b, breaker.Why(b.Name, b.Figures, string(p.Lang))})
	}
	if v.Next != 0 {
		p.Next = "/desk/robot?" + url.Values{"kind": {q.Kind}, "queue": {q.Queue}, "state": {q.State}, "about": {q.About}, "before": {strconv.FormatInt(v.Next, 10)}}.Encode()
	}
	return h.Render.Render(w, r, status, "robot", p.Lang, p)
}

// robotProblems are the words for what was not done.
var robotProblems = []struct {
	err    error
	name   string
	status int
}{
	{app.ErrNoReason, "reason", http.StatusUnprocessableEntity},
	{queue.ErrNoReason, "reason", http.StatusUnprocessableEntity},
	{queue.ErrNoJob, "no_job", http.StatusNotFound},
	{queue.ErrNoQueue, "no_queue", http.StatusNotFound},
	{queue.ErrKept, "kept", http.StatusConflict},
	{queue.ErrAlready, "already", http.StatusConflict},
}

// afterAct leads back to the room, or shows there what is wrong.
func (h *handler) afterAct(w http.ResponseWriter, r *http.Request, actor app.Actor, err error, at string) error {
	if err == nil {
		return h.backToRobot(w, r, actor)
	}
	for _, p := range robotProblems {
		if errors.Is(err, p.err) {
			return h.showRobot(w, r, actor, p.status, robotPage{Problem: p.name, At: at, Typed: r.PostFormValue("reason")})
		}
	}
	return err
}

func (h *handler) actOnJob(do func(ctx context.Context, actor app.Actor, id int64, reason string) error) guarded {
	return func(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
		id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
		if err != nil {
			return h.afterAct(w, r, actor, queue.ErrNoJob, "")
		}
		return h.afterAct(w, r, actor, do(r.Context(), actor, id, r.PostFormValue("reason")), r.PathValue("id"))
	}
}

func (h *handler) actOnQueue(do func(ctx context.Context, actor app.Actor, name, reason string) error) guarded {
	return func(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
		name := r.PathValue("name")
		return h.afterAct(w, r, actor, do(r.Context(), actor, name, r.PostFormValue("reason")), name)
	}
}
