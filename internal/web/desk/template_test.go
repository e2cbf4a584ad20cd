package desk

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
		"signin": signInPage{}, "today": todayPage{}, "deadlines": deadlinesPage{}, "robot": robotPage{}, "banks": banksPage{}, "casefile": casePage{},
		"notices": noticesPage{}, "orders": ordersPage{}, "imports": importsPage{}, "import": importPage{}, "importrows": importRowsPage{}, "notaken": uploadPage{}, "texts": textsPage{}, "text": textPage{}, "textedit": textEditPage{},
		"money": moneyPage{}, "moneysuspense": suspensePage{}, "moneypayment": paymentPage{}, "moneyact": actPage{}, "moneyrefunds": refundsPage{}, "moneyfile": filePage{}, "moneyclaimants": claimantsPage{}, "moneyclaimant": claimantPage{}, "switch": switchPage{}, "switchstop": confirmPage{}, "trials": trialsPage{}, "objections": objectionsPage{}, "objection": objectionPage{}, "access": accessPage{}, "me": mePage{}, "people": peoplePage{}, "accounts": accountsPage{}, "account": accountPage{}, "grant": grantPage{}, "first": firstPage{}, "firstdone": firstPage{}, "signedout": signedOutPage{}, "error": ui.ErrorPage{}, "cases": casesPage{}, "exports": exportsPage{}, "export": exportPage{}, "work": workPage{}, "workthing": workThingPage{}, "rules": rulesPage{}, "rule": rulePage{},
		"identity": identityPage{}, "acts": actsPage{}, "actnew": newActPage{}, "act": caseActPage{}, "approvals": approvalsPage{},
		"keys":     keysPage{},
		"caselink": linkPage{},
		"audit":    auditEventsPage{}, "auditevent": auditEventPage{}, "auditacts": auditActsPage{}, "auditchain": chainPage{},
	}
	for _, page := range site.Render.Pages() {
		if data[page] == nil {
			t.Errorf("page %s has no data here", page)
			continue
		}
		for _, l := range i18n.Langs {
			if err := templatecheck.CheckHTML(site.Render.Template(l, page), data[page]); err != nil {
				t.Errorf("%s in %s: %v", page, l, err)
			}
		}
	}
	if !slices.Contains(site.Render.Pages(), "casefile") {
		t.Error("the case page is missing")
	}
}
