package breaker

import (
	"strconv"
	"strings"

	"robotbailiff/engine/stop"
	"robotbailiff/rules/calendar"
)

// whys say how a breaker stands, and so why it opened.
var whys = map[string]calendar.Names{
	Arrests:    {KK: "Осы сағатта {count} тыйым: апта сағатының әдеттегісі {of}, шек {limit}.", RU: "Арестов за этот час: {count}; обычно в этот час недели {of}, предел {limit}.", EN: "{count} arrests in this hour: {of} are usual for this hour of the week, the limit is {limit}."},
	Person:     {KK: "Бүгін бір адамға {count} іс ашылды: шек {limit}.", RU: "Сегодня на одного человека открыто дел: {count}; предел {limit}.", EN: "{count} cases were opened against one person today: the limit is {limit}."},
	Rejects:    {KK: "Банктердің {of} жауабының {count} бас тарту: шек {limit} %.", RU: "Отказов банков: {count} из {of} ответов; предел {limit} %.", EN: "Banks refused {count} of {of} orders: the limit is {limit} %."},
	Objections: {KK: "Бір тәулікте {count} қарсылық («бұл мен емес» дегенді қоса), хабарланғаны {of}: шек {limit} %.", RU: "За сутки возражений, вместе с «это не я»: {count} при {of} уведомлённых; предел {limit} %.", EN: "{count} objections in a day, those of another person among them, of {of} told: the limit is {limit} %."},
	Refusals:   {KK: "Бір тәулікте {count} бас тарту, хабарланғаны {of}: шек {limit} %.", RU: "Отказов от упрощённого порядка за сутки: {count} при {of} уведомлённых; предел {limit} %.", EN: "{count} refusals in a day, of {of} told: the limit is {limit} %."},
	Lifts:      {KK: "{count} тыйым алу ширек сағаттан көп күтіп тұр: шек {limit}.", RU: "Снятий ареста, ждущих больше четверти часа: {count}; предел {limit}.", EN: "{count} lifts have waited for over a quarter of an hour: the limit is {limit}."},
	LiftsOld:   {KK: "{count} тыйым алу бір сағаттан көп күтіп тұр: шек {limit}.", RU: "Снятий ареста, ждущих больше часа: {count}; предел {limit}.", EN: "{count} lifts have waited for over an hour: the limit is {limit}."},
	Bank:       {KK: "Бір сағатта осы банкке {count} тыйым жіберілді: шек {limit}.", RU: "За час этому банку отправлено арестов: {count}; предел {limit}.", EN: "{count} arrests were sent to this bank within an hour: the limit is {limit}."},
	Violations: {KK: "Тексеру бұзылған {count} уәде тапты.", RU: "Проверка нашла нарушенных обещаний: {count}.", EN: "The check found {count} broken promises."},
}

// WhyStopped is the reason of a stop: what a person wrote, or in the reader's language what the breaker saw.
func WhyStopped(s *stop.Stop, lang string) string {
	if name := s.Breaker(); name != "" && s.Figures != nil {
		return Why(name, *s.Figures, lang)
	}
	return s.Reason
}

// Why says in kk, ru or en, in ru where the language is another, how a breaker stands.
func Why(name string, f stop.Figures, lang string) string {
	names, known := whys[name]
	if !known {
		return name
	}
	text := names.In(lang)
	if text == "" {
		text = names.RU
	}
	n := func(v int64) string { return strconv.FormatInt(v, 10) }
	return strings.NewReplacer("{count}", n(f.Count), "{of}", n(f.Of), "{limit}", n(f.Limit)).Replace(text)
}
