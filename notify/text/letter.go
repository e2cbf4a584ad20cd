package text

import (
	"strconv"
	"strings"
)

// HasLetter says whether notices of a kind can go by post: what has a ladder ends with a letter.
func HasLetter(k Kind) bool { return len(BuiltIn().languages[Languages[0]].kinds[k].words.Letter) > 0 }

// letterOf gives the heading and the paragraphs that have their facts.
func (c *compiled) letterOf(v *values) (heading, paragraphs string) {
	said := make([]string, 0, len(c.letter))
	for _, s := range c.letter {
		if text, ok := s.fill(v); ok {
			said = append(said, text)
		}
	}
	if len(said) == 0 {
		return "", ""
	}
	return said[0], strings.Join(said[1:], "\n\n")
}

// Bounds of a letter: with the longest values it fits on one page.
const (
	mostParagraphs   = 14
	longestParagraph = 600
	longestLetter    = 2600
)

// letter looks at the paragraphs: the heading names the case whatever else is known; somewhere they say the sum and the day, and
// lead to the page.
func (c *checker) letter(p passage) {
	heading := p[0]
	for _, t := range heading {
		if t.fields()&(1<<fCase) == 0 {
			c.add(PartLetter, 1, CodeNeeds, fCase.name())
			break
		}
	}
	if extra := heading[len(heading)-1].fields() &^ bareOf(c.place.Kind); extra != 0 {
		c.add(PartLetter, 1, CodeLast, extra.names())
	}
	all := p.fields()
	for _, f := range []field{fAmount, fUntil, fLink} {
		if all&(1<<f) == 0 {
			c.add(PartLetter, 0, CodeNeeds, f.name())
		}
	}
	v := c.language.values(Longest(c.place.Kind), c.language.push)
	v[fArrest] = "yes"
	if head, rest := (&compiled{letter: p}).letterOf(&v); len([]rune(head))+len([]rune(rest)) > longestLetter {
		c.add(PartLetter, 0, CodeLong, strconv.Itoa(longestLetter))
	}
}
