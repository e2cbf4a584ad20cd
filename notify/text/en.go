package text

import (
	"time"

	"robotbailiff/rules/calendar"
)

var english = language{
	latin: true,
	sms: style{
		sum: englishSum,
		day: func(d calendar.Date) string { return d.UTC().Format("2 Jan") },
		at:  func(t time.Time) string { return t.Format("15:04 on 2 Jan") },
	},
	push: style{
		sum: englishSum,
		day: func(d calendar.Date) string { return d.UTC().Format("2 January") },
		at:  func(t time.Time) string { return t.Format("15:04 on 2 January") },
	},
	kinds: compile(map[Kind]Wording{
		Opening: {
			SMS: []string{
				"Kazakhstan, Department of Justice: case {case} ({initials}), debt KZT {amount}. Pay by {until} with no extra charge: {link}",
				"Kazakhstan, Department of Justice: case {case}, debt KZT {amount}. Pay by {until} with no extra charge: {link}",
				"Kazakhstan, Department of Justice: case {case} was opened. Details: {link}",
			},
			Title: "Case {case} was opened",
			Body: []string{
				"{initials}, the Department of Justice has opened a case to collect a debt under a decision in force.|The Department of Justice has opened a case to collect a debt under a decision in force.",
				"Debt: KZT {amount}.",
				"You can pay until the end of {until} with no extra charge.",
				"Who, what for and how to pay: {link}",
			},
			Letter: []string{
				"Notice in case {case}",
				"The Department of Justice of Kazakhstan has opened a case to collect a debt under a decision in force. The case follows the simplified procedure.",
				"No SMS is proven to have reached you, so this notice comes by letter.",
				"To pay: KZT {amount}.",
				"You can pay until the end of {until} with no extra charge.",
				"The time for voluntary payment begins when this letter is delivered. If it ends and the debt is not paid, money may be held on your account, no more than what you still owe.",
				"You may opt out of the simplified procedure: the case then goes to a private bailiff, whose fee is added to the debt.",
				"Who collects and what for, how to pay or to object: {link}",
				"Already paid? There is nothing to do. We never ask for SMS codes or card details.",
			},
		},
		Reminder: {
			SMS: []string{
				"Case {case}: KZT {amount} is not paid yet. Pay by {until} and no money is held on your accounts: {host}",
				"Case {case}: not paid yet. Pay by {until} and no money is held on your accounts: {host}",
				"Case {case}: the debt is not paid yet. {host}",
			},
			Title: "Case {case}: a reminder",
			Body: []string{
				"The debt of this case is not paid yet.",
				"To pay: KZT {amount}, with no extra charge.",
				"Until the end of {until} no money is held on your accounts.",
				"Have you paid already? Then there is nothing to do.",
				"Pay or object: {link}",
			},
		},
		Arrest: {
			SMS: []string{
				"Case {case}: KZT {amount} is held on your account, no more than the debt. Paying in full lifts the hold: {host}",
				"Case {case}: money is held on your account. Paying in full lifts the hold: {host}",
			},
			Title: "Case {case}: money held on an account",
			Body: []string{
				"KZT {amount} is held on your account, no more than what you still owe.|The sum you owe is held on your account.",
				"You can use the rest of your money.",
				"When you pay in full the hold is lifted automatically, no papers needed.",
				"Pay until the end of {until} with no extra charge: {link}|Pay: {link}",
			},
		},
		PartPaid: {
			SMS: []string{
				"Case {case}: KZT {amount} received, KZT {left} left to pay by {until} with no extra charge. {host}",
				"Case {case}: KZT {left} left to pay. {host}",
				"Case {case}: your payment was received. {host}",
			},
			Title: "Case {case}: payment received",
			Body: []string{
				"KZT {amount} was received.",
				"KZT {left} is left to pay.",
				"You can pay it until the end of {until} with no extra charge.",
				"{?arrest}The hold on your account is being reduced to match.",
				"Details: {link}",
			},
		},
		Corrected: {
			SMS: []string{
				"Case {case}: the sum was lowered. KZT {left} to pay by {until} with no extra charge. {host}",
				"Case {case}: the sum was lowered to KZT {left}. {host}",
				"Case {case}: the sum was lowered. {host}",
			},
			Title: "Case {case}: the sum was lowered",
			Body: []string{
				"The authority that took the decision has lowered the sum.",
				"KZT {left} is left to pay.",
				"You can pay it until the end of {until} with no extra charge.",
				"{?arrest}The hold on your account is being reduced to match.",
				"Details: {link}",
			},
		},
		Prolonged: {
			SMS: []string{
				"Case {case}: you now have until the end of {until} to pay KZT {left} with no extra charge. {host}",
				"Case {case}: you now have until the end of {until} to pay. {host}",
				"Case {case}: you have more time to pay. {host}",
			},
			Title: "Case {case}: more time to pay",
			Body: []string{
				"For some days we took no measures.",
				"Those days do not count against you.",
				"You can now pay until the end of {until} with no extra charge.",
				"Left to pay: KZT {left}.",
				"Details: {link}",
			},
		},
		Paid: {
			SMS: []string{
				"{?arrest}Case {case}: paid in full and closed. The hold on your account is being lifted. Thank you. {host}",
				"Case {case}: KZT {amount} received, paid in full and closed. Thank you. {host}",
				"Case {case}: paid in full and closed. Thank you. {host}",
			},
			Title: "Case {case} is closed",
			Body: []string{
				"KZT {amount} was received and the debt is paid in full.|The debt is paid in full.",
				"{?arrest}We are lifting the hold on your account, no papers or receipts needed.",
				"Thank you.",
				"Details: {link}",
			},
		},
		Cancelled: {
			SMS:   []string{"Case {case}: the decision was cancelled, you do not need to pay. {host}"},
			Title: "Case {case} is closed",
			Body: []string{
				"The decision behind this case was cancelled. You do not need to pay.",
				"{?arrest}We are lifting the hold on your account.",
				"Any money already taken will be returned.",
				"Details: {link}",
			},
		},
		NotYours: {
			SMS:   []string{"Case {case} was not about you. It is closed, you do not need to pay. {host}"},
			Title: "Case {case} is closed",
			Body: []string{
				"The document behind this case was about somebody else. You do not need to pay.",
				"{?arrest}We are lifting the hold on your account.",
				"Any money already taken will be returned.",
				"Earlier links no longer open. Information: {host}",
			},
		},
		HandedOver: {
			SMS:   []string{"Case {case} was passed to a private bailiff. Details: {host}"},
			Title: "Case {case} is with a private bailiff",
			Body: []string{
				"The case was passed to a private bailiff: {bailiff}.|The case was passed to a private bailiff.",
				"Payments now go through the bailiff, whose fee set by law is added to the debt.",
				"Already paid? Check the case: {link}",
			},
		},
		Refusal: {
			SMS: []string{
				"Case {case}: your opt-out was received. You can undo it until {at}: {host}",
				"Case {case}: your opt-out was received. {host}",
			},
			Title: "Case {case}: opt-out received",
			Body: []string{
				"You opted out of the simplified procedure.",
				"You can undo this until {at}. After that the case goes to a private bailiff, whose fee is added to the debt.|The case goes to a private bailiff, whose fee is added to the debt.",
				"Was this not you? Open the case: {link}",
			},
		},
		RefundDue: {
			SMS: []string{
				"Case {case}: KZT {amount} will be returned to you. How to receive it: {host}",
				"Case {case}: money will be returned to you. How to receive it: {host}",
			},
			Title: "Case {case}: money will be returned",
			Body: []string{
				"More money came in than was owed. KZT {amount} will be returned to you.|More money came in than was owed. The rest will be returned to you.",
				"We never ask for SMS codes or card details.",
				"How to receive it: {link}",
			},
		},
		Objection: {
			SMS: []string{
				"Case {case}: your objection was received. We answer until {until}. {host}",
				"Case {case}: your objection was received. {host}",
			},
			Title: "Case {case}: objection received",
			Body: []string{
				"We received your objection. A specialist looks at it.",
				"We answer by {until}, that day included.",
				"Until then there are no new measures, and these days do not count against you.",
				"Details: {link}",
			},
		},
		ObjectionAccepted: {
			SMS:   []string{"Case {case}: your objection was found to be right. {host}"},
			Title: "Case {case}: you are right",
			Body: []string{
				"A specialist looked at your objection and found that you are right.",
				"What comes next: {link}",
			},
		},
		ObjectionDeclined: {
			SMS: []string{
				"Case {case}: your objection was declined: {reason}. The answer, and how to appeal: {link}",
				"Case {case}: your objection was answered. {link}",
			},
			Title: "Case {case}: answer to your objection",
			Body: []string{
				"A specialist looked at your objection and declined it: {reason}.|A specialist looked at your objection and declined it.",
				"After this message the case goes on.",
				"The whole answer, and how to appeal it: {link}",
			},
		},
		NewLink: {
			SMS: []string{
				"Kazakhstan, Department of Justice: a new personal link to case {case}, the old one no longer opens: {link}",
				"Case {case}: a new link {link}",
			},
			Title: "Case {case}: a new link",
			Body: []string{
				"The old personal link to the case no longer opens.",
				"Here is the new one, do not pass it on: {link}",
			},
		},
	}),
	reasons: englishReasons,
}
