package text

// Reasons are the codes of why an objection was declined. The words are few and fit into an SMS; the answer in full stands behind
// the link.
var Reasons = []string{"no_payment", "same_person", "sum_right", "notified", "no_proof", "in_answer"}

// longestReason takes the most room in every language; a test compares.
const longestReason = "notified"

var (
	kazakhReasons = map[string]string{
		"no_payment": "төлем табылмады", "same_person": "жеке басыңыз расталды", "sum_right": "сома дұрыс",
		"notified": "хабарлама жеткізілген", "no_proof": "дәлел жеткіліксіз", "in_answer": "себебі жауапта",
	}
	russianReasons = map[string]string{
		"no_payment": "оплата не найдена", "same_person": "личность подтверждена", "sum_right": "сумма верна",
		"notified": "уведомление доставлено", "no_proof": "не подтверждено", "in_answer": "причина в ответе",
	}
	englishReasons = map[string]string{
		"no_payment": "no payment was found", "same_person": "you are the debtor", "sum_right": "the sum is right",
		"notified": "the notice was delivered", "no_proof": "not enough proof", "in_answer": "see the answer",
	}
	kyrgyzReasons = map[string]string{
		"no_payment": "төлөм табылган жок", "same_person": "сиз карызкорсуз", "sum_right": "сумма туура",
		"notified": "билдирүү жеткирилген", "no_proof": "далил жетишсиз", "in_answer": "себеби жоопто",
	}
	uzbekReasons = map[string]string{ // in the letters of an SMS
		"no_payment": "pul kelmagan", "same_person": "siz qarzdorsiz", "sum_right": "summa aniq",
		"notified": "xabar yetkazilgan", "no_proof": "dalil kam", "in_answer": "sababi javobda",
	}
)
