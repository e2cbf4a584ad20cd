package telegram

import "strings"

// What the bot answers, by language. It names no case and no person.
var (
	linked = map[string]string{
		"kk": "Дайын. Енді істеріңіз туралы хабарламалар осында да келеді. Өшіру үшін /stop деп жазыңыз.",
		"ru": "Готово. Теперь уведомления о ваших делах могут приходить и сюда. Чтобы отключить, напишите /stop.",
		"en": "Done. Notices about your cases can now come here too. Write /stop to end it.",
		"ky": "Даяр. Эми иштериңиз боюнча билдирүүлөр бул жерге да келет. Өчүрүү үчүн /stop деп жазыңыз.",
		"uz": "Tayyor. Endi ishlaringiz haqidagi xabarlar shu yerga ham keladi. Oʻchirish uchun /stop deb yozing.",
	}
	badCode = map[string]string{
		"kk": "Бұл сілтеменің мерзімі өтті. Ісіңізді SMS-тегі сілтемемен ашып, Telegram-ды қайта қосыңыз.",
		"ru": "Эта ссылка уже не действует. Откройте своё дело по ссылке из SMS и подключите Telegram ещё раз.",
		"en": "This link is no longer good. Open your case by the link in the SMS and connect Telegram once more.",
		"ky": "Бул шилтеменин мөөнөтү өттү. Ишиңизди SMS'теги шилтеме менен ачып, Telegram'ды кайра кошуңуз.",
		"uz": "Bu havola endi ishlamaydi. Ishingizni SMSdagi havola orqali oching va Telegramni qayta ulang.",
	}
	stopped = map[string]string{
		"kk": "Енді бұл жерге хабарлама келмейді. Хабарламалар SMS арқылы келе береді.",
		"ru": "Сюда больше ничего не придёт. Уведомления будут приходить по SMS.",
		"en": "Nothing will come here any more. Notices will come by SMS.",
		"ky": "Бул жерге мындан ары билдирүү келбейт. Билдирүүлөр SMS аркылуу келе берет.",
		"uz": "Bu yerga endi xabar kelmaydi. Xabarlar SMS orqali keladi.",
	}
)

// say chooses the words by a language or its tag; who has none of ours gets the two languages of the state.
func say(words map[string]string, language string) string {
	base, _, _ := strings.Cut(strings.ToLower(language), "-")
	if w, ok := words[base]; ok {
		return w
	}
	return words["kk"] + "\n\n" + words["ru"]
}
