package text

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// plainSum writes 86500 and 86499,99: an SMS has no room for spaces between thousands.
func plainSum(a money.Amount) string { return sum(a, "", ",") }

// spacedSum writes 86 500 and 86 499,99 with spaces that do not break.
func spacedSum(a money.Amount) string { return sum(a, "\u00a0", ",") }

// englishSum writes 86,500 and 86,499.99.
func englishSum(a money.Amount) string { return sum(a, ",", ".") }

// sum leaves out the tiyn when there are none.
func sum(a money.Amount, group, point string) string {
	whole, cents, _ := strings.Cut(a.String(), ".")
	var b strings.Builder
	for i, c := range whole {
		if left := len(whole) - i; i > 0 && left%3 == 0 {
			b.WriteString(group)
		}
		b.WriteRune(c)
	}
	if cents != "00" {
		b.WriteString(point + cents)
	}
	return b.String()
}

// shortDay writes 21.12, as people in the region do.
func shortDay(d calendar.Date) string {
	_, m, day := d.YMD()
	return fmt.Sprintf("%02d.%02d", day, int(m))
}

// shortTime writes 22.12 14:30.
func shortTime(t time.Time) string { return t.Format("02.01 15:04") }

// dayMonth writes the day and one of twelve month forms.
func dayMonth(between string, months [12]string) func(calendar.Date) string {
	return func(d calendar.Date) string {
		_, m, day := d.YMD()
		return strconv.Itoa(day) + between + months[m-1]
	}
}

// Initials makes "А.Д." of a name, surname first, as documents have it: the first
// letters of its first two words. Names of one word give one letter.
func Initials(name string) string {
	var b strings.Builder
	for i, word := range strings.Fields(name) {
		first := []rune(word)[0]
		if i == 2 || !unicode.IsLetter(first) {
			break
		}
		b.WriteRune(unicode.ToUpper(first))
		b.WriteByte('.')
	}
	return b.String()
}

// cleanInitials returns initials of at most three letters, each with a dot, and "" for
// anything else: the field comes from outside, and must not carry a link or a sentence.
func cleanInitials(s string, latin bool) string {
	var b strings.Builder
	runes := []rune(s)
	if len(runes) == 0 || len(runes) > 6 || len(runes)%2 != 0 {
		return ""
	}
	for i := 0; i < len(runes); i += 2 {
		if !unicode.IsUpper(runes[i]) || runes[i] > 0xFFFF || runes[i+1] != '.' {
			return ""
		}
		letter := string(runes[i])
		if latin {
			if letter = latinLetter(runes[i]); letter == "" {
				return ""
			}
		}
		b.WriteString(letter + ".")
	}
	return b.String()
}

// latinLetter keeps one Cyrillic initial from turning a whole GSM message into UTF-16.
func latinLetter(r rune) string {
	if r <= unicode.MaxASCII {
		return string(r)
	}
	return latinLetters[r]
}

var latinLetters = map[rune]string{
	'А': "A", 'Ә': "A", 'Б': "B", 'В': "V", 'Г': "G", 'Ғ': "G", 'Д': "D", 'Е': "E", 'Ё': "Yo", 'Ж': "Zh", 'З': "Z",
	'И': "I", 'Й': "Y", 'І': "I", 'К': "K", 'Қ': "K", 'Л': "L", 'М': "M", 'Н': "N", 'Ң': "N", 'О': "O", 'Ө': "O",
	'П': "P", 'Р': "R", 'С': "S", 'Т': "T", 'У': "U", 'Ұ': "U", 'Ү': "U", 'Ў': "U", 'Ф': "F", 'Х': "Kh", 'Ҳ': "H",
	'Һ': "H", 'Ц': "Ts", 'Ч': "Ch", 'Ш': "Sh", 'Щ': "Shch", 'Ы': "Y", 'Э': "E", 'Ю': "Yu", 'Я': "Ya",
}
