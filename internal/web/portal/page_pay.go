package portal

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"

	app "robotbailiff/internal/app/portal"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/paper"
	"robotbailiff/internal/qr"
	"robotbailiff/internal/web/ui"
	"robotbailiff/payments"
)

type payPage struct {
	ui.Page
	View  app.PayView
	Sum   string // as it stands in the field
	Wrong *i18n.Text
	Field bool // the sum is what is wrong
}

type paymentPage struct {
	ui.Page
	Payment *app.Payment
	View    app.View
	Stage   string // begun, waiting, paid, failed, expired or left
	Slow    bool
	Lifting bool // the money is there and a bank has still to lift its arrest
	Next    int  // the next look's number
	QR      square
	Reason  i18n.Text
	End     i18n.Text // of the case; empty while it goes on
	Facts   []i18n.Text
}

// square is a QR code on a page.
type square struct {
	Path string
	Size int
}

func (h *handler) waysToPay(w http.ResponseWriter, r *http.Request) error {
	return h.showWays(w, r, http.StatusOK, payPage{})
}

func (h *handler) showWays(w http.ResponseWriter, r *http.Request, status int, p payPage) error {
	v, err := h.app.Ways(r.Context(), h.session(r))
	if errors.Is(err, app.ErrNotPossible) && status == http.StatusOK {
		return ui.Redirect(w, "/p/case") // paid meanwhile
	}
	if err != nil {
		return err
	}
	p.View, p.Page = v, h.page(w, r, i18n.Say("pay.title"))
	p.Fills = v.UnderWay == nil && len(v.Tills) > 0
	if p.Sum == "" {
		p.Sum = app.FieldSum(v.Outstanding, p.Lang)
	}
	return h.Render.Render(w, r, status, "pay", p.Lang, p)
}

func (h *handler) payAgain(w http.ResponseWriter, r *http.Request) error {
	return h.showWays(w, r, http.StatusOK, payPage{Sum: r.PostFormValue("sum")})
}

// pay begins a payment. What goes wrong is said on the page that was sent, with the answer in its place and the other ways below.
func (h *handler) pay(w http.ResponseWriter, r *http.Request) error {
	typed := r.PostFormValue("sum")
	id, err := h.app.Pay(r.Context(), h.session(r), typed, r.PostFormValue("till"), h.Lang(r))
	sum := (*app.SumError)(nil)
	switch {
	case errors.As(err, &sum):
		p := payPage{Sum: typed, Wrong: text("pay.wrong." + sum.Code), Field: true}
		return h.showWays(w, r, http.StatusUnprocessableEntity, p)
	case errors.Is(err, app.ErrChoice):
		return h.showWays(w, r, http.StatusUnprocessableEntity, payPage{Sum: typed, Wrong: text("pay.choose")})
	case errors.Is(err, app.ErrNoCheckout):
		h.Fault(r, err)
		return h.showWays(w, r, http.StatusBadGateway, payPage{Sum: typed, Wrong: text("pay.down")})
	case err != nil:
		return err
	}
	return ui.Redirect(w, "/p/case/payment/"+id.String()+"?new=1")
}

// returned takes a browser that a gateway sends back. Nothing in the address is read, and nothing is changed: what became of the payment,
// the gateway says to us and not to the browser.
func (h *handler) returned(w http.ResponseWriter, r *http.Request) error {
	id, err := h.app.LastPayment(r.Context(), h.session(r))
	switch {
	case errors.Is(err, app.ErrNoSession):
		return h.entry("returned")(w, r)
	case err != nil:
		return err
	case id == uuid.Nil:
		return ui.Redirect(w, "/p/case")
	}
	return ui.Redirect(w, "/p/case/payment/"+id.String()+"?look=1")
}

func (h *handler) leavePayment(w http.ResponseWriter, r *http.Request) error {
	if err := h.app.LeavePayment(r.Context(), h.session(r), r.PathValue("id")); err != nil {
		return err
	}
	return ui.Redirect(w, "/p/case/pay")
}

// A page that is asked to look again answers as soon as something has changed, and after patience at the latest; slowLooks later it says
// that it does not know. It is never loaded again by itself: that takes the page from under whoever reads it slowly or hears it (WCAG
// 2.2.1, F41).
const (
	patience  = 10 * time.Second
	lookEvery = time.Second
	slowLooks = 4
	maxLooks  = 99
	// waiting bounds how many requests may be kept waiting at once; others are answered at once.
	waiting = 512
)

func (h *handler) payment(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	looks, err := strconv.Atoi(q.Get("look"))
	if err != nil || looks < 0 || looks > maxLooks {
		looks = 0
	}
	o, v, err := h.settled(r, looks > 0)
	if err != nil {
		return err
	}
	p := paymentPage{Payment: o, View: v, Stage: stageOf(o, q.Get("new") != ""), Slow: looks >= slowLooks, Next: min(looks+1, maxLooks)}
	p.Lifting = lifting(o, v)
	if p.Stage == "paid" && !v.End.At.IsZero() {
		p.End, _, p.Facts = ending(v)
	}
	if p.Stage == "failed" {
		p.Reason = i18n.Say("payment.reason." + reasonOf(o.Reason))
	}
	if o.QR != "" && (p.Stage == "begun" || p.Stage == "waiting") {
		if p.QR, err = squareOf(o.QR); err != nil {
			return err
		}
	}
	p.Page = h.page(w, r, i18n.Say("payment.title."+p.Stage))
	return h.Render.Render(w, r, http.StatusOK, "payment", p.Lang, p)
}

// settled reads a payment, and if asked to, waits a little until there is news of it.
func (h *handler) settled(r *http.Request, wait bool) (*app.Payment, app.View, error) {
	o, v, err := h.app.Payment(r.Context(), h.session(r), r.PathValue("id"), h.Lang(r))
	if err != nil || !wait || !awaits(o, v) {
		return o, v, err
	}
	select {
	case h.waiting <- struct{}{}:
		defer func() { <-h.waiting }()
	default:
		return o, v, nil
	}
	ctx, cancel := context.WithTimeout(r.Context(), h.patience)
	defer cancel()
	look := time.NewTicker(min(lookEvery, h.patience))
	defer look.Stop()
	for was := stageOf(o, false); awaits(o, v) && stageOf(o, false) == was; {
		select {
		case <-ctx.Done():
			return o, v, nil
		case <-look.C:
		}
		if o, v, err = h.app.Payment(r.Context(), h.session(r), r.PathValue("id"), h.Lang(r)); err != nil {
			return nil, v, err
		}
	}
	return o, v, nil
}

// awaits says whether there may be news within seconds: of the money, or of an arrest that ends with it.
func awaits(o *app.Payment, v app.View) bool { return stageOf(o, false) == "waiting" || lifting(o, v) }

func lifting(o *app.Payment, v app.View) bool {
	return stageOf(o, false) == "paid" && v.End.ArrestWas && v.End.LiftedAt.IsZero()
}

// stageOf says what the page is about. Only straight after the button is the link to the gateway the main thing on it.
func stageOf(o *app.Payment, fresh bool) string {
	switch {
	case o.State == payments.WasPaid:
		return "paid"
	case o.State == payments.Failed:
		return "failed"
	case o.State == payments.Expired:
		return "expired"
	case o.Left:
		return "left"
	case fresh && o.Page != "":
		return "begun"
	}
	return "waiting"
}

// reasons are why payments fail, as the contract of the gateways names them; whatever else one says is no reason that we have words for.
var reasons = map[string]string{
	"declined": "declined", "insufficient_funds": "no_funds", "over_limit": "over_limit", "cancelled": "cancelled", "not_confirmed": "not_confirmed",
}

func reasonOf(code string) string {
	if known := reasons[code]; known != "" {
		return known
	}
	return "unsaid"
}

func squareOf(what string) (square, error) {
	c, err := qr.Make(what)
	if err != nil {
		return square{}, err
	}
	return square{Path: c.Path(), Size: c.Size()}, nil
}

func (h *handler) receipt(w http.ResponseWriter, r *http.Request) error {
	d, err := h.app.Receipt(r.Context(), h.session(r), r.PathValue("payment"), h.Lang(r))
	if err != nil {
		return err
	}
	pdf, err := paper.Receipt(d)
	if err != nil {
		return err
	}
	head := w.Header()
	head.Set("Content-Type", "application/pdf")
	head.Set("Content-Disposition", `inline; filename="receipt-`+d.Case+`.pdf"`)
	head.Set("Content-Length", strconv.Itoa(len(pdf)))
	_, _ = w.Write(pdf) // the reader has gone: nobody is left to be told
	return nil
}
