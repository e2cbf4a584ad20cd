package sms

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"

	"robotbailiff/notify"
	"robotbailiff/rules/calendar"
)

// receiptBatch is how many receipts are handed on at once, at most; receiptGather is how long the first of them waits.
const (
	receiptBatch  = 500
	receiptGather = 20 * time.Millisecond
	receiptWithin = 30 * time.Second
)

// arrived is a receipt that the centre has not been thanked for.
type arrived struct {
	receipt
	reply func(ok bool)
}

// receipt is what the centre says of one part.
type receipt struct {
	id    string
	state messageState
	at    time.Time // zero: it does not say
	code  string    // of the network, as the centre writes it
}

// arrive takes what is delivered to us. What is no receipt, a debtor's answer by SMS, is acknowledged and counted: there is
// nobody to read it, and the link in the notice leads to somebody.
func (g *Gateway) arrive(ctx context.Context, b *bind, p *pdu.DeliverSM, reply func(ok bool)) error {
	r, ok := readReceipt(p, g.cfg.HexIDs)
	if !ok {
		g.cfg.Observe("sms_in", "not_a_receipt", 1)
		reply(true)
		return nil
	}
	r.id = b.name(r.id)
	select {
	case g.inbox <- arrived{receipt: r, reply: reply}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// readReceipt reads a delivery receipt: from its optional parameters, which are exact, and else from its text (appendix B). Where a
// centre counts in two ways, the parameter has the number as in its answer, and the text as we know it.
func readReceipt(p *pdu.DeliverSM, hex bool) (r receipt, ok bool) {
	if p.EsmClass&0x3C != data.SM_SMSC_DLV_RCPT_TYPE {
		return r, false
	}
	words, err := p.Message.GetMessage()
	if err == nil {
		r = parseReceipt(words)
	}
	if id, is := p.OptionalParameters[pdu.TagReceiptedMessageID]; is && !hex {
		r.id = id.String()
	} else if is && r.id == "" {
		r.id = decimal(id.String())
	}
	if state, is := p.OptionalParameters[pdu.TagMessageStateOption]; is && len(state.Data) == 1 {
		r.state = messageState(state.Data[0])
	}
	return r, r.id != "" && r.state != 0
}

// parseReceipt reads "id:… sub:… dlvrd:… submit date:… done date:… stat:… err:… text:…". Its fields come in any order and any
// case; the text, which may say anything, is not looked at.
func parseReceipt(words string) (r receipt) {
	fields := strings.Fields(words)
	for i, f := range fields {
		name, value, ok := strings.Cut(f, ":")
		if !ok {
			continue
		}
		switch strings.ToLower(name) {
		case "text":
			return r
		case "id":
			r.id = value
		case "stat":
			r.state = stateNames[strings.ToUpper(value)]
		case "err":
			r.code = value
		case "date": // "done date:", after "submit date:"
			if i > 0 && strings.EqualFold(fields[i-1], "done") {
				r.at = receiptTime(value)
			}
		}
	}
	return r
}

// receiptTime reads YYMMDDhhmm or YYMMDDhhmmss. Centres of the country live in its time.
func receiptTime(s string) time.Time {
	for _, layout := range []string{"060102150405", "0601021504"} {
		if t, err := time.ParseInLocation(layout, s, calendar.Almaty); err == nil {
			return t
		}
	}
	return time.Time{}
}

// word is what a receipt says of its part, for notify; a part that is on its way is nothing that we did not know.
func (r receipt) word() (notify.Receipt, bool) {
	out := notify.Receipt{ProviderRef: r.id, At: r.at, Detail: r.state.String()}
	if r.code != "" && r.code != "000" {
		out.Detail += " " + r.code
	}
	switch {
	case r.state.failed():
		out.Status = notify.StatusFailed
	case r.state == stateDelivered:
		out.Status = notify.StatusDelivered
	default:
		return out, false
	}
	return out, true
}

// idOf writes the number of an answer as receipts write it.
func (g *Gateway) idOf(id string) string {
	if !g.cfg.HexIDs {
		return id
	}
	return decimal(id)
}

// decimal writes a hexadecimal number as a decimal one; what is none stays as it is.
func decimal(id string) string {
	n, err := strconv.ParseUint(id, 16, 64)
	if err != nil {
		return id
	}
	return strconv.FormatUint(n, 10)
}

// hand gives receipts on in batches, and acknowledges them when they are kept.
func (g *Gateway) hand(ctx context.Context) {
	for {
		var batch []arrived
		select {
		case <-ctx.Done():
			return
		case first := <-g.inbox:
			batch = append(batch, first)
		}
		gather := time.NewTimer(receiptGather)
		for open := true; open && len(batch) < receiptBatch; {
			select {
			case next := <-g.inbox:
				batch = append(batch, next)
			case <-gather.C:
				open = false
			}
		}
		gather.Stop()
		g.keep(ctx, batch)
	}
}

func (g *Gateway) keep(ctx context.Context, batch []arrived) {
	words := make([]notify.Receipt, 0, len(batch))
	for _, a := range batch {
		if r, ok := a.word(); ok {
			words = append(words, r)
		}
	}
	var err error
	if len(words) > 0 {
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), receiptWithin)
		err = g.cfg.Receive(bounded, words)
		cancel()
	}
	outcome := "kept"
	if err != nil {
		outcome = "failed"
		g.cfg.Log.ErrorContext(ctx, "receipts of the SMS centre cannot be kept; it sends them again", "receipts", len(words), "error", err)
	}
	g.cfg.Observe("sms_receipt", outcome, len(batch))
	for _, a := range batch {
		a.reply(err == nil)
	}
}
