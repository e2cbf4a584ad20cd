package portal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"

	"robotbailiff/internal/strictjson"
	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
)

// Requisites are what a bank transfer for a case needs, from a day on. They are reference data of the installation, never of the program.
type Requisites struct {
	From        calendar.Date `json:"from"`
	Kinds       []string      `json:"kinds,omitempty"` // of writs; none: all
	Beneficiary string        `json:"beneficiary"`
	BIN         string        `json:"bin"`
	IBAN        string        `json:"iban"`
	BIC         string        `json:"bic"`
	Bank        string        `json:"bank"`
	KBe         string        `json:"kbe"`
	KNP         string        `json:"knp"`
	KBK         string        `json:"kbk"`
	KNO         string        `json:"kno,omitempty"` // of the revenue body; not all payments have one
}

// Timetable is the requisites of all times. The zero one has none.
type Timetable struct{ all []Requisites }

// On gives the requisites for a kind of writ on a day: the newest that have begun, those for this kind before those for all.
func (t Timetable) On(day calendar.Date, kind string) (best Requisites, ok bool) {
	for _, r := range t.all {
		named := slices.Contains(r.Kinds, kind)
		if day.Before(r.From) || len(r.Kinds) > 0 && !named {
			continue
		}
		if bestNamed := len(best.Kinds) > 0; !ok || named && !bestNamed || named == bestNamed && best.From.Before(r.From) {
			best, ok = r, true
		}
	}
	return best, ok
}

// RequisitesError says which entry of the timetable is wrong, counted from one, and in which field.
type RequisitesError struct {
	Entry int // 0: the whole
	Field string
	Says  string
}

// Error implements error.
func (e *RequisitesError) Error() string {
	if e.Entry == 0 {
		return "portal: requisites: " + e.Says
	}
	return fmt.Sprintf("portal: requisites, entry %d, %s: %s", e.Entry, e.Field, e.Says)
}

const maxRequisites = 64 << 10

var requisiteForms = []struct {
	field, says string
	of          func(*Requisites) string
	form        *regexp.Regexp
}{
	{"beneficiary", "the name as the bank knows it", func(r *Requisites) string { return r.Beneficiary }, regexp.MustCompile(`^\S.{0,138}\S$`)},
	{"bic", "8 or 11 capital letters and digits", func(r *Requisites) string { return r.BIC }, regexp.MustCompile(`^[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?$`)},
	{"bank", "the name of the bank", func(r *Requisites) string { return r.Bank }, regexp.MustCompile(`^\S.{0,138}\S$`)},
	{"kbe", "two digits", func(r *Requisites) string { return r.KBe }, regexp.MustCompile(`^\d\d$`)},
	{"knp", "three digits", func(r *Requisites) string { return r.KNP }, regexp.MustCompile(`^\d{3}$`)},
	{"kno", "four digits, or nothing", func(r *Requisites) string { return r.KNO }, regexp.MustCompile(`^(\d{4})?$`)},
	{"kbk", "six digits", func(r *Requisites) string { return r.KBK }, regexp.MustCompile(`^\d{6}$`)},
}

// ParseRequisites reads a timetable: a JSON list of entries. What is wrong is a [RequisitesError].
func ParseRequisites(raw []byte) (Timetable, error) {
	if len(raw) > maxRequisites {
		return Timetable{}, &RequisitesError{Says: "more than 64 KiB"}
	}
	if err := strictjson.Check(raw); err != nil {
		return Timetable{}, &RequisitesError{Says: err.Error()}
	}
	var list []Requisites
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&list); err != nil {
		return Timetable{}, &RequisitesError{Says: "not a list of entries: " + err.Error()}
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) || len(list) == 0 {
		return Timetable{}, &RequisitesError{Says: "one list with at least one entry is expected"}
	}
	for i := range list {
		if field, says := list[i].fault(); field != "" {
			return Timetable{}, &RequisitesError{Entry: i + 1, Field: field, Says: says}
		}
	}
	return Timetable{all: list}, nil
}

func (r *Requisites) fault() (field, says string) {
	if r.From.IsZero() {
		return "from", "the first day, as YYYY-MM-DD"
	}
	if err := rules.CheckBIN(r.BIN); err != nil {
		return "bin", "12 digits with the right check digit"
	}
	if err := rules.CheckIBAN(r.IBAN); err != nil {
		return "iban", "an account number of Kazakhstan with the right check digits, without spaces"
	}
	for _, f := range requisiteForms {
		if !f.form.MatchString(f.of(r)) {
			return f.field, f.says
		}
	}
	return "", ""
}
