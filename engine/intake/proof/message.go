package proof

import (
	"maps"
	"slices"

	"robotbailiff/rules/calendar"
)

// messages say in three languages what is wrong with a proof and what the sender can do.
var messages = map[string]calendar.Names{
	CodeMissing:        {KK: "Қолтаңба жоқ: файлды қолтаңбасымен бірге жіберіңіз.", RU: "Подписи нет: направьте файл вместе с подписью.", EN: "There is no signature: send the file together with its signature."},
	CodeMalformed:      {KK: "Қолтаңба оқылмайды немесе рұқсат етілген түрде емес: файлға қайта қол қойыңыз.", RU: "Подпись не читается или не того вида, который разрешён: подпишите файл заново.", EN: "The signature cannot be read or is not of the permitted form: sign the file again."},
	CodeTooLarge:       {KK: "Қолтаңба 64 КБ-тан үлкен: тек қолтаңба мен сертификаттарды жіберіңіз.", RU: "Подпись больше 64 КБ: направьте только подпись и сертификаты.", EN: "The signature is larger than 64 KB: send only the signature and its certificates."},
	CodeAttached:       {KK: "Қолтаңбаның ішінде құжат бар: файлдан бөлек (detached) қолтаңба жасаңыз.", RU: "Подпись содержит документ: создайте отсоединённую (detached) подпись.", EN: "The signature carries a document of its own: make a detached signature."},
	CodeAlgorithm:      {KK: "Алгоритм немесе кілт әлсіз не қолданылмайды: SHA-256 және RSA 2048 бит не ECDSA P-256/P-384 пайдаланыңыз.", RU: "Алгоритм или ключ слаб или не поддерживается: используйте SHA-256 с RSA от 2048 бит или ECDSA P-256/P-384.", EN: "The algorithm or key is weak or not supported: use SHA-256 with RSA of 2048 bits or more, or ECDSA P-256/P-384."},
	CodeGOST:           {KK: "МЕМСТ қолтаңбасын сыртқы тексеруші (NCANode) тексереді, ол қосылмаған: RSA не ECDSA кілтімен қол қойыңыз.", RU: "Подпись по ГОСТ проверяет внешний проверяющий (NCANode), он не подключён: подпишите ключом RSA или ECDSA.", EN: "GOST signatures are checked by an external verifier (NCANode), and none is connected: sign with an RSA or ECDSA key."},
	CodeMismatch:       {KK: "Файл қол қойылғаннан кейін өзгерген: сол файлды қайта жіберіңіз.", RU: "Файл не тот, который подписан: направьте его неизменённым.", EN: "The file is not the one that was signed: send it unchanged."},
	CodeInvalid:        {KK: "Қолтаңба өз сертификатының кілтімен жасалмаған: файлға қайта қол қойыңыз.", RU: "Подпись сделана не ключом своего сертификата: подпишите файл заново.", EN: "The signature was not made with the key of its certificate: sign the file again."},
	CodeWrapped:        {KK: "Қолтаңба бүкіл құжатты қамтымайды: ол түбір элементтің тікелей ішінде, біреу ғана болып, соған сілтеуге тиіс.", RU: "Подпись не покрывает весь документ: она должна быть одна, прямо в корневом элементе, и ссылаться на него.", EN: "The signature does not cover the whole document: there must be one, directly in the root element, and it must refer to that."},
	CodeKind:           {KK: "Бұл жіберуші басқа қолтаңба түрімен тіркелген: тіркелімді тексеріңіз.", RU: "Для этого отправителя задан другой вид подписи: проверьте его регистрацию.", EN: "This sender is registered with another kind of signature: check the registration."},
	CodeUntrusted:      {KK: "Сертификатты сенімді орталық бермеген: тіркелген орталықтың сертификатымен қол қойыңыз.", RU: "Сертификат выдан не доверенным центром: подпишите сертификатом зарегистрированного центра.", EN: "The certificate was not issued by a trusted authority: sign with one of the registered authority."},
	CodeNotAllowed:     {KK: "Бұл адам не ұйым осы жіберуші үшін қол қоя алмайды: рұқсат етілген қолтаңбаны пайдаланыңыз.", RU: "Это лицо или организация не подписывает за этого отправителя: пусть подпишет тот, кто зарегистрирован.", EN: "This person or organisation may not sign for this sender: somebody who is registered has to sign."},
	CodeUsage:          {KK: "Сертификат қол қоюға арналмаған: қол қою сертификатын пайдаланыңыз.", RU: "Сертификат не предназначен для подписи: используйте сертификат подписи.", EN: "The certificate is not meant for signing: use a signing certificate."},
	CodeExpired:        {KK: "Сертификаттың мерзімі өткен: жаңасын алып, қайта қол қойыңыз.", RU: "Срок сертификата истёк: получите новый и подпишите заново.", EN: "The certificate has expired: get a new one and sign again."},
	CodeNotYetValid:    {KK: "Сертификаттың мерзімі әлі басталмаған: күні келгенде жіберіңіз.", RU: "Срок сертификата ещё не начался: направьте, когда он начнётся.", EN: "The certificate is not valid yet: send the file when it is."},
	CodeDocument:       {KK: "XML құжаты рұқсат етілген түрде емес: UTF-8, бір түбір элемент, DOCTYPE мен нұсқауларсыз болсын.", RU: "XML не того вида, который разрешён: UTF-8, один корневой элемент, без DOCTYPE и инструкций обработки.", EN: "The XML is not of the permitted form: UTF-8, one root element, no DOCTYPE and no processing instructions."},
	CodeDocumentTooBig: {KK: "XML қолтаңбасы үшін құжат тым үлкен: бөліңіз немесе бөлек CMS қолтаңбасын пайдаланыңыз.", RU: "Документ слишком велик для подписи внутри XML: разделите его или используйте отсоединённую подпись CMS.", EN: "The document is too large for a signature inside XML: split it, or use a detached CMS signature."},
}

// Message says in kk, ru or en what a code of [Error] means and what to do, in ru where the language is another. An
// unknown code is given back as it is.
func Message(code, lang string) string {
	if names, ok := messages[code]; ok {
		return names.For(lang)
	}
	return code
}

// Codes lists every code of [Error], in no order.
func Codes() []string { return slices.Collect(maps.Keys(messages)) }
