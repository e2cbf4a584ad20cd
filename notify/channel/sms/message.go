package sms

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"

	"robotbailiff/notify"
	"robotbailiff/notify/text"
)

var (
	errNumber  = errors.New("number_invalid")
	errTooLong = errors.New("text_too_long")
	errSource  = errors.New("source_invalid")
)

// maxParts is the most that one byte of the header can count; budgets of texts are far below.
const maxParts = 255

// part is one submission.
type part struct {
	source, to pdu.Address
	text       []byte
	encoding   data.Encoding
	header     pdu.UDH // of a part of a longer message
	validity   string
}

// submissions makes the parts of a message.
func (g *Gateway) submissions(m notify.Message, now time.Time) ([]*part, error) {
	to, err := destination(m.To)
	if err != nil {
		return nil, err
	}
	source, err := g.source()
	if err != nil {
		return nil, err
	}
	encoding := data.UCS2
	if _, gsm := text.Length(m.Text); gsm {
		encoding = data.GSM7BIT
	}
	pieces := text.Split(m.Text)
	if len(pieces) == 0 || len(pieces) > maxParts {
		return nil, errTooLong
	}
	number := byte(g.serial.Add(1))
	parts := make([]*part, len(pieces))
	for i, piece := range pieces {
		p := &part{source: source, to: to, encoding: encoding, validity: validity(now, m.ExpiresAt)}
		if p.text, err = encoding.Encode(piece); err != nil {
			return nil, errTooLong
		}
		if len(pieces) > 1 {
			p.header = pdu.UDH{pdu.NewIEConcatMessage(byte(len(pieces)), byte(i+1), number)}
		}
		parts[i] = p
	}
	return parts, nil
}

// pdu makes the unit anew for every attempt.
func (p *part) pdu() pdu.PDU {
	s, ok := pdu.NewSubmitSM().(*pdu.SubmitSM)
	if !ok {
		panic("sms: gosmpp makes another unit than it says")
	}
	s.SourceAddr, s.DestAddr, s.ValidityPeriod = p.source, p.to, p.validity
	s.RegisteredDelivery = data.SM_SMSC_RECEIPT_REQUESTED
	_ = s.Message.SetMessageDataWithEncoding(p.text, p.encoding) // 160 bytes at most
	if p.header != nil {
		s.EsmClass |= data.SM_UDH_GSM
		s.Message.SetUDH(p.header)
	}
	return s
}

// destination reads a number in the international form, with or without its plus (E.164).
func destination(number string) (pdu.Address, error) {
	digits := strings.TrimPrefix(number, "+")
	if len(digits) < 8 || len(digits) > 15 || strings.Trim(digits, "0123456789") != "" {
		return pdu.Address{}, errNumber
	}
	return address(data.GSM_TON_INTERNATIONAL, data.GSM_NPI_ISDN, digits)
}

// source is who a message comes from: a short number, a long one, or letters.
func (g *Gateway) source() (pdu.Address, error) {
	s := g.cfg.Source
	_, err := strconv.ParseUint(strings.TrimPrefix(s, "+"), 10, 64)
	switch {
	case err == nil && len(s) <= 6:
		return address(data.GSM_TON_NETWORK, data.GSM_NPI_UNKNOWN, s)
	case err == nil && len(s) <= 16:
		return address(data.GSM_TON_INTERNATIONAL, data.GSM_NPI_ISDN, strings.TrimPrefix(s, "+"))
	}
	if _, gsm := text.Length(s); s == "" || len(s) > 11 || !gsm {
		return pdu.Address{}, errSource
	}
	return address(data.GSM_TON_ALPHANUMERIC, data.GSM_NPI_UNKNOWN, s)
}

func address(ton, npi byte, number string) (pdu.Address, error) {
	a, err := pdu.NewAddressWithTonNpiAddr(ton, npi, number)
	if err != nil {
		return a, errNumber
	}
	return a, nil
}
