package desk_test

import (
	"net/http"
	"strings"
	"testing"

	app "robotbailiff/internal/app/desk"
)

// The list of keys is a plain page of links, and each person switches the keys off alone: then no page loads them.
func TestKeys_areAListAndASwitch(t *testing.T) {
	t.Parallel()
	s := setupFor(t, []app.Actor{{Name: "desk:operator", Roles: []app.Role{app.Operator}}, {Name: "desk:administrator", Roles: []app.Role{app.Administrator}}})
	b, other := s.as(t, "desk:operator"), s.as(t, "desk:administrator")
	page := b.Get("/desk/keys")
	src := page.Attr("script[src]", "src")
	s.wants(t, page.Text("main"), "/ Go to the search box", "g then t Today", "g then c Cases", "g then d Deadlines", "? This list", "They are on for you.")
	for _, href := range []string{"/desk/", "/desk/cases", "/desk/deadlines", "/desk/keys"} {
		if !page.Has(`main tbody a[href="`+href+`"]`) || b.Get(href).Status != http.StatusOK {
			t.Errorf("the list does not lead to %s", href)
		}
	}
	if got := other.Get("/desk/keys"); got.Has(`main tbody a[href="/desk/cases"]`) || !got.Has(`main tbody a[href="/desk/"]`) {
		t.Errorf("an administrator is led to cases: %s", got.Text("main"))
	}
	if got := s.Another().Get(src); got.Status != http.StatusOK || !strings.Contains(got.Body, "keydown") || !page.Has(`footer a[href="/desk/keys"]`) {
		t.Errorf("the script: %d", got.Status)
	}
	if got := b.Submit(page, "/desk/me/keys", map[string]string{"single": "off"}); got.Status != http.StatusSeeOther || got.Header.Get("Location") != "/desk/keys" {
		t.Fatalf("switched off: %d", got.Status)
	}
	page = b.Get("/desk/keys")
	if page.Has("script") || b.Get("/desk/cases").Has("script") || !other.Get("/desk/keys").Has("script") {
		t.Error("the keys are off for the wrong person, or on")
	}
	s.wants(t, page.Text("main"), "They are off for you.")
	b.Submit(page, "/desk/me/keys", map[string]string{"single": "neither"})
	if b.Get("/desk/keys").Has("script") {
		t.Error("what is neither on nor off has switched them on")
	}
	b.Submit(page, "/desk/me/keys", map[string]string{"single": "on"})
	if !b.Get("/desk/keys").Has("script") {
		t.Error("the keys are not on again")
	}
}
