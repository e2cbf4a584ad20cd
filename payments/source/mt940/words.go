package mt940

import (
	"slices"
	"strings"
	"unicode/utf8"

	"robotbailiff/payments/source"
)

const (
	wholeLine = 65 // a line of :86: that is full was cut, perhaps within a word
	wholePart = 27 // the same for a numbered part
)

// told takes :86: apart.
func told(l *source.Line, lines []string) {
	all := strings.Join(lines, "")
	if mark, ok := numbered(all); ok {
		numberedParts(l, all[3:], mark)
		return
	}
	all = glue(cut(lines, wholeLine))
	if strings.HasPrefix(all, "/") && slashed(l, all) {
		return
	}
	l.Purpose = all
}

// part is a piece of text, and whether it was cut because its place was full.
type part struct {
	text string
	full bool
}

func cut(texts []string, full int) []part {
	parts := make([]part, len(texts))
	for i, t := range texts {
		parts[i] = part{t, utf8.RuneCountInString(t) == full}
	}
	return parts
}

// glue joins parts by a space, save where one was cut because it was full.
func glue(parts []part) string {
	var b strings.Builder
	for i, p := range parts {
		if i > 0 && !parts[i-1].full && b.Len() > 0 && p.text != "" {
			b.WriteByte(' ')
		}
		b.WriteString(p.text)
	}
	return strings.TrimSpace(b.String())
}

// numbered finds the mark of 166?00TRANSFER?20...
func numbered(s string) (mark string, ok bool) {
	if len(s) < 6 || !source.Digits(s[:3]) || !source.Digits(s[4:6]) || !strings.ContainsRune("?~^>", rune(s[3])) {
		return "", false
	}
	return s[3:4], true
}

func numberedParts(l *source.Line, s, mark string) {
	var purpose, name []string
	pieces := strings.Split(s, mark)
	for i := 1; i < len(pieces); i++ {
		piece := pieces[i]
		for i+1 < len(pieces) && (len(pieces[i+1]) < 2 || !source.Digits(pieces[i+1][:2])) { // the mark was a word's own
			i++
			piece += mark + pieces[i]
		}
		if len(piece) < 2 {
			continue
		}
		switch no, v := piece[:2], piece[2:]; {
		case no >= "20" && no <= "29", no >= "60" && no <= "63":
			purpose = append(purpose, v)
		case no == "30":
			l.Payer.BIC = strings.TrimSpace(v)
		case no == "31":
			l.Payer.IBAN = strings.ReplaceAll(v, " ", "")
		case no == "32", no == "33":
			name = append(name, v)
		}
	}
	l.Payer.Name = glue(cut(name, wholePart))
	keyed(l, cut(purpose, wholePart))
}

// keywords begin parts of a purpose in the habit of German banks: EREF+ the payer's reference, SVWZ+ his words.
var keywords = []string{"EREF+", "KREF+", "MREF+", "CRED+", "DEBT+", "COAM+", "OAMT+", "SVWZ+", "ABWA+", "ABWE+", "IBAN+", "BIC+"}

func keyed(l *source.Line, parts []part) {
	sections, at := map[string][]part{}, ""
	for _, p := range parts {
		for _, k := range keywords {
			if rest, ok := strings.CutPrefix(p.text, k); ok {
				at, p.text = k, rest
				break
			}
		}
		sections[at] = append(sections[at], p)
	}
	l.Purpose = glue(append(slices.Clone(sections[""]), sections["SVWZ+"]...))
	if ref := reference(glue(sections["EREF+"])); ref != "" {
		l.EndToEnd = ref
	}
}

// codes stand between slashes; what follows one goes up to the next. Those of our own payment messages are among them: ASSIGN is
// the purpose, IDN the IIN or BIN, BCLASS the budget classification.
var codes = []string{
	"TRTP", "IBAN", "BIC", "NAME", "REMI", "EREF", "MARF", "CSID", "ORDP", "BENM", "ID", "ADDR", "ISDT", "PURP",
	"ASSIGN", "IDN", "KNP", "BCLASS", "NUM", "DATE", "SEND", "VO", "PSO", "PRT", "PERIOD", "CHIEF", "MAINBK", "IRS", "SECO",
}

// slashed reads codes between slashes, and says whether there are any that it knows.
func slashed(l *source.Line, s string) bool {
	found := map[string]string{}
	at, begin := "", 0
	keep := func(end int) {
		if v := strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(s[begin:end]), "/")); at != "" && found[at] == "" {
			found[at] = v
		}
	}
	for i := 0; i < len(s); i++ {
		if s[i] != '/' {
			continue
		}
		n := strings.IndexByte(s[i+1:], '/')
		if n < 0 || !slices.Contains(codes, s[i+1:i+1+n]) {
			if i == 0 {
				return false
			}
			continue
		}
		keep(i)
		at, begin = s[i+1:i+1+n], i+n+2
		i += n
	}
	keep(len(s))
	l.Payer.Name, l.Payer.IBAN, l.Payer.BIC = found["NAME"], found["IBAN"], found["BIC"]
	if source.IsIIN(found["IDN"]) {
		l.Payer.IIN = found["IDN"]
	}
	if v := found["KNP"]; len(v) == 3 && source.Digits(v) {
		l.KNP = v
	}
	if v := found["BCLASS"]; len(v) == 6 && source.Digits(v) {
		l.KBK = v
	}
	if ref := reference(found["EREF"]); ref != "" {
		l.EndToEnd = ref
	}
	l.Purpose = strings.TrimSpace(found["REMI"] + " " + found["ASSIGN"])
	return true
}
