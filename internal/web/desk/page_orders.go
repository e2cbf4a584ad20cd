package desk

import (
	"errors"
	"net/http"
	"strconv"

	"robotbailiff/engine/orders"
	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/web/ui"
)

type ordersPage struct {
	ui.Page
	View app.OrdersView
	Age  i18n.Text // of the oldest lift
	Why  string    // everything is stopped

	Problem string // why nothing was done
	At      int64  // the finding it was about
}

func (h *handler) orders(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	return h.showOrders(w, r, actor, http.StatusOK, "", 0)
}

func (h *handler) showOrders(w http.ResponseWriter, r *http.Request, actor app.Actor, status int, problem string, at int64) error {
	v, err := h.app.Orders(r.Context(), actor, r.URL.Query().Get("bank"))
	if err != nil {
		return err
	}
	p := ordersPage{Page: h.page(w, r, i18n.Say("desk.orders.title")), View: v, Age: age(v.Minutes), Problem: problem, At: at}
	p.Why = whyStopped(v.Robot, p.Lang)
	return h.Render.Render(w, r, status, "orders", p.Lang, p)
}

// age says how long something waits: to the minute within two hours, then to the hour, after two days to the day.
func age(minutes int64) i18n.Text {
	switch n := int(minutes); {
	case n < 120:
		return i18n.Say("desk.orders.minutes", "n", n)
	case n < 48*60:
		return i18n.Say("desk.orders.hours", "n", n/60)
	default:
		return i18n.Say("desk.orders.days", "n", n/60/24)
	}
}

// liftFinding confirms that a bank shall lift what it holds without ground.
func (h *handler) liftFinding(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return h.showOrders(w, r, actor, http.StatusNotFound, "gone", 0)
	}
	err = h.app.LiftFinding(r.Context(), actor, id, r.PostFormValue("reason"))
	switch {
	case errors.Is(err, app.ErrNoReason), errors.Is(err, orders.ErrNoActor):
		return h.showOrders(w, r, actor, http.StatusUnprocessableEntity, "reason", id)
	case errors.Is(err, orders.ErrNoFinding):
		return h.showOrders(w, r, actor, http.StatusConflict, "gone", 0)
	case err != nil:
		return err
	}
	return h.backToOrders(w, r, actor)
}

func (h *handler) backToOrders(w http.ResponseWriter, _ *http.Request, _ app.Actor) error {
	return ui.Redirect(w, "/desk/orders")
}
