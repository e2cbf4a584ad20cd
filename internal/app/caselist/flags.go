package caselist

import (
	"strings"

	"robotbailiff/internal/i18n"
)

// Flags are those of a row.
func (r Row) Flags() (out []Flag) {
	for _, x := range []struct {
		is   bool
		flag Flag
	}{{r.Hold != "", Held}, {r.Objected, Objected}, {r.Suspended != "", Suspended}, {r.Arrested && !r.Lifting, Arrested}, {r.Lifting, Lifting}} {
		if x.is {
			out = append(out, x.flag)
		}
	}
	return out
}

func flagWords(p *i18n.Printer, r Row) (string, error) {
	var all []string
	for _, f := range r.Flags() {
		s, err := p.T("cases.flag." + string(f))
		if err != nil {
			return "", err
		}
		all = append(all, s)
	}
	return strings.Join(all, ", "), nil
}
