package portal

import (
	"slices"
	"testing"

	"github.com/jba/templatecheck"

	"robotbailiff/internal/i18n"
	"robotbailiff/internal/web/ui"
)

func TestTemplates_fitTheirDataInEveryLanguage(t *testing.T) {
	t.Parallel()
	site, err := newSite(Config{Key: make([]byte, 32)})
	if err != nil {
		t.Fatal(err)
	}
	data := map[string]any{
		"gate": gatePage{}, "entry": entryPage{}, "case": casePage{}, "pay": payPage{}, "payment": paymentPage{}, "verify": verifyPage{}, "refuse": refusePage{}, "refusecode": codePage{}, "refused": refusedPage{}, "contact": contactPage{}, "home": homePage{}, "real": realPage{}, "helpers": helpersPage{}, "helpergate": helperGatePage{},
		"signin": signInPage{}, "cases": ownPage{}, "error": ui.ErrorPage{}, "object": objectPage{}, "objectfiles": objectPage{}, "objectcheck": objectPage{}, "objection": objectionPage{}, "link": linkPage{}, "refund": refundPage{}, "refundcode": accountPage{}, "time": timePage{}, "complain": advicePage{}, "advice": advicePage{},
	}
	for _, page := range site.Render.Pages() {
		if data[page] == nil {
			t.Errorf("page %s has no data here", page)
			continue
		}
		for _, l := range i18n.DebtorLangs {
			if err := templatecheck.CheckHTML(site.Render.Template(l, page), data[page]); err != nil {
				t.Errorf("%s in %s: %v", page, l, err)
			}
		}
	}
	if !slices.Contains(site.Render.Pages(), "case") {
		t.Error("the case page is missing")
	}
}
