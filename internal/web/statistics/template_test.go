package statistics

import (
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
	data := map[string]any{"statistics": page{}, "error": ui.ErrorPage{}}
	for _, name := range site.Render.Pages() {
		for _, l := range i18n.Langs {
			if err := templatecheck.CheckHTML(site.Render.Template(l, name), data[name]); err != nil {
				t.Errorf("%s in %s: %v", name, l, err)
			}
		}
	}
}
