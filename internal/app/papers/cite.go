package papers

import (
	"slices"
	"strings"

	"robotbailiff/internal/app/portal/story"
	"robotbailiff/internal/i18n"
)

// cite writes a citation of the rule pack in a language; no line ends between a law and its article.
func cite(s string, lang i18n.Lang) string {
	return strings.ReplaceAll(story.Citation(s, lang), "ст. ", "ст.\u00a0")
}

// articles joins citations of the rule pack: each law once with its articles, each article once, in the order in which they come. What
// is no article, such as an agreement on formats, is left out.
func articles(citations []string) string {
	var laws []string
	of := map[string][]string{}
	for _, c := range citations {
		for part := range strings.SplitSeq(c, "; ") {
			law, list, _ := strings.Cut(part, " ")
			if law != "EL" && law != "CAO" || list == "" || list[0] < '0' || list[0] > '9' {
				continue
			}
			if !slices.Contains(laws, law) {
				laws = append(laws, law)
			}
			for a := range strings.SplitSeq(list, ", ") {
				if !slices.Contains(of[law], a) {
					of[law] = append(of[law], a)
				}
			}
		}
	}
	for i, law := range laws {
		laws[i] = law + " " + strings.Join(of[law], ", ")
	}
	return strings.Join(laws, "; ")
}
