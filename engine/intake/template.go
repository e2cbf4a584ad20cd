package intake

import "io"

// explanation says what a field holds.
type explanation struct{ form, kk, ru, en string }

var explanations = [FieldCount]explanation{
	FieldSource:            {"court-7101", "Жіберушінің белгісі.", "Обозначение отправителя.", "The sender's designation."},
	FieldDocumentNumber:    {"7101-26-000001/1", "Құжаттың нөмірі; жіберуші ішінде қайталанбайды.", "Номер документа; у отправителя не повторяется.", "Number of the writ; a sender uses it once."},
	FieldDocumentDate:      {"2025-12-25", "Құжаттың күні.", "Дата документа.", "Date of the writ."},
	FieldInForceDate:       {"2026-01-12", "Заңды күшіне енген күні.", "День вступления в законную силу.", "Day on which it came into force."},
	FieldKind:              {"court_ruling, authority_ruling, fine_prescription, tax_order", "Құжаттың түрі.", "Вид документа.", "Kind of writ."},
	FieldIssuerBIN:         {"12 × 0–9", "Құжатты шығарған органның БСН.", "БИН органа, который выдал документ.", "BIN of the body that issued it."},
	FieldIssuerName:        {"", "Органның атауы.", "Название органа.", "Name of that body."},
	FieldDebtorIIN:         {"12 × 0–9", "Борышкердің ЖСН, алдыңғы нөлдерімен.", "ИИН должника, с нулями в начале.", "The debtor's IIN, with its leading zeros."},
	FieldDebtorName:        {"", "Борышкердің тегі, аты, әкесінің аты.", "Фамилия, имя, отчество должника.", "The debtor's name."},
	FieldDebtorBirthDate:   {"1990-01-31", "Борышкердің туған күні.", "Дата рождения должника.", "The debtor's date of birth."},
	FieldDebtorPhone:       {"+77011234567", "Борышкердің телефоны.", "Телефон должника.", "The debtor's telephone."},
	FieldDebtorLanguage:    {"kk, ru, en, ky, uz", "Хабарламалардың тілі; бос болса — ru.", "Язык извещений; пусто — ru.", "Language of notices; empty means ru."},
	FieldRegion:            {"2 × 0–9", "Өңірдің коды.", "Код региона.", "Code of the region."},
	FieldAmount:            {"12345.67", "Сома теңгемен, нүктемен, бос орынсыз.", "Сумма в тенге, через точку, без пробелов.", "Sum in tenge, with a point, without spaces."},
	FieldCurrency:          {"KZT", "Валюта; бос болса — KZT.", "Валюта; пусто — KZT.", "Currency; empty means KZT."},
	FieldClaimantBIN:       {"12 × 0–9", "Өндіріп алушының БСН.", "БИН взыскателя.", "The claimant's BIN."},
	FieldClaimantName:      {"", "Өндіріп алушының атауы.", "Название взыскателя.", "The claimant's name."},
	FieldIBAN:              {"KZ24070105KSN0000000", "Ақша түсетін шот.", "Счёт, на который поступают деньги.", "Account that the money goes to."},
	FieldKBK:               {"6 × 0–9", "Бюджеттік сыныптама коды.", "Код бюджетной классификации.", "Budget code."},
	FieldKNP:               {"3 × 0–9", "Төлем мақсатының коды.", "Код назначения платежа.", "Code of the payment's purpose."},
	FieldUnpaidConfirmedOn: {"2026-02-20", "Төленбегені расталған күн.", "День, на который подтверждена неуплата.", "Day for which it was confirmed that nothing was paid."},
	FieldAction:            {"open, withdraw, cancel, correct", "Жолдың мақсаты: іс ашу, қайтарып алу, күшін жою, түзету; бос болса — open.", "Что просит строка: открыть, отозвать, отменить, исправить; пусто — open.", "What the row asks for; empty means open."},
	FieldGround:            {"amnesty", "Қайтарып алудың, күшін жоюдың немесе түзетудің негізі.", "Основание отзыва, отмены или исправления.", "Why it is withdrawn, cancelled or corrected."},
	FieldDebtorAddress: {
		"010000, г. Астана, ул. Мәңгілік Ел, д. 8, кв. 1", "Борышкердің пошта мекенжайы: SMS жеткізілгені расталмаса, хат осында жіберіледі.",
		"Почтовый адрес должника: сюда идёт письмо, если доставка SMS не подтверждена.", "The debtor's postal address: a letter goes there when no SMS is proven to have arrived.",
	},
	FieldAct: {"", "Негіз болған актінің нөмірі.", "Номер акта, который это говорит.", "Number of the act that says so."},
}

// WriteTemplate writes an empty workbook to fill in: the columns are formatted as text, so that no IIN loses its zeros and
// no date changes its form, and a second sheet explains them in three languages.
func WriteTemplate(w io.Writer) error {
	b := newBook(w)
	b.begin("writs", "help")
	widths := make([]int, FieldCount)
	for f := range widths {
		widths[f] = max(len(fieldNames[f])+3, 14)
	}
	b.sheet(widths...)
	b.row(1, styleTitle, fieldNames[:])
	b.endSheet()
	b.sheet(22, 6, 34, 50, 50, 50)
	b.row(1, styleTitle, []string{"field", "!", "form", "қазақша", "русский", "English"})
	must := map[bool]string{true: "!"}
	for f, e := range explanations {
		b.row(f+2, styleLines, []string{fieldNames[f], must[mustOpen[f]], e.form, e.kk, e.ru, e.en})
	}
	b.row(int(FieldCount)+3, styleLines, []string{
		"!", "", "", "Міндетті өріс. Барлық ұяшықтар — мәтін, күндер — ЖЖЖЖ-АА-КК. Формулалар қабылданбайды.",
		"Обязательное поле. Все ячейки — текст, даты — ГГГГ-ММ-ДД. Формулы не принимаются.", "A required field. All cells are text, dates are YYYY-MM-DD. Formulas are not taken.",
	})
	b.endSheet()
	return b.close()
}
