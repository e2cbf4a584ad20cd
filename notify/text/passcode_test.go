package text

import (
	"errors"
	"strings"
	"testing"
)

func TestPasscode_saysWhatItIsForWithinItsBudget(t *testing.T) {
	t.Parallel()
	for act, about := range map[string]string{"refusal": "", "refund": "4100"} {
		for _, lang := range Languages {
			sms, err := Passcode(lang, act, "26-0012345-7", about, "004217")
			if err != nil {
				t.Fatal(err)
			}
			if got := Parts(sms); got > PasscodeBudget {
				units, _ := Length(sms)
				t.Errorf("%s: %d parts (%d units): %s", lang, got, units, sms)
			}
			if _, gsm := Length(sms); gsm != (lang == "en" || lang == "uz") {
				t.Errorf("%s: in the letters of GSM: %t", lang, gsm)
			}
			if gsm := lang == "en" || lang == "uz"; gsm && Parts(sms) > 1 {
				t.Errorf("%s takes more than one part", lang)
			}
			for _, must := range []string{"26-0012345-7", "004217", "1414", about} {
				if must != "" && strings.Count(sms, must) != 1 {
					t.Errorf("%s: %q is not there once: %s", lang, must, sms)
				}
			}
			if strings.Index(sms, "004217") > 10 {
				t.Errorf("%s: the code does not come first: %s", lang, sms)
			}
			if link := addresses.FindString(strings.ReplaceAll(sms, "...", "")); link != "" || strings.Contains(sms, "/") {
				t.Errorf("%s: a link %q: %s", lang, link, sms)
			}
			c := checker{language: versions[Version].languages[lang]}
			c.characters(PartSMS, 1, strings.NewReplacer("26-0012345-7", "", "004217", "", "…4100", "", "...4100", "").Replace(sms))
			if len(c.found) > 0 {
				t.Errorf("%s: %v", lang, c.found)
			}
		}
	}
	for _, c := range [][2]string{{"de", "refusal"}, {"ru", "arrest"}} {
		if _, err := Passcode(c[0], c[1], "26-0012345-7", "", "004217"); !errors.Is(err, ErrUnknown) {
			t.Errorf("%v has no words: %v", c, err)
		}
	}
}
