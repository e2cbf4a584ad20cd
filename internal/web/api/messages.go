package api

import (
	"robotbailiff/engine/intake"
	"robotbailiff/rules/calendar"
)

// Codes of requests, besides those of files, rows and proofs.
const (
	codeUnauthorized = "unauthorized"
	codeNotFound     = "not_found"
	codeTooOften     = "too_many_requests"
	codeKeyMissing   = "idempotency_key_missing"
	codeKeyReused    = "idempotency_key_reused"
	codeParameter    = "parameter_invalid"
	codeCursor       = "cursor_invalid"
	codeNotFinished  = "batch_not_finished"
	codeNoWebhook    = "webhook_missing"
	codeCutShort     = "upload_cut_short"
	codeFault        = "internal_error"
)

// messages say in three languages what is wrong with a request or a file as a whole, and what the sender can do.
var messages = map[string]calendar.Names{
	codeUnauthorized: {KK: "Кілт немесе сертификат белгісіз: Authorization: Bearer тақырыбын тексеріңіз.", RU: "Ключ или сертификат неизвестен: проверьте заголовок Authorization: Bearer.", EN: "The key or certificate is not known: check the header Authorization: Bearer."},
	codeNotFound:     {KK: "Мұндай мекенжай не топтама жоқ: нөмірді тексеріңіз.", RU: "Такого адреса или пакета нет: проверьте номер.", EN: "There is no such address or batch: check the number."},
	codeTooOften:     {KK: "Сұраныстар тым жиі: бір минуттан кейін қайталаңыз.", RU: "Слишком много запросов: повторите через минуту.", EN: "Too many requests: try again in a minute."},
	codeKeyMissing:   {KK: "Idempotency-Key тақырыбы жоқ: әр файлға өз кілтін беріңіз.", RU: "Нет заголовка Idempotency-Key: дайте каждому файлу свой ключ.", EN: "The header Idempotency-Key is missing: give every file a key of its own."},
	codeKeyReused:    {KK: "Бұл кілт басқа файлға қолданылған: жаңа файлға жаңа кілт беріңіз.", RU: "Этот ключ уже дан другому файлу: новому файлу нужен новый ключ.", EN: "This key was used for another file: send a new file with a new key."},
	codeParameter:    {KK: "Параметр не тақырып қате: fields өрісін қараңыз.", RU: "Параметр или заголовок неверен: смотрите поле fields.", EN: "A parameter or header is wrong: see the member fields."},
	codeCursor:       {KK: "Бұл орын бізден емес: since параметрінсіз бастаңыз не соңғы next мәнін алыңыз.", RU: "Эта позиция не наша: начните без since или возьмите последнее значение next.", EN: "This cursor is not ours: begin without since, or take the last value of next."},
	codeNotFinished:  {KK: "Топтама әлі өңделуде: аяқталғанда қайталаңыз.", RU: "Пакет ещё обрабатывается: повторите, когда он будет завершён.", EN: "The batch is not finished: try again when it is."},
	codeNoWebhook:    {KK: "Вебхук орнатылмаған: әкімшіге хабарласыңыз.", RU: "Вебхук не задан: обратитесь к администратору.", EN: "No webhook is set: ask the operator."},
	codeCutShort:     {KK: "Файл толық келмеді: сол кілтпен қайта жіберіңіз.", RU: "Файл пришёл не полностью: отправьте его снова с тем же ключом.", EN: "The file did not arrive as a whole: send it again with the same key."},
	codeFault:        {KK: "Бізде ақау: сол кілтпен кейінірек қайталаңыз.", RU: "Сбой у нас: повторите позже с тем же ключом.", EN: "Something failed on our side: try again later with the same key."},

	intake.FatalEmpty:         {KK: "Файл бос: тақырыбы мен кемінде бір жолы болсын.", RU: "Файл пуст: нужны заголовок и хотя бы одна строка.", EN: "The file is empty: it needs a header and at least one row."},
	intake.FatalFormat:        {KK: "Файл түрі белгісіз: CSV, XLSX, JSON Lines не XML жіберіңіз.", RU: "Вид файла не распознан: отправьте CSV, XLSX, JSON Lines или XML.", EN: "The kind of file is not known: send CSV, XLSX, JSON Lines or XML."},
	intake.FatalHeaderUnknown: {KK: "Тақырыпта белгісіз баған бар: fields өрісін қараңыз.", RU: "В заголовке есть неизвестный столбец: смотрите fields.", EN: "The header has an unknown column: see fields."},
	intake.FatalHeaderMissing: {KK: "Тақырыпта міндетті баған жоқ: fields өрісін қараңыз.", RU: "В заголовке нет обязательного столбца: смотрите fields.", EN: "The header lacks a required column: see fields."},
	intake.FatalHeaderTwice:   {KK: "Баған екі рет аталған: fields өрісін қараңыз.", RU: "Столбец назван дважды: смотрите fields.", EN: "A column is named twice: see fields."},
	intake.FatalColumns:       {KK: "Бағандар тым көп: үлгіге сай жіберіңіз.", RU: "Столбцов слишком много: отправьте по образцу.", EN: "There are too many columns: follow the template."},
	intake.FatalRows:          {KK: "Жолдар тым көп: файлды бөліңіз.", RU: "Строк слишком много: разделите файл.", EN: "There are too many rows: split the file."},
	intake.FatalQuote:         {KK: "Тырнақша жабылмаған: row өрісіндегі жолды түзетіңіз.", RU: "Кавычка не закрыта: исправьте строку из поля row.", EN: "A quote is not closed: mend the row named in row."},
	intake.FatalTooLong:       {KK: "Жол тым ұзын: row өрісіндегі жолды түзетіңіз.", RU: "Строка слишком длинна: исправьте строку из поля row.", EN: "A row is too long: mend the one named in row."},
	intake.FatalSource:        {KK: "Жіберуші аталмаған: source бағанын толтырыңыз.", RU: "Отправитель не назван: заполните столбец source.", EN: "The sender is not named: fill in the column source."},
	intake.FatalXML:           {KK: "XML бұзылған не артық бөліктері бар: схема бойынша тексеріңіз.", RU: "XML испорчен или содержит лишнее: проверьте по схеме.", EN: "The XML is broken or has parts that data does not need: check it against the schema."},
	intake.FatalWorkbook:      {KK: "XLSX кітабы бұзылған: қайта сақтап жіберіңіз.", RU: "Книга XLSX испорчена: сохраните её заново и отправьте.", EN: "The workbook is damaged: save it again and send it."},
	intake.FatalArchive:       {KK: "Архив бұзылған не шифрланған: файлды архивсіз жіберіңіз.", RU: "Архив повреждён или зашифрован: отправьте файл без архива.", EN: "The archive is damaged or encrypted: send the file without it."},
	intake.FatalEntries:       {KK: "Архивте дәл бір файл болуы керек.", RU: "В архиве должен быть ровно один файл.", EN: "An archive holds exactly one file."},
	intake.FatalNested:        {KK: "Архив ішінде архив: файлды бір рет қана сығыңыз.", RU: "Архив внутри архива: сожмите файл только один раз.", EN: "An archive in an archive: pack the file once only."},
	intake.FatalUnpacked:      {KK: "Ашылған файл тым үлкен: оны бөліңіз.", RU: "Распакованный файл слишком велик: разделите его.", EN: "The unpacked file is too large: split it."},
	intake.FatalSize:          {KK: "Файл тым үлкен: 50 МБ-тан аспайтын бөліктерге бөліңіз.", RU: "Файл слишком велик: разделите его на части до 50 МБ.", EN: "The file is too large: split it into parts of at most 50 MB."},
	intake.FatalChanged:       {KK: "Файл оқылып жатқанда өзгерді: дайын файлды қайта жіберіңіз.", RU: "Файл изменился во время чтения: отправьте готовый файл снова.", EN: "The file was altered while it was read: send it again when it is complete."},
}

func requestCodes() []string {
	all := make([]string, 0, len(messages))
	for code := range messages {
		all = append(all, code)
	}
	return all
}
