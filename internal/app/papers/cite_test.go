package papers

import "testing"

func TestArticles(t *testing.T) {
	t.Parallel()
	for want, in := range map[string][]string{
		"":                              {"Labour Code", "EL Ch 1-1", "exchange contract of the writs", "EL ", "EL"},
		"EL 10-4":                       {"EL 10-4"},
		"EL 98, 62(3), 122(3); CAO 883": {"EL 98", "EL 62(3), 122(3)", "CAO 883; EL 98"},
		"EL 9(1)(11), 10-1(1)":          {"EL Ch 1-1; EL 9(1)(11), 10-1(1)", "Law on holidays"},
	} {
		if got := articles(in); got != want {
			t.Errorf("%v: %q, want %q", in, got, want)
		}
	}
}
