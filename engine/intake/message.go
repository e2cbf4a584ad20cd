package intake

import (
	"maps"
	"slices"

	"robotbailiff/engine/intake/proof"
	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
)

// messages say in three languages what is wrong with a row and what the sender can do. A test finds every code here.
var messages = map[string]calendar.Names{
	rules.CodeAboveThreshold:    {KK: "Сома оңайлатылған тәртіптің шегінен асады: жеке сот орындаушысына жіберіңіз.", RU: "Сумма выше порога упрощённого порядка: направьте документ частному судебному исполнителю.", EN: "The sum is above the limit of the simplified procedure: send the writ to a private bailiff."},
	rules.CodeAmountInvalid:     {KK: "Сома 12345.67 түрінде, нөлден артық болуға тиіс.", RU: "Сумма должна быть больше нуля и записана как 12345.67.", EN: "The sum must be more than zero and written as 12345.67."},
	rules.CodeIINInvalid:        {KK: "ЖСН қате: он екі цифр мен бақылау цифрын тексеріңіз (кесте алдыңғы нөлдерді жойып жіберуі мүмкін).", RU: "ИИН неверен: проверьте двенадцать цифр и контрольную цифру (таблица могла потерять нули в начале).", EN: "The IIN is wrong: check its twelve digits and the check digit (a spreadsheet may have lost leading zeros)."},
	rules.CodeNotNaturalPerson:  {KK: "Бұл БСН: оңайлатылған тәртіп тек жеке тұлғаларға қолданылады.", RU: "Это БИН: упрощённый порядок только для физических лиц.", EN: "This is a BIN: the simplified procedure is for natural persons only."},
	rules.CodeKindNotSimplified: {KK: "Мұндай құжат оңайлатылған тәртіппен орындалмайды.", RU: "Документы этого вида не исполняются в упрощённом порядке.", EN: "Writs of this kind are not executed in the simplified procedure."},
	rules.CodeTooEarly:          {KK: "Ұсыну мерзімі әлі келген жоқ: мерзім келгенде жаңа файлмен жіберіңіз.", RU: "Предъявлять ещё рано: направьте новым файлом, когда наступит срок.", EN: "It is too early to present the writ: send it in a new file when the day has come."},
	rules.CodeTooLate:           {KK: "Ұсыну мерзімі өтіп кеткен.", RU: "Срок предъявления истёк.", EN: "The time to present the writ is over."},
	rules.CodeNotInForce:        {KK: "Құжат заңды күшіне енген жоқ.", RU: "Документ не вступил в законную силу.", EN: "The writ is not in force yet."},
	rules.CodeUnpaidStale:       {KK: "Төлем түспегені туралы растау ескірген: жаңасын жіберіңіз.", RU: "Подтверждение неуплаты устарело: пришлите новое.", EN: "The confirmation that no money came is too old: send a new one."},
	rules.CodeFieldMissing:      {KK: "Міндетті өріс толтырылмаған.", RU: "Не заполнено обязательное поле.", EN: "A required field is empty."},
	rules.CodeFieldInvalid:      {KK: "Өрістің мәні қате немесе оқылмайды (жұмыс кітабында формуласыз, мәтін түрінде жазыңыз).", RU: "Значение поля неверно или не читается (в книге таблиц пишите его текстом, без формул).", EN: "The value of the field is wrong or cannot be read (in a workbook write it as text, without a formula)."},
	rules.CodeIdentityConflict:  {KK: "ЖСН басқа адамға тиесілі сияқты: маман тексереді.", RU: "ИИН, похоже, принадлежит другому лицу: проверит специалист.", EN: "The IIN seems to belong to another person: somebody will check."},
	rules.CodeMinor:             {KK: "Борышкер кәмелетке толмаған: маман қарайды.", RU: "Должник несовершеннолетний: рассмотрит специалист.", EN: "The debtor is under age: somebody will look at it."},
	rules.CodeRuleMissing:       {KK: "Осы күнге ереже белгіленбеген: маман қарайды.", RU: "На этот день правило не задано: рассмотрит специалист.", EN: "No rule is set for this day: somebody will look at it."},
	CodeRowMalformed:            {KK: "Жолдың құрылымы бұзылған: бағандар санын, тырнақшаларды, өріс атауларын тексеріңіз.", RU: "Строка испорчена: проверьте число столбцов, кавычки, имена полей.", EN: "The row is broken: check the number of columns, the quotes and the names of fields."},
	CodeDuplicate:               {KK: "Бұл құжат бұрын қабылданған: ештеңе істеудің қажеті жоқ.", RU: "Этот документ уже получен: делать ничего не нужно.", EN: "This writ was received before: nothing to do."},
	CodeConflict:                {KK: "Осы нөмірлі құжат бұрын басқа мазмұнмен келген: маман тексереді.", RU: "Документ с этим номером уже получен с другим содержанием: проверит специалист.", EN: "A writ with this number was received before with other content: somebody will check."},
	CodeWritUnknown:             {KK: "Мұндай құжат бойынша іс жоқ: жіберуші мен нөмірді тексеріңіз.", RU: "По такому документу дела нет: проверьте отправителя и номер.", EN: "There is no case on such a writ: check the sender and the number."},
	CodeCaseEnded:               {KK: "Іс біржола аяқталған: өзгертуге болмайды.", RU: "Дело окончено навсегда: изменить его нельзя.", EN: "The case has ended for ever: it cannot be changed."},
	CodeCorrectionRaises:        {KK: "Түзету соманы көбейтпейді: көп сомаға жаңа құжат қажет.", RU: "Исправление не увеличивает сумму: для большей нужен новый документ.", EN: "A correction does not raise the sum: a higher one needs a new writ."},
	CodeCorrectionField:         {KK: "Түзету сома мен деректемелерді ғана өзгертеді: маман қарайды.", RU: "Исправление меняет только сумму и реквизиты: рассмотрит специалист.", EN: "A correction changes only the sum and the requisites: somebody will look at it."},
	CodeIdentityRefused:         {KK: "Құжат кімге қатысты екені анықталмады: ЖСН-ды, аты-жөнін және туған күнін тексеріп, құжатты жаңа файлмен қайта жіберіңіз.", RU: "Не удалось установить, о ком документ: проверьте ИИН, имя и дату рождения и направьте документ новым файлом.", EN: "Whom the writ means could not be confirmed: check the IIN, the name and the birth date, and send the writ in a new file."},
	CodeSentBack:                {KK: "Маман қарап, құжатты қабылдамады: түзетіп, жаңа файлмен қайта жіберіңіз.", RU: "Специалист рассмотрел документ и не принял его: исправьте и направьте новым файлом.", EN: "Somebody has looked at the writ and does not take it: mend it and send it in a new file."},
	CodeRowFailed:               {KK: "Жолды сақтау мүмкін болмады: қолдау қызметі қарайды.", RU: "Строку не удалось сохранить: разберётся служба поддержки.", EN: "The row could not be stored: support will look at it."},
}

// Message says in kk, ru or en what a code of a row means, in ru where the language is another. An unknown code is given
// back as it is.
func Message(code, lang string) string {
	if names, ok := messages[code]; ok {
		return names.For(lang)
	}
	return code
}

// Codes lists every code that a row can have, in no order.
func Codes() []string { return slices.Collect(maps.Keys(messages)) }

// faults say in three languages what is wrong with a file as a whole and what the sender can do. A [FatalError] besides names
// the row, the fields and, in English, the particulars.
var faults = map[string]calendar.Names{
	FatalEmpty:          {KK: "Файл бос: тақырыбы мен кемінде бір жолы болсын.", RU: "Файл пуст: нужны заголовок и хотя бы одна строка.", EN: "The file is empty: it needs a header and at least one row."},
	FatalFormat:         {KK: "Файл түрі белгісіз: CSV, XLSX, JSON Lines не XML жіберіңіз.", RU: "Вид файла не распознан: отправьте CSV, XLSX, JSON Lines или XML.", EN: "The kind of file is not known: send CSV, XLSX, JSON Lines or XML."},
	FatalHeaderUnknown:  {KK: "Тақырыпта белгісіз баған бар: атауын түзетіңіз не оны алып тастаңыз.", RU: "В заголовке есть неизвестный столбец: исправьте имя или уберите его.", EN: "The header has an unknown column: mend its name or remove it."},
	FatalHeaderMissing:  {KK: "Тақырыпта міндетті баған жоқ: оны қосыңыз.", RU: "В заголовке нет обязательного столбца: добавьте его.", EN: "The header lacks a required column: add it."},
	FatalHeaderTwice:    {KK: "Баған екі рет аталған: біреуін қалдырыңыз.", RU: "Столбец назван дважды: оставьте один.", EN: "A column is named twice: keep one."},
	FatalColumns:        {KK: "Бағандар тым көп: үлгіге сай жіберіңіз.", RU: "Столбцов слишком много: отправьте по образцу.", EN: "There are too many columns: follow the template."},
	FatalRows:           {KK: "Жолдар тым көп: файлды бөліңіз.", RU: "Строк слишком много: разделите файл.", EN: "There are too many rows: split the file."},
	FatalQuote:          {KK: "Тырнақша жабылмаған: жолды түзетіңіз.", RU: "Кавычка не закрыта: исправьте строку.", EN: "A quote is not closed: mend the row."},
	FatalTooLong:        {KK: "Жол тым ұзын: ішінде жабылмаған тырнақша жоқ па, тексеріңіз.", RU: "Строка слишком длинна: проверьте, нет ли в ней незакрытой кавычки.", EN: "A row is too long: look for a quote that is never closed."},
	FatalSource:         {KK: "Жіберуші аталмаған: source бағанын толтырыңыз.", RU: "Отправитель не назван: заполните столбец source.", EN: "The sender is not named: fill in the column source."},
	FatalXML:            {KK: "XML бұзылған не артық бөліктері бар: схема бойынша тексеріңіз.", RU: "XML испорчен или содержит лишнее: проверьте по схеме.", EN: "The XML is broken or has parts that data does not need: check it against the schema."},
	FatalWorkbook:       {KK: "XLSX кітабы бұзылған: қайта сақтап жіберіңіз.", RU: "Книга XLSX испорчена: сохраните её заново и отправьте.", EN: "The workbook is damaged: save it again and send it."},
	FatalArchive:        {KK: "Архив бұзылған не шифрланған: файлды архивсіз жіберіңіз.", RU: "Архив повреждён или зашифрован: отправьте файл без архива.", EN: "The archive is damaged or encrypted: send the file without it."},
	FatalEntries:        {KK: "Архивте дәл бір файл болуы керек.", RU: "В архиве должен быть ровно один файл.", EN: "An archive holds exactly one file."},
	FatalNested:         {KK: "Архив ішінде архив: файлды бір рет қана сығыңыз.", RU: "Архив внутри архива: сожмите файл только один раз.", EN: "An archive in an archive: pack the file once only."},
	FatalUnpacked:       {KK: "Ашылған файл тым үлкен: оны бөліңіз.", RU: "Распакованный файл слишком велик: разделите его.", EN: "The unpacked file is too large: split it."},
	FatalSize:           {KK: "Файл тым үлкен: 50 МБ-тан аспайтын бөліктерге бөліңіз.", RU: "Файл слишком велик: разделите его на части до 50 МБ.", EN: "The file is too large: split it into parts of at most 50 MB."},
	FatalChanged:        {KK: "Файл оқылып жатқанда өзгерді: дайын файлды қайта жіберіңіз.", RU: "Файл изменился во время чтения: отправьте готовый файл снова.", EN: "The file was altered while it was read: send it again when it is complete."},
	FatalManifest:       {KK: "Файл тізімдемесіне сәйкес емес: екеуін де қайта жіберіңіз.", RU: "Файл не соответствует своей описи: отправьте оба снова.", EN: "The file is not the one that its manifest announces: send both again."},
	FatalSourceUnknown:  {KK: "Жіберуші тіркелмеген: атауын не кілтін тексеріңіз.", RU: "Отправитель не зарегистрирован: проверьте имя или ключ.", EN: "The sender is not registered: check the name or the key."},
	FatalSourceInactive: {KK: "Жіберуші өшірулі: оны әкімші қосады.", RU: "Отправитель отключён: включить его может администратор.", EN: "The sender is switched off: an administrator can switch it on."},
	FatalSourceProof:    {KK: "Бұл жіберуші файлдарына қол қояды: файлды қолтаңбасымен бірге жіберіңіз.", RU: "Этот отправитель подписывает свои файлы: отправьте файл вместе с подписью.", EN: "This sender signs batches: send the file together with its signature."},
}

// FaultMessage says in kk, ru or en what the code of a whole file means, in ru where the language is another. An unknown code
// is given back as it is.
func FaultMessage(code, lang string) string {
	if names, ok := faults[code]; ok {
		return names.For(lang)
	}
	return proof.Message(code, lang)
}

// FaultCodes lists every code that a file as a whole can have, besides those of its proof, in no order.
func FaultCodes() []string { return slices.Collect(maps.Keys(faults)) }
