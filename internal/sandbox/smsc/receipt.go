package smsc

import (
	"encoding/binary"
	"fmt"
	"time"
)

// receipt is a report on its way to its client.
type receipt struct {
	id       string // as receipts have it
	answerID string // as the answer had it
	from, to Address
	report   Report
	taken    time.Time
	done     time.Time
	text     string

	tries int
	sent  time.Time // the last time
}

const (
	esmReceipt      byte = 0x04
	esmIntermediate byte = 0x20
	quoted               = 20 // letters of the message that a receipt has
)

// words is the text of a receipt (appendix B).
func (r *receipt) words() string {
	delivered, code, text := "000", r.report.Error, r.report.Text
	if r.report.State == Delivered {
		delivered = "001"
	}
	if code == "" {
		code = "000"
	}
	if text == "" {
		text = r.text
	}
	const minute = "0601021504"
	return fmt.Sprintf("id:%s sub:001 dlvrd:%s submit date:%s done date:%s stat:%s err:%s text:%s",
		r.id, delivered, r.taken.In(zone).Format(minute), r.done.In(zone).Format(minute), r.report.State, code, text)
}

// body is the deliver_sm that brings the receipt: from the phone, to whom the message came from.
func (r *receipt) body(b []byte, parameters bool) []byte {
	b = append(b, 0) // service_type
	b = appendString(append(b, r.to.TON, r.to.NPI), r.to.Number)
	b = appendString(append(b, r.from.TON, r.from.NPI), r.from.Number)
	class := esmReceipt
	if r.report.State.intermediate() {
		class = esmIntermediate
	}
	b = append(b, class, 0, 0, 0, 0, 0, 0, codingDefault, 0) // up to sm_default_msg_id
	words := encodeGSM(nil, r.words())
	words = words[:min(len(words), 254)]
	b = append(append(b, byte(len(words))), words...)
	if !parameters {
		return b
	}
	b = appendParameter(b, tagReceiptedID, append([]byte(r.answerID), 0)...)
	b = appendParameter(b, tagState, byte(r.report.State))
	const networkGSM = 3
	return appendParameter(b, tagNetworkError, binary.BigEndian.AppendUint16([]byte{networkGSM}, number(r.report.Error))...)
}

// number reads a network's error, which is mostly one.
func number(code string) (n uint16) {
	for _, c := range []byte(code) {
		if c < '0' || c > '9' {
			return 0
		}
		n = n*10 + uint16(c-'0')
	}
	return n
}

// begin gives how a text begins.
func begin(s string) string {
	n := 0
	for i := range s {
		if n == quoted {
			return s[:i]
		}
		n++
	}
	return s
}
