package sample

import (
	"io"
	"strconv"
	"strings"

	"robotbailiff/payments/source"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "\r", "&#13;")

// Camt writes a document of the format that the first part has, "camt.053.001.08".
func Camt(w io.Writer, parts ...Part) error {
	format := parts[0].Head.Format
	minor, err := strconv.Atoi(format[len(format)-2:])
	if err != nil {
		return err
	}
	c := camt{out: to(w), minor: minor, message: "BkToCstmrStmt", statement: "Stmt"}
	if strings.HasPrefix(format, "camt.054") {
		c.message, c.statement = "BkToCstmrDbtCdtNtfctn", "Ntfctn"
	}
	c.put(`<?xml version="1.0" encoding="UTF-8"?>`+"\n"+`<Document xmlns="urn:iso:std:iso:20022:tech:xsd:`, format, `"><`, c.message, `><GrpHdr>`)
	c.tag("MsgId", parts[0].Head.ID)
	c.tag("CreDtTm", parts[0].Head.Created)
	c.put("</GrpHdr>\n")
	for _, p := range parts {
		c.one(p)
	}
	c.put("</", c.message, "></Document>\n")
	return c.w.Flush()
}

type camt struct {
	*out
	minor              int
	message, statement string
}

func (c *camt) tag(name, value string) {
	if value != "" {
		c.put("<", name, ">", escape.Replace(value), "</", name, ">")
	}
}

func (c *camt) date(name string, d calendar.Date) {
	c.put("<", name, "><Dt>", d.String(), "</Dt></", name, ">")
}

func (c *camt) amount(a money.Amount, currency string) {
	c.put(`<Amt Ccy="`, escape.Replace(currency), `">`)
	c.buf = a.Append(c.buf[:0])
	_, _ = c.w.Write(c.buf) // Flush tells
	c.put("</Amt>")
}

func sign(credit bool) string {
	if credit {
		return "CRDT"
	}
	return "DBIT"
}

func (c *camt) one(p Part) {
	h := p.Head
	c.put("<", c.statement, ">")
	c.tag("Id", h.ID)
	c.tag("ElctrncSeqNb", h.Number)
	c.tag("CreDtTm", h.Created)
	c.put("<FrToDt><FrDtTm>", h.From.String(), "T00:00:00+05:00</FrDtTm><ToDtTm>", h.To.String(), "T23:59:59+05:00</ToDtTm></FrToDt>")
	c.put("<Acct><Id><IBAN>", escape.Replace(h.Account), "</IBAN></Id>")
	c.tag("Ccy", h.Currency)
	c.put("<Svcr><FinInstnId>")
	c.tag(c.bic(), "KKMFKZ2A")
	c.put("</FinInstnId></Svcr></Acct>\n")
	if h.Balanced {
		c.balance("OPBD", h.Opening, h.Currency, h.From)
		c.balance("CLBD", h.Closing, h.Currency, h.To)
	}
	for l := range p.Lines {
		c.line(l)
	}
	c.put("</", c.statement, ">\n")
}

func (c *camt) bic() string {
	if c.minor < 4 {
		return "BIC"
	}
	return "BICFI"
}

func (c *camt) balance(kind string, a money.Amount, currency string, d calendar.Date) {
	c.put("<Bal><Tp><CdOrPrtry><Cd>", kind, "</Cd></CdOrPrtry></Tp>")
	size := money.Max(a, a.Neg())
	c.amount(size, currency)
	c.tag("CdtDbtInd", sign(a.Sign() >= 0))
	c.date("Dt", d)
	c.put("</Bal>\n")
}

func (c *camt) line(l *source.Line) {
	c.put("<Ntry>")
	c.amount(l.Amount, l.Currency)
	c.tag("CdtDbtInd", sign(l.Credit))
	if l.Reversal {
		c.tag("RvslInd", "true")
	}
	if c.minor < 7 {
		c.tag("Sts", "BOOK")
	} else {
		c.put("<Sts><Cd>BOOK</Cd></Sts>")
	}
	c.date("BookgDt", l.Booked)
	c.date("ValDt", l.Value)
	c.tag("AcctSvcrRef", l.Ref)
	c.put("<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>", family(l.Credit), "</Cd><SubFmlyCd>DMCT</SubFmlyCd></Fmly></Domn></BkTxCd><NtryDtls><TxDtls><Refs>")
	c.tag("AcctSvcrRef", l.Ref)
	endToEnd := l.EndToEnd
	if endToEnd == "" {
		endToEnd = "NOTPROVIDED"
	}
	c.tag("EndToEndId", endToEnd)
	c.put("</Refs>")
	if c.minor < 4 {
		c.put("<AmtDtls><TxAmt>")
		c.amount(l.Amount, l.Currency)
		c.put("</TxAmt></AmtDtls>")
	} else {
		c.amount(l.Amount, l.Currency)
		c.tag("CdtDbtInd", sign(l.Credit))
	}
	c.other(l)
	if l.KNP != "" {
		c.put("<Purp><Prtry>", l.KNP, "</Prtry></Purp>")
	}
	if l.Purpose != "" {
		c.put("<RmtInf>")
		c.tag("Ustrd", l.Purpose)
		c.put("</RmtInf>")
	}
	if l.KBK != "" {
		c.put("<Tax><Rcrd><Ctgy>", l.KBK, "</Ctgy></Rcrd></Tax>")
	}
	c.put("</TxDtls></NtryDtls></Ntry>\n")
}

func family(credit bool) string {
	if credit {
		return "RCDT"
	}
	return "ICDT"
}

// other writes the other side: the first payer of money that came, the first receiver of money that went.
func (c *camt) other(l *source.Line) {
	role := "Cdtr"
	if l.Credit != l.Reversal {
		role = "Dbtr"
	}
	p := l.Payer
	if p == (source.Party{}) {
		return
	}
	if p.Name != "" || p.IIN != "" || p.IBAN != "" {
		c.put("<RltdPties>")
		if p.Name != "" || p.IIN != "" {
			c.put("<", role, ">")
			if c.minor >= 7 {
				c.put("<Pty>")
			}
			c.tag("Nm", p.Name)
			if p.IIN != "" {
				c.put("<Id><PrvtId><Othr><Id>", p.IIN, "</Id></Othr></PrvtId></Id>")
			}
			if c.minor >= 7 {
				c.put("</Pty>")
			}
			c.put("</", role, ">")
		}
		if p.IBAN != "" {
			c.put("<", role, "Acct><Id><IBAN>", escape.Replace(p.IBAN), "</IBAN></Id></", role, "Acct>")
		}
		c.put("</RltdPties>")
	}
	if p.BIC != "" {
		c.put("<RltdAgts><", role, "Agt><FinInstnId>")
		c.tag(c.bic(), p.BIC)
		c.put("</FinInstnId></", role, "Agt></RltdAgts>")
	}
}
