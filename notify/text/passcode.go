package text

import "fmt"

// PasscodeBudget is the number of SMS parts that a code may take.
const PasscodeBudget = 2

// passcodes are what brings a code, by language and what it is for: first the code, which telephones look for, then what it is good for, so
// that nobody can be talked into telling it for something else. No link: who asked for a code has the page open. A code for an account names its
// last characters: who reads others has been deceived.
var passcodes = map[string]map[string]string{
	"refusal": {
		"kk": "Код %[2]s: оңайлатылған тәртіптен бас тарту, %[1]s ісі. Ешкімге айтпаңыз. Сұрамаған болсаңыз, 1414-ке қоңырау шалыңыз.",
		"ru": "Код %[2]s: отказ от упрощённого порядка по делу %[1]s. Никому его не говорите. Не запрашивали? Позвоните 1414.",
		"en": "Code %[2]s: refusing the simplified procedure in case %[1]s. Tell it to nobody. If you did not ask for it, call 1414.",
		"ky": "Код %[2]s: жөнөкөйлөтүлгөн тартиптен баш тартуу, %[1]s иши. Эч кимге айтпаңыз. Сурабаган болсоңуз, 1414кө чалыңыз.",
		"uz": "Kod %[2]s: soddalashtirilgan tartibni rad etish, %[1]s raqamli ish. Hech kimga aytmang. So'ramagan bo'lsangiz, 1414 ga telefon qiling.",
	},
	"refund": {
		"kk": "Код %[2]s: %[1]s ісі бойынша ақша …%[3]s шотына қайтарылсын. Ешкімге айтпаңыз. Сұрамаған болсаңыз, 1414-ке қоңырау шалыңыз.",
		"ru": "Код %[2]s: возврат денег по делу %[1]s на счёт …%[3]s. Никому его не говорите. Не запрашивали? Позвоните 1414.",
		"en": "Code %[2]s: money back in case %[1]s to the account ...%[3]s. Tell it to nobody. If you did not ask for it, call 1414.",
		"ky": "Код %[2]s: %[1]s иши боюнча акча …%[3]s эсебине кайтарылсын. Эч кимге айтпаңыз. Сурабаган болсоңуз, 1414кө чалыңыз.",
		"uz": "Kod %[2]s: %[1]s raqamli ish bo'yicha pul ...%[3]s hisobiga qaytarilsin. Hech kimga aytmang. So'ramagan bo'lsangiz, 1414 ga telefon qiling.",
	},
}

// Passcode says by SMS the code with which a debtor does something, and what: about is the end of an account, where it is about one. It is not a
// notice: it proves nothing, nobody may change its words at run time, and it is kept nowhere.
func Passcode(lang, act, caseNumber, about, code string) (string, error) {
	words, ok := passcodes[act][lang]
	if !ok {
		return "", fmt.Errorf("%w: a code for %q in %q", ErrUnknown, act, lang)
	}
	if act == "refusal" {
		return fmt.Sprintf(words, caseNumber, code), nil
	}
	return fmt.Sprintf(words, caseNumber, code, about), nil
}
