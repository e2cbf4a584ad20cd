package text

import "time"

var uzbekMonths = [12]string{
	"yanvar", "fevral", "mart", "aprel", "may", "iyun", "iyul", "avgust", "sentabr", "oktabr", "noyabr", "dekabr",
}

// In an SMS oʻ and gʻ are written with the plain apostrophe: the proper letter is not in
// the GSM alphabet and would cut the room of the whole message by more than half.
var uzbek = language{
	latin: true,
	sms:   style{sum: plainSum, day: shortDay, at: shortTime},
	push: style{sum: spacedSum, day: dayMonth("-", uzbekMonths), at: func(t time.Time) string {
		return t.Format("2-") + uzbekMonths[t.Month()-1] + t.Format(", 15:04")
	}},
	kinds: compile(map[Kind]Wording{
		Opening: {
			SMS: []string{
				"Qozog'iston Adliya departamenti: {case} raqamli ish ({initials}), qarz {amount} tenge. {until} gacha qo'shimcha haqsiz to'lang: {link}",
				"Qozog'iston Adliya departamenti: {case} raqamli ish, qarz {amount} tenge. {until} gacha qo'shimcha haqsiz to'lang: {link}",
				"Qozog'iston Adliya departamenti {case} raqamli ishni ochdi. Batafsil: {link}",
			},
			Title: "{case} raqamli ish ochildi",
			Body: []string{
				"{initials}, Adliya departamenti kuchga kirgan qaror boʻyicha qarzni undirish ishini ochdi.|Adliya departamenti kuchga kirgan qaror boʻyicha qarzni undirish ishini ochdi.",
				"Qarz: {amount} tenge.",
				"{until}gacha (shu kun ham kiradi) qoʻshimcha haqsiz toʻlashingiz mumkin.",
				"Kim, nima uchun va qanday toʻlash: {link}",
			},
			Letter: []string{
				"{case} raqamli ish boʻyicha xabarnoma",
				"Qozogʻiston Adliya departamenti kuchga kirgan qaror boʻyicha qarzni undirish ishini ochdi. Ish soddalashtirilgan tartibda yuritiladi.",
				"Sizga SMS yetkazilgani tasdiqlanmagani uchun bu xabarnoma xat bilan yuborildi.",
				"Toʻlanadigan summa: {amount} tenge.",
				"{until}gacha (shu kun ham kiradi) qoʻshimcha haqsiz toʻlashingiz mumkin.",
				"Bu xat topshirilgandan keyin ixtiyoriy toʻlash muddati boshlanadi. U tugab, qarz toʻlanmasa, hisobingizdagi qolgan qarzdan oshmaydigan summa xatlanishi mumkin.",
				"Soddalashtirilgan tartibni rad etishga haqlisiz: u holda ish xususiy sud ijrochisiga oʻtadi va qarzga uning haqi qoʻshiladi.",
				"Kim va nima uchun undiradi, qanday toʻlash yoki eʼtiroz bildirish: {link}",
				"Toʻlab boʻldingizmi? Hech narsa qilish kerak emas. SMS kodlari va karta maʼlumotlarini soʻramaymiz.",
			},
		},
		Reminder: {
			SMS: []string{
				"{case}: {amount} tenge hali to'lanmagan. {until} gacha to'lasangiz, hisobingiz xatlanmaydi: {host}",
				"{case}: hali to'lanmagan. {until} gacha to'lasangiz, hisobingiz xatlanmaydi: {host}",
				"{case}: qarz hali to'lanmagan. {host}",
			},
			Title: "{case} raqamli ish: eslatma",
			Body: []string{
				"Ish boʻyicha qarz hali toʻlanmagan.",
				"Toʻlanadigan summa: {amount} tenge, qoʻshimcha haqsiz.",
				"{until}gacha (shu kun ham kiradi) hisoblaringizdagi pul xatlanmaydi.",
				"Toʻlab boʻldingizmi? Hech narsa qilish shart emas.",
				"Toʻlash yoki eʼtiroz bildirish: {link}",
			},
		},
		Arrest: {
			SMS: []string{
				"{case}: hisobingizdagi {amount} tenge xatlandi, bu qarzdan oshmaydi. To'lash: {host}",
				"{case}: hisobingizdagi pul xatlandi. To'lash: {host}",
			},
			Title: "{case} raqamli ish: hisobdagi pul xatlandi",
			Body: []string{
				"Bitta hisobingizdagi {amount} tenge xatlandi, bu qolgan qarzdan oshmaydi.|Bitta hisobingizda qarz miqdori xatlandi.",
				"Qolgan pulingizdan foydalanavering.",
				"Toʻliq toʻlasangiz, xatlov avtomatik ravishda olinadi, maʼlumotnoma kerak emas.",
				"{until}gacha (shu kun ham kiradi) qoʻshimcha haqsiz toʻlash: {link}|Toʻlash: {link}",
			},
		},
		PartPaid: {
			SMS: []string{
				"{case}: {amount} tenge tushdi. Qolgan {left} tengeni {until} gacha qo'shimcha haqsiz to'lang. {host}",
				"{case}: yana {left} tenge qoldi. {host}",
				"{case}: to'lov tushdi. {host}",
			},
			Title: "{case} raqamli ish: toʻlov tushdi",
			Body: []string{
				"{amount} tenge tushdi.",
				"{left} tenge qoldi.",
				"Qolganini {until}gacha (shu kun ham kiradi) qoʻshimcha haqsiz toʻlashingiz mumkin.",
				"{?arrest}Xatlangan summani qolgan qarzgacha kamaytiramiz.",
				"Batafsil: {link}",
			},
		},
		Corrected: {
			SMS: []string{
				"{case}: summa kamaytirildi. Endi {left} tengeni {until} gacha qo'shimcha haqsiz to'lang. {host}",
				"{case}: summa kamaytirildi, {left} tenge qoldi. {host}",
				"{case}: qarz summasi kamaytirildi. {host}",
			},
			Title: "{case} raqamli ish: summa kamaytirildi",
			Body: []string{
				"Qaror chiqargan organ summani kamaytirdi.",
				"Endi {left} tenge toʻlash kerak.",
				"Uni {until}gacha (shu kun ham kiradi) qoʻshimcha haqsiz toʻlashingiz mumkin.",
				"{?arrest}Xatlangan summani qolgan qarzgacha kamaytiramiz.",
				"Batafsil: {link}",
			},
		},
		Prolonged: {
			SMS: []string{
				"{case}: to'lash muddati {until} gacha uzaytirildi, {left} tenge qoldi. {host}",
				"{case}: to'lash muddati {until} gacha uzaytirildi. {host}",
				"{case}: to'lash muddati uzaytirildi. {host}",
			},
			Title: "{case} raqamli ish: muddat uzaytirildi",
			Body: []string{
				"Biz bir necha kun hech qanday chora koʻrmadik.",
				"Bu kunlar sizga qarshi hisoblanmaydi.",
				"Endi {until}gacha (shu kun ham kiradi) qoʻshimcha haqsiz toʻlashingiz mumkin.",
				"Qolgan qarz: {left} tenge.",
				"Batafsil: {link}",
			},
		},
		Paid: {
			SMS: []string{
				"{?arrest}{case}: qarz to'liq to'landi, ish yopildi, hisobingiz xatlovdan chiqariladi. Rahmat. {host}",
				"{case}: {amount} tenge tushdi, qarz to'liq to'landi, ish yopildi. Rahmat. {host}",
				"{case}: qarz to'liq to'landi, ish yopildi. Rahmat. {host}",
			},
			Title: "{case} raqamli ish yopildi",
			Body: []string{
				"{amount} tenge tushdi, qarz toʻliq toʻlandi.|Qarz toʻliq toʻlandi.",
				"{?arrest}Hisobingizni xatlovdan oʻzimiz chiqaramiz, maʼlumotnoma va chek kerak emas.",
				"Rahmat.",
				"Batafsil: {link}",
			},
		},
		Cancelled: {
			SMS:   []string{"{case}: qaror bekor qilindi, to'lash shart emas. {host}"},
			Title: "{case} raqamli ish yopildi",
			Body: []string{
				"Undirish uchun asos boʻlgan qaror bekor qilindi. Toʻlash shart emas.",
				"{?arrest}Hisobingizni xatlovdan oʻzimiz chiqaramiz.",
				"Pul ushlab qolingan boʻlsa, qaytariladi.",
				"Batafsil: {link}",
			},
		},
		NotYours: {
			SMS:   []string{"{case}: bu ish sizga tegishli emas, to'lash shart emas. {host}"},
			Title: "{case} raqamli ish yopildi",
			Body: []string{
				"Undirish uchun asos boʻlgan hujjat sizga tegishli emas ekan. Toʻlash shart emas.",
				"{?arrest}Hisobingizni xatlovdan oʻzimiz chiqaramiz.",
				"Pul ushlab qolingan boʻlsa, qaytariladi.",
				"Avvalgi havolalar endi ochilmaydi. Maʼlumot: {host}",
			},
		},
		HandedOver: {
			SMS:   []string{"{case}: ish xususiy sud ijrochisiga o'tkazildi. Batafsil: {host}"},
			Title: "{case} raqamli ish xususiy sud ijrochisida",
			Body: []string{
				"Ish xususiy sud ijrochisiga oʻtkazildi: {bailiff}.|Ish xususiy sud ijrochisiga oʻtkazildi.",
				"Endi toʻlov u orqali boradi, qarzga uning qonunda belgilangan haqi qoʻshiladi.",
				"Toʻlab boʻldingizmi? Ishni tekshiring: {link}",
			},
		},
		Refusal: {
			SMS: []string{
				"{case}: rad etishingiz qabul qilindi. Uni {at} gacha qaytarib olish mumkin: {host}",
				"{case}: rad etishingiz qabul qilindi. {host}",
			},
			Title: "{case} raqamli ish: rad etish qabul qilindi",
			Body: []string{
				"Soddalashtirilgan tartibni rad etdingiz.",
				"Buni qaytarib olishning oxirgi muddati: {at}. Keyin ish xususiy sud ijrochisiga oʻtadi va qarzga uning haqi qoʻshiladi.|Ish xususiy sud ijrochisiga oʻtadi va qarzga uning haqi qoʻshiladi.",
				"Bu siz emasmidingiz? Ishni oching: {link}",
			},
		},
		RefundDue: {
			SMS: []string{
				"{case}: sizga {amount} tenge qaytariladi. Qanday olish: {host}",
				"{case}: sizga pul qaytariladi. Qanday olish: {host}",
			},
			Title: "{case} raqamli ish: sizga pul qaytariladi",
			Body: []string{
				"Keragidan ortiq pul tushdi. Sizga {amount} tenge qaytariladi.|Keragidan ortiq pul tushdi. Ortiqchasi sizga qaytariladi.",
				"SMS kodi va karta maʼlumotlarini soʻramaymiz.",
				"Qanday olish mumkin: {link}",
			},
		},
		Objection: {
			SMS: []string{
				"{case}: e'tirozingiz olindi, {until} gacha javob beramiz. {host}",
				"{case}: e'tirozingiz olindi. {host}",
			},
			Title: "{case} raqamli ish: eʼtiroz olindi",
			Body: []string{
				"Eʼtirozingizni oldik, uni mutaxassis koʻrib chiqadi.",
				"{until}gacha (shu kun ham kiradi) javob beramiz.",
				"Javob berilguncha yangi chora koʻrilmaydi, bu kunlar sizga qarshi hisoblanmaydi.",
				"Batafsil: {link}",
			},
		},
		ObjectionAccepted: {
			SMS:   []string{"{case}: e'tirozingiz asosli deb topildi. {host}"},
			Title: "{case} raqamli ish: siz haqsiz",
			Body: []string{
				"Mutaxassis eʼtirozingizni koʻrib chiqib, uni asosli deb topdi.",
				"Keyin nima boʻladi: {link}",
			},
		},
		ObjectionDeclined: {
			SMS: []string{
				"{case}: e'tirozingiz rad etildi: {reason}. Javob va unga shikoyat qilish: {link}",
				"{case}: e'tirozingizga javob bor. {link}",
			},
			Title: "{case} raqamli ish: eʼtirozga javob",
			Body: []string{
				"Mutaxassis eʼtirozingizni koʻrib chiqib, rad etdi: {reason}.|Mutaxassis eʼtirozingizni koʻrib chiqib, rad etdi.",
				"Bu xabardan keyin ish davom etadi.",
				"Toʻliq javob va unga qanday shikoyat qilish mumkin: {link}",
			},
		},
		NewLink: {
			SMS: []string{
				"Qozog'iston Adliya departamenti: {case} raqamli ish bo'yicha yangi shaxsiy havola, avvalgisi endi ochilmaydi: {link}",
				"{case} raqamli ish: yangi havola {link}",
			},
			Title: "{case} raqamli ish: yangi havola",
			Body: []string{
				"Ishning avvalgi shaxsiy havolasi endi ochilmaydi.",
				"Yangisini hech kimga bermang: {link}",
			},
		},
	}),
	reasons: uzbekReasons,
}
