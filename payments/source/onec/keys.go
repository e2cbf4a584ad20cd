package onec

import "strings"

// Header is the first line of every file.
const Header = "1CClientBankExchange"

// Words that divide a file, in capitals as all keys are compared.
const (
	beginAccount  = "СЕКЦИЯРАСЧСЧЕТ"
	endAccount    = "КОНЕЦРАСЧСЧЕТ"
	beginDocument = "СЕКЦИЯДОКУМЕНТ"
	endDocument   = "КОНЕЦДОКУМЕНТА"
	endFile       = "КОНЕЦФАЙЛА"
)

// key is one thing that a section tells, under whatever name.
type key uint8

const (
	_ key = iota
	from
	to
	account
	opening
	received
	spent
	closing
	currency
	number
	documentDate
	operationDate
	receivedDate
	spentDate
	valueDate
	sum
	sumIn
	sumOut
	purpose
	purpose1
	purpose2
	purpose3
	purpose4
	purpose5
	purpose6
	knp
	kbk
	payerAccount
	payerName
	payerNameShort
	payerID
	payerBank
	payeeAccount
	payeeName
	payeeNameShort
	payeeID
	payeeBank
	keyCount
)

var names = map[string]key{
	"ДАТАНАЧАЛА": from, "ДАТАКОНЦА": to, "РАСЧСЧЕТ": account, "НАЧАЛЬНЫЙОСТАТОК": opening, "ВСЕГОПОСТУПИЛО": received, "ВСЕГОСПИСАНО": spent,
	"КОНЕЧНЫЙОСТАТОК": closing, "ВАЛЮТА": currency,
	"НОМЕР": number, "НОМЕРДОКУМЕНТА": number, "ДАТА": documentDate, "ДАТАДОКУМЕНТА": documentDate, "ДАТАОПЕРАЦИИ": operationDate,
	"ДАТАПОСТУПИЛО": receivedDate, "ДАТАСПИСАНО": spentDate, "ДАТАВАЛЮТИРОВАНИЯ": valueDate,
	"СУММА": sum, "СУММАПРИХОД": sumIn, "СУММАДОХОД": sumIn, "СУММАРАСХОД": sumOut,
	"НАЗНАЧЕНИЕПЛАТЕЖА": purpose, "НАЗНАЧЕНИЕПЛАТЕЖА1": purpose1, "НАЗНАЧЕНИЕПЛАТЕЖА2": purpose2, "НАЗНАЧЕНИЕПЛАТЕЖА3": purpose3,
	"НАЗНАЧЕНИЕПЛАТЕЖА4": purpose4, "НАЗНАЧЕНИЕПЛАТЕЖА5": purpose5, "НАЗНАЧЕНИЕПЛАТЕЖА6": purpose6,
	"КОДНАЗНАЧЕНИЯПЛАТЕЖА": knp, "КНП": knp, "КБК": kbk, "КОДБК": kbk, "ПОКАЗАТЕЛЬКБК": kbk,
	"ПЛАТЕЛЬЩИКСЧЕТ": payerAccount, "ПЛАТЕЛЬЩИКРАСЧСЧЕТ": payerAccount, "ПЛАТЕЛЬЩИКИИК": payerAccount,
	"ПЛАТЕЛЬЩИКНАИМЕНОВАНИЕ": payerName, "ПЛАТЕЛЬЩИК1": payerName, "ПЛАТЕЛЬЩИК": payerNameShort,
	"ПЛАТЕЛЬЩИКБИНИИН": payerID, "ПЛАТЕЛЬЩИКИИНБИН": payerID, "ПЛАТЕЛЬЩИКИИН": payerID, "ПЛАТЕЛЬЩИКБИН": payerID, "ПЛАТЕЛЬЩИКИНН": payerID,
	"ПЛАТЕЛЬЩИКБАНКБИК": payerBank, "ПЛАТЕЛЬЩИКБИК": payerBank,
	"ПОЛУЧАТЕЛЬСЧЕТ": payeeAccount, "ПОЛУЧАТЕЛЬРАСЧСЧЕТ": payeeAccount, "ПОЛУЧАТЕЛЬИИК": payeeAccount,
	"ПОЛУЧАТЕЛЬНАИМЕНОВАНИЕ": payeeName, "ПОЛУЧАТЕЛЬ1": payeeName, "ПОЛУЧАТЕЛЬ": payeeNameShort,
	"ПОЛУЧАТЕЛЬБИНИИН": payeeID, "ПОЛУЧАТЕЛЬИИНБИН": payeeID, "ПОЛУЧАТЕЛЬИИН": payeeID, "ПОЛУЧАТЕЛЬБИН": payeeID, "ПОЛУЧАТЕЛЬИНН": payeeID,
	"ПОЛУЧАТЕЛЬБАНКБИК": payeeBank, "ПОЛУЧАТЕЛЬБИК": payeeBank,
}

var simplify = strings.NewReplacer("_", "", "/", "", "Ё", "Е")

// keyOf finds the meaning of a name; known is false where it has none for us.
func keyOf(name string) (k key, known bool) {
	k, known = names[simplify.Replace(strings.ToUpper(name))]
	return k, known
}

// looksLikeKey tells a key that we do not know from words that go on after a line end and happen to hold an equals sign.
func looksLikeKey(name string) bool {
	for i, r := range name {
		upper := r >= 'А' && r <= 'Я' || r >= 'A' && r <= 'Z'
		letter := upper || r >= 'а' && r <= 'я' || r >= 'a' && r <= 'z' || r == '_' || r == '/' || r == 'ё'
		if i == 0 && !upper || !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return name != ""
}
