package story

import (
	"regexp"
	"strings"
	"sync"

	"robotbailiff/internal/i18n"
)

// phrase is a piece of a citation in three languages. Rule packs cite in English shorthand; EL is the Law on enforcement
// proceedings of 2 April 2010 No 261-IV, CAO the Code on administrative offences.
type phrase struct {
	find       *regexp.Regexp
	kk, ru, en string
}

var phrases = []phrase{
	{word(`Law 19 Jun 2024 No 97-VIII`), "2024 ж. 19 маусымдағы № 97-VIII Заң", "Закон от 19.06.2024 № 97-VIII", "Law of 19 June 2024 No. 97-VIII"},
	{word(`Government resolution 4 May 2014 No 437`), "Үкіметтің 2014 ж. 4 мамырдағы № 437 қаулысы", "постановление Правительства от 04.05.2014 № 437", "Government resolution of 4 May 2014 No. 437"},
	{word(`order 29 Oct 2015 No 652`), "2015 ж. 29 қазандағы № 652 бұйрық", "приказ от 29.10.2015 № 652", "order of 29 October 2015 No. 652"},
	{word(`Law on the republican budget (\d{4}-\d{4})`), "$1 жж. республикалық бюджет туралы заң", "Закон о республиканском бюджете на $1 гг.", "Law on the republican budget $1"},
	{word(`Refined republican budget (\d{4})`), "$1 ж. нақтыланған республикалық бюджет", "уточнённый республиканский бюджет на $1 г.", "refined republican budget $1"},
	{word(`Law on national registers of identification numbers`), "Сәйкестендіру нөмірлерінің ұлттық тізілімдері туралы заң", "Закон о национальных реестрах идентификационных номеров", "Law on national registers of identification numbers"},
	{word(`Law on holidays`), "Мерекелер туралы заң", "Закон о праздниках", "Law on holidays"},
	{word(`Order on the transfer of days off`), "Демалыс күндерін ауыстыру туралы бұйрық", "приказ о переносе выходных", "Order on the transfer of days off"},
	{word(`Labour Code`), "Еңбек кодексі", "Трудовой кодекс", "Labour Code"},
	{word(`Practice of the justice bodies|practice`), "әділет органдарының тәжірибесі", "практика органов юстиции", "practice of the justice bodies"},
	{word(`ministry's statement`), "министрлік мәлімдемесі", "сообщение министерства", "statement of the ministry"},
	{word(`exchange contract of the writs`), "құжат алмасу келісімі", "соглашение об обмене документами", "exchange contract of the writs"},
	{word(`Product decision: sums are kept in whole tiyn`), "жүйе шешімі: сомалар тиынмен жүргізіледі", "решение системы: суммы ведутся в тиынах", "product decision: sums are kept in whole tiyn"},
	{word(`Internal control of court batches`), "сот топтамаларын ішкі бақылау", "внутренний контроль партий судебных документов", "internal control of court batches"},
	{word(`Internal control of measures`), "шараларды ішкі бақылау", "внутренний контроль мер", "internal control of measures"},
	{word(`Internal control of money`), "ақшаны ішкі бақылау", "внутренний контроль денег", "internal control of money"},
	{word(`by analogy`), "ұқсастық бойынша", "по аналогии", "by analogy"},
	{word(`[Dd]efault`), "жүйеде қабылданған", "принято в системе", "set in this system"},
	{word(`compare`), "салыст.", "ср.", "compare"},
	{word(`EL Ch 1-1`), "№ 261-IV Заң, 1-1-тарау", "Закон № 261-IV, глава 1-1", "Law No. 261-IV, chapter 1-1"},
	{word(`EL (\d)`), "№ 261-IV Заң, $1", "Закон № 261-IV, ст. $1", "Law No. 261-IV, art. $1"},
	{word(`CAO (\d)`), "ӘҚБтК, $1", "КоАП, ст. $1", "Code on Admin. Offences, art. $1"},
	{word(`Arts? (\d)`), "$1", "ст. $1", "art. $1"},
}

func word(s string) *regexp.Regexp { return regexp.MustCompile(`\b(?:` + s + `)`) }

// Citation writes a citation of the rule pack in the language of the law for a reader.
func Citation(s string, lang i18n.Lang) string {
	key := cited{s, i18n.OfLaw(lang)}
	if known, ok := citations.Load(key); ok {
		return known.(string) //nolint:forcetypeassert // nothing else is kept
	}
	written := cite(key.text, key.lang)
	citations.Store(key, written)
	return written
}

// citations keeps what was written once. There are no more of them than the rule packs have.
var citations sync.Map

type cited struct {
	text string
	lang i18n.Lang
}

func cite(s string, lang i18n.Lang) string {
	for _, p := range phrases {
		to := map[i18n.Lang]string{i18n.KK: p.kk, i18n.RU: p.ru, i18n.EN: p.en}[lang]
		s = p.find.ReplaceAllString(s, to)
	}
	return strings.ReplaceAll(strings.TrimSpace(s), "№ ", "№\u00a0")
}
