package wire

import (
	"regexp"

	"github.com/google/uuid"

	"robotbailiff/engine"
	"robotbailiff/engine/orders"
	"robotbailiff/rules/calendar"
)

// What goes to the register of debtors. deploy/schema/register.schema.json says the same.

// textForm is a name that people read: of a debtor, a body, an executor.
var (
	textForm   = regexp.MustCompile(`^[^[:cntrl:]]{1,300}$`)
	dateForm   = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`)
	regionForm = regexp.MustCompile(`^[0-9]{2}$`)
)

func enter(e orders.Entry) record {
	r := record{"id": {text: e.ID.String()}, "case": {text: caseText(e.CaseID)}, "purpose": {text: string(e.Purpose)}}
	if e.Of != uuid.Nil {
		r["of"] = value{text: e.Of.String()}
	}
	if !e.IssuedOn.IsZero() {
		r["issued_on"] = value{text: e.IssuedOn.String()}
	}
	for name, text := range map[string]string{
		"iin": e.IIN, "name": e.Name, "issuer": e.Issuer, "duty": e.Duty, "region": e.Executor.Region, "executor": e.Executor.Name, "licence": e.Executor.Licence,
	} {
		r.some(name, text)
	}
	return r
}

// wants says which values an order of a purpose has; what is true must be there, what is not named must not. The issuing body may be
// left out, since a writ may lack it.
var wants = map[engine.Purpose]map[string]bool{
	engine.Register:   {"iin": true, "name": true, "issuer": false, "issued_on": true, "duty": true, "region": true},
	engine.Deregister: {"of": true},
	engine.Entrust:    {"of": true, "region": true, "executor": true, "licence": true},
}

func (p *parser) enter(r record, at string) orders.Entry {
	e := orders.Entry{
		ID: p.id(r, at, "id"), CaseID: p.whole(r, at, "case", maxCase), Purpose: engine.Purpose(r["purpose"].text), Of: p.id(r, at, "of"),
		IIN: p.match(r, at, "iin", iinForm), Name: p.match(r, at, "name", textForm), Issuer: p.match(r, at, "issuer", textForm),
		Duty: p.match(r, at, "duty", codeForm), Executor: orders.Executor{
			Region: p.match(r, at, "region", regionForm), Name: p.match(r, at, "executor", textForm), Licence: p.match(r, at, "licence", textForm),
		},
	}
	if t := p.match(r, at, "issued_on", dateForm); t != "" && p.err == nil {
		var err error
		if e.IssuedOn, err = calendar.ParseDate(t); err != nil {
			p.fail(CodeInvalid, at+"issued_on")
		}
	}
	want, known := wants[e.Purpose]
	if !known {
		p.fail(CodeInvalid, at+"purpose")
		return e
	}
	for _, f := range shapes[Enter].fields[len(head)].item.fields[3:] {
		_, has := r[f.name]
		must, may := want[f.name]
		switch {
		case must && !has:
			p.fail(CodeMissing, at+f.name)
		case has && !may:
			p.fail(CodeInvalid, at+f.name)
		}
	}
	return e
}

func (p *parser) listed(r record, at string) orders.Listed {
	return orders.Listed{ID: p.id(r, at, "id"), CaseID: p.whole(r, at, "case", maxCase), Since: p.instant(r, at, "since")}
}
