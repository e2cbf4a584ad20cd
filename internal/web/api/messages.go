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

// messages say in three languages what is wrong with a request and what the sender can do.
var messages = map[string]calendar.Names{
	codeUnauthorized: {KK: "Кілт немесе сертификат белгісіз: Authorization: Bearer тақырыбын тексеріңіз.", RU: "Ключ или сертификат неизвестен: проверьте заголовок Authorization: Bearer.", EN: "The key or certificate is not known: check the header Authorization: Bearer."},
	codeNotFound:     {KK: "Мұндай мекенжай не топтама жоқ: нөмірді тексеріңіз.", RU: "Такого адреса или партии нет: проверьте номер.", EN: "There is no such address or batch: check the number."},
	codeTooOften:     {KK: "Сұраныстар тым жиі: бір минуттан кейін қайталаңыз.", RU: "Слишком много запросов: повторите через минуту.", EN: "Too many requests: try again in a minute."},
	codeKeyMissing:   {KK: "Idempotency-Key тақырыбы жоқ: әр файлға өз кілтін беріңіз.", RU: "Нет заголовка Idempotency-Key: дайте каждому файлу свой ключ.", EN: "The header Idempotency-Key is missing: give every file a key of its own."},
	codeKeyReused:    {KK: "Бұл кілт басқа файлға қолданылған: жаңа файлға жаңа кілт беріңіз.", RU: "Этот ключ уже дан другому файлу: новому файлу нужен новый ключ.", EN: "This key was used for another file: send a new file with a new key."},
	codeParameter:    {KK: "Параметр не тақырып қате: fields өрісін қараңыз.", RU: "Параметр или заголовок неверен: смотрите поле fields.", EN: "A parameter or header is wrong: see the member fields."},
	codeCursor:       {KK: "Бұл орын бізден емес: since параметрінсіз бастаңыз не соңғы next мәнін алыңыз.", RU: "Эта позиция не наша: начните без since или возьмите последнее значение next.", EN: "This cursor is not ours: begin without since, or take the last value of next."},
	codeNotFinished:  {KK: "Топтама әлі өңделуде: аяқталғанда қайталаңыз.", RU: "Партия ещё обрабатывается: повторите, когда она будет завершена.", EN: "The batch is not finished: try again when it is."},
	codeNoWebhook:    {KK: "Вебхук орнатылмаған: әкімшіге хабарласыңыз.", RU: "Вебхук не задан: обратитесь к администратору.", EN: "No webhook is set: ask the operator."},
	codeCutShort:     {KK: "Файл толық келмеді: сол кілтпен қайта жіберіңіз.", RU: "Файл пришёл не полностью: отправьте его снова с тем же ключом.", EN: "The file did not arrive as a whole: send it again with the same key."},
	codeFault:        {KK: "Бізде ақау: сол кілтпен кейінірек қайталаңыз.", RU: "Сбой у нас: повторите позже с тем же ключом.", EN: "Something failed on our side: try again later with the same key."},
}

// requestCodes lists the codes of requests and of files as a whole, in no order.
func requestCodes() []string {
	all := intake.FaultCodes()
	for code := range messages {
		all = append(all, code)
	}
	return all
}
