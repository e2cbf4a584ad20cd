package source

import "robotbailiff/rules/calendar"

// Codes of what cannot be read.
const (
	CodeFormat    = "format_unknown"
	CodeKind      = "kind_not_taken"
	CodeVersion   = "version_unknown"
	CodeSize      = "file_too_large"
	CodeLong      = "record_too_long"
	CodeXML       = "xml_invalid"
	CodeCharset   = "charset_invalid"
	CodeTruncated = "file_truncated"
	CodeTrailing  = "data_behind_end"
	CodeStructure = "structure_invalid"
	CodeMissing   = "field_missing"
	CodeTwice     = "field_twice"
	CodeInvalid   = "field_invalid"
	CodeAmount    = "amount_invalid"
	CodeNegative  = "amount_negative"
	CodeDate      = "date_invalid"
	CodeBatch     = "batch_sum_wrong"
	CodeTotals    = "totals_wrong"
)

// Codes of what [Check] finds.
const (
	CodeBalance        = "balance_wrong"
	CodeBalanceMissing = "balance_missing"
	CodeLineTwice      = "line_twice"
	CodeOutside        = "date_outside_period"
	CodePeriod         = "period_invalid"
	CodeCurrency       = "currency_wrong"
	CodeAccount        = "account_invalid"
)

// Codes of what [Follows] finds.
const (
	CodeAccountDiffers = "account_differs"
	CodeDayMissing     = "day_missing"
	CodeDayTwice       = "day_twice"
	CodeOpening        = "opening_differs"
	CodeNumberGap      = "number_gap"
	CodeStatementTwice = "statement_twice"
)

// Codes of what is found when a statement is held against the books.
const (
	CodeNotOurs          = "account_unknown"
	CodeStatementChanged = "statement_changed"
	CodeOtherFormat      = "other_format"
)

// CodeOrder is what a payment order of ours cannot hold.
const CodeOrder = "order_invalid"

type wording struct{ message, remedy calendar.Names }

var (
	askAgain  = calendar.Names{KK: "Банктен үзіндіні қайта сұраңыз.", RU: "Запросите у банка выписку заново.", EN: "Ask the bank for the statement again."}
	askBank   = calendar.Names{KK: "Файлды өзгертпей банкке қайтарып, түсініктеме сұраңыз.", RU: "Верните файл банку без изменений и попросите объяснить.", EN: "Give the file back to the bank unchanged and ask what it means."}
	askBefore = calendar.Names{KK: "Алдымен жетіспейтін үзіндіні жүктеңіз.", RU: "Сначала загрузите недостающую выписку.", EN: "Take in the missing statement first."}
	nothing   = calendar.Names{KK: "Файл бұрын алынған болса, ештеңе істемеңіз; болмаса, банктен сұраңыз.", RU: "Если выписка уже загружена, делать ничего не нужно; если нет, спросите банк.", EN: "If it was taken in before there is nothing to do; if not, ask the bank."}
)

// words say what a code means and what to do. A test finds every code here, in every language.
var words = map[string]wording{
	CodeFormat: {
		calendar.Names{KK: "Бұл біз білетін банк үзіндісі емес.", RU: "Это не банковская выписка из тех, что мы знаем.", EN: "This is not a bank statement that we know."},
		calendar.Names{KK: "Үзіндіні camt.053, camt.054, MT940 не 1С алмасу мәтіні түрінде алыңыз.", RU: "Получите выписку в виде camt.053, camt.054, MT940 или текста обмена 1С.", EN: "Get the statement as camt.053, camt.054, MT940 or the 1C exchange text."},
	},
	CodeKind: {
		calendar.Names{KK: "Бұл күн ішіндегі хабар не басқа құжат, жабылған күннің үзіндісі емес.", RU: "Это сообщение в течение дня или другой документ, а не выписка за закрытый день.", EN: "This is a message within the day or another document, not the statement of a closed day."},
		calendar.Names{KK: "Күн аяқталғаннан кейінгі үзіндіні алыңыз.", RU: "Получите выписку за завершённый день.", EN: "Get the statement of the day when it is over."},
	},
	CodeVersion: {
		calendar.Names{KK: "Пішімнің бұл нұсқасы белгісіз.", RU: "Эта версия формата неизвестна.", EN: "This version of the format is not known."},
		calendar.Names{KK: "Банктен қолдау көрсетілетін нұсқаны сұраңыз.", RU: "Попросите у банка поддерживаемую версию.", EN: "Ask the bank for a version that is known."},
	},
	CodeSize: {
		calendar.Names{KK: "Файл тым үлкен.", RU: "Файл слишком велик.", EN: "The file is too large."},
		calendar.Names{KK: "Үзіндіні күндерге бөліп алыңыз.", RU: "Получите выписку по дням.", EN: "Get the statement day by day."},
	},
	CodeLong: {
		calendar.Names{KK: "Жол не мән тым ұзын.", RU: "Строка или значение слишком длинные.", EN: "A line or a value is too long."}, askBank,
	},
	CodeXML: {
		calendar.Names{KK: "XML бұзылған не артық бөліктері бар.", RU: "XML испорчен или содержит лишнее.", EN: "The XML is broken or has parts that data does not need."}, askAgain,
	},
	CodeCharset: {
		calendar.Names{KK: "Әріптердің кодталуы оқылмайды.", RU: "Кодировка текста не читается.", EN: "The letters cannot be read: they are in another character set."},
		calendar.Names{KK: "Файлды UTF-8 не Windows-1251 түрінде алыңыз.", RU: "Получите файл в UTF-8 или Windows-1251.", EN: "Get the file in UTF-8 or Windows-1251."},
	},
	CodeTruncated: {
		calendar.Names{KK: "Файл үзіліп қалған: соңы жоқ.", RU: "Файл обрывается: конца нет.", EN: "The file breaks off: its end is missing."}, askAgain,
	},
	CodeTrailing: {
		calendar.Names{KK: "Үзінді аяқталғаннан кейін де деректер бар.", RU: "После конца выписки есть ещё данные.", EN: "There is more data behind the end of the statement."}, askBank,
	},
	CodeStructure: {
		calendar.Names{KK: "Бөлік өз орнында емес.", RU: "Часть стоит не на своём месте.", EN: "A part is not where it belongs."}, askBank,
	},
	CodeMissing: {
		calendar.Names{KK: "Міндетті өріс жоқ.", RU: "Нет обязательного поля.", EN: "A required field is missing."}, askBank,
	},
	CodeTwice: {
		calendar.Names{KK: "Өріс екі рет берілген.", RU: "Поле дано дважды.", EN: "A field is given twice."}, askBank,
	},
	CodeInvalid: {
		calendar.Names{KK: "Өрістің мәні қате.", RU: "Значение поля неверно.", EN: "The value of a field is wrong."}, askBank,
	},
	CodeAmount: {
		calendar.Names{KK: "Сома оқылмайды: екі ондық таңбадан аспайтын сан болуға тиіс.", RU: "Сумма не читается: нужно число не более чем с двумя знаками после запятой.", EN: "The sum cannot be read: it must be a number with at most two decimals."}, askBank,
	},
	CodeNegative: {
		calendar.Names{KK: "Сома теріс: бағытты белгі көрсетеді, сома емес.", RU: "Сумма отрицательна: направление задаёт признак, а не знак суммы.", EN: "The sum is negative: the direction is told by the indicator, not by the sum."}, askBank,
	},
	CodeDate: {
		calendar.Names{KK: "Мұндай күн жоқ не ол басқаша жазылған.", RU: "Такой даты нет или она записана иначе.", EN: "There is no such date, or it is written in another way."}, askBank,
	},
	CodeBatch: {
		calendar.Names{KK: "Топтық жазбаның бөліктері оның сомасына тең емес.", RU: "Части сводной записи не дают её суммы.", EN: "The parts of a batch entry do not add up to its sum."}, askBank,
	},
	CodeTotals: {
		calendar.Names{KK: "Бақылау саны не сомасы жазбаларға сай емес.", RU: "Контрольное число или сумма не сходится с записями.", EN: "A control count or sum does not agree with the lines."}, askAgain,
	},
	CodeBalance: {
		calendar.Names{KK: "Бастапқы қалдық пен қозғалыстар соңғы қалдықты бермейді.", RU: "Начальный остаток и движения не дают конечного остатка.", EN: "The opening balance and the lines do not give the closing balance."}, askAgain,
	},
	CodeBalanceMissing: {
		calendar.Names{KK: "Бастапқы не соңғы қалдық жоқ.", RU: "Нет начального или конечного остатка.", EN: "The opening or the closing balance is missing."}, askAgain,
	},
	CodeLineTwice: {
		calendar.Names{KK: "Бір қозғалыс екі рет жазылған.", RU: "Одно движение записано дважды.", EN: "One movement is there twice."}, askAgain,
	},
	CodeOutside: {
		calendar.Names{KK: "Қозғалыс күні үзінді кезеңінен тыс.", RU: "Дата движения вне периода выписки.", EN: "The date of a line is outside the period."}, askBank,
	},
	CodePeriod: {
		calendar.Names{KK: "Үзінді кезеңі берілмеген не теріс.", RU: "Период выписки не задан или перевёрнут.", EN: "The period of the statement is missing or ends before it begins."}, askBank,
	},
	CodeCurrency: {
		calendar.Names{KK: "Валюта теңге емес не шоттың валютасы емес.", RU: "Валюта не тенге или не валюта счёта.", EN: "The currency is not tenge, or not that of the account."},
		calendar.Names{KK: "Теңгедегі шоттың үзіндісін алыңыз.", RU: "Получите выписку по счёту в тенге.", EN: "Get the statement of the account in tenge."},
	},
	CodeAccount: {
		calendar.Names{KK: "Шот нөмірі қате.", RU: "Номер счёта неверен.", EN: "The account number is wrong."}, askBank,
	},
	CodeOrder: {
		calendar.Names{KK: "Төлем тапсырмасының өрісі жазылмайды.", RU: "Поле платёжного поручения записать нельзя.", EN: "A field of the payment order cannot be written."},
		calendar.Names{KK: "Деректемелерді түзетіп, тапсырманы қайта шығарыңыз.", RU: "Исправьте реквизиты и выпустите поручение снова.", EN: "Correct the requisites and release the order again."},
	},
	CodeAccountDiffers: {
		calendar.Names{KK: "Екі үзінді әртүрлі шотқа тиесілі.", RU: "Выписки относятся к разным счетам.", EN: "The two statements are of different accounts."},
		calendar.Names{KK: "Шоттарды бөлек жүргізіңіз.", RU: "Ведите счета раздельно.", EN: "Keep the accounts apart."},
	},
	CodeDayMissing: {
		calendar.Names{KK: "Алдыңғы үзіндіден кейін күн жетіспейді.", RU: "После предыдущей выписки не хватает дня.", EN: "A day is missing after the statement before."}, askBefore,
	},
	CodeDayTwice: {
		calendar.Names{KK: "Бұл күн алдыңғы үзіндіде бар.", RU: "Этот день уже есть в предыдущей выписке.", EN: "The statement before has this day already."}, nothing,
	},
	CodeOpening: {
		calendar.Names{KK: "Бастапқы қалдық алдыңғы соңғы қалдыққа тең емес.", RU: "Начальный остаток не равен предыдущему конечному.", EN: "The opening balance is not the closing balance of the statement before."}, askBefore,
	},
	CodeNumberGap: {
		calendar.Names{KK: "Үзінділердің нөмірлері қатар емес.", RU: "Номера выписок идут не подряд.", EN: "The numbers of the statements have a gap."}, askBefore,
	},
	CodeStatementTwice: {
		calendar.Names{KK: "Бұл үзінді бұрын келген.", RU: "Эта выписка уже приходила.", EN: "This statement has come before."}, nothing,
	},
	CodeNotOurs: {
		calendar.Names{KK: "Бұл шот біздің шот ретінде тіркелмеген.", RU: "Этот счёт не зарегистрирован как наш.", EN: "This account is not registered as ours."},
		calendar.Names{KK: "Шот біздікі болса, оны тіркеңіз: bailiff account put IBAN.", RU: "Если счёт наш, зарегистрируйте его: bailiff account put IBAN.", EN: "If it is ours, register it: bailiff account put IBAN."},
	},
	CodeOtherFormat: {
		calendar.Names{KK: "Осы күндердің үзіндісі басқа пішімде алынған: бір төлем екі рет есептелер еді.", RU: "Выписка за эти дни уже принята в другом формате: платежи посчитались бы дважды.", EN: "A statement of these days was taken in another format: movements would count twice."},
		calendar.Names{KK: "Бір шоттың үзінділерін бір пішімде жүктеңіз.", RU: "Загружайте выписки одного счёта в одном формате.", EN: "Take the statements of an account in one format."},
	},
	CodeStatementChanged: {
		calendar.Names{KK: "Осы нөмірлі үзінді басқа мазмұнмен бұрын алынған.", RU: "Выписка с этим номером уже принята с другим содержанием.", EN: "A statement with this id was taken before with another content."}, askBank,
	},
}
