package pain

import (
	"bytes"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"robotbailiff/payments/source"
	"robotbailiff/rules/money"
)

// Write writes an order, or nothing and all that is wrong with it. The same order gives the same bytes for ever.
func Write(w io.Writer, order *Order) ([]*source.Fault, error) {
	o, faults := check(order)
	if len(faults) > 0 {
		return faults, nil
	}
	sum, _ := o.Sum() // it was checked
	x := &writer{v09: o.Version == V09}
	x.line(`<?xml version="1.0" encoding="UTF-8"?>`)
	x.line(`<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.`, string(o.Version), `">`)
	x.line(`<CstmrCdtTrfInitn>`)
	x.open("GrpHdr")
	x.tag("MsgId", o.ID)
	x.tag("CreDtTm", o.Created.UTC().Format("2006-01-02T15:04:05Z"))
	x.control(len(o.Transfers), sum)
	x.open("InitgPty")
	x.identity(o.From)
	x.shut("InitgPty")
	x.shut("GrpHdr")
	x.open("PmtInf")
	x.tag("PmtInfId", o.ID)
	x.tag("PmtMtd", "TRF")
	x.tag("BtchBookg", "false")
	x.control(len(o.Transfers), sum)
	if x.v09 {
		x.line("<ReqdExctnDt><Dt>", o.On.String(), "</Dt></ReqdExctnDt>")
	} else {
		x.tag("ReqdExctnDt", o.On.String())
	}
	x.open("Dbtr")
	x.identity(o.From)
	x.shut("Dbtr")
	x.account("DbtrAcct", o.From.IBAN)
	x.agent("DbtrAgt", o.From.BIC)
	x.tag("ChrgBr", "SLEV")
	for i := range o.Transfers {
		x.transfer(&o.Transfers[i])
	}
	x.shut("PmtInf")
	x.line(`</CstmrCdtTrfInitn>`)
	x.line(`</Document>`)
	_, err := w.Write(x.b.Bytes())
	return nil, err
}

type writer struct {
	b   bytes.Buffer
	v09 bool
}

var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&apos;")

func (x *writer) line(parts ...string) {
	for _, s := range parts {
		x.b.WriteString(s)
	}
	x.b.WriteByte('\n')
}

func (x *writer) open(name string) { x.line("<", name, ">") }

func (x *writer) shut(name string) { x.line("</", name, ">") }

func (x *writer) tag(name, value string) {
	x.line("<", name, ">", escape.Replace(value), "</", name, ">")
}

func (x *writer) control(count int, sum money.Amount) {
	x.tag("NbOfTxs", strconv.Itoa(count))
	x.tag("CtrlSum", sum.String())
}

// identity writes the name and the IIN or BIN.
func (x *writer) identity(p Party) {
	x.tag("Nm", p.Name)
	if p.ID == "" {
		return
	}
	kind, scheme := "PrvtId", "IIN"
	if p.Body {
		kind, scheme = "OrgId", "BIN"
	}
	x.line("<Id><", kind, "><Othr><Id>", p.ID, "</Id><SchmeNm><Prtry>", scheme, "</Prtry></SchmeNm></Othr></", kind, "></Id>")
}

func (x *writer) account(name, iban string) {
	x.line("<", name, "><Id><IBAN>", iban, "</IBAN></Id></", name, ">")
}

// agent writes a bank; the payer's must be there even where we do not know its code.
func (x *writer) agent(name, bic string) {
	tag := "BIC"
	if x.v09 {
		tag = "BICFI"
	}
	switch {
	case bic != "":
		x.line("<", name, "><FinInstnId><", tag, ">", bic, "</", tag, "></FinInstnId></", name, ">")
	case name == "DbtrAgt":
		x.line("<", name, "><FinInstnId><Othr><Id>NOTPROVIDED</Id></Othr></FinInstnId></", name, ">")
	}
}

func (x *writer) transfer(t *Transfer) {
	x.open("CdtTrfTxInf")
	x.line("<PmtId><EndToEndId>", escape.Replace(t.EndToEnd), "</EndToEndId></PmtId>")
	x.line(`<Amt><InstdAmt Ccy="`, source.Currency, `">`, t.Amount.String(), `</InstdAmt></Amt>`)
	x.agent("CdtrAgt", t.To.BIC)
	x.open("Cdtr")
	x.identity(t.To)
	x.shut("Cdtr")
	x.account("CdtrAcct", t.To.IBAN)
	x.line("<Purp><Prtry>", t.KNP, "</Prtry></Purp>")
	if t.KBK != "" {
		x.line("<Tax><Rcrd><Ctgy>", t.KBK, "</Ctgy></Rcrd></Tax>")
	}
	x.open("RmtInf")
	for _, part := range split(t.Purpose, maxText) {
		x.tag("Ustrd", part)
	}
	x.shut("RmtInf")
	x.shut("CdtTrfTxInf")
}

// split cuts a text at spaces into parts of at most so many letters; a word longer than that is cut too.
func split(s string, most int) []string {
	var parts []string
	for utf8.RuneCountInString(s) > most {
		end, n := 0, 0
		for i := range s {
			if n == most {
				end = i
				break
			}
			n++
		}
		rest := s[end:]
		if cut := strings.LastIndexByte(s[:end+1], ' '); cut > 0 {
			end, rest = cut, s[cut+1:]
		}
		parts, s = append(parts, s[:end]), rest
	}
	return append(parts, s)
}
