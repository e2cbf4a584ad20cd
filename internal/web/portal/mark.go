package portal

import (
	"net/http"
	"time"

	"robotbailiff/internal/web/ui"
)

const (
	caseCookie   = "case"        // which case the visit is of, as its forms say it
	longestVisit = 8 * time.Hour // a visit cannot be prolonged beyond that
)

// ofItsCase lets a form act only while the case is open for which its page was made. A browser has one visit, and whoever opens a second
// case in another window would else pay or refuse in the first window for the second case.
func (h *handler) ofItsCase(f ui.HandlerFunc) ui.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		if r.Method == http.MethodPost && r.URL.Path != "/p/case/leave" && r.URL.Path != "/p/case/extend" {
			if err := h.sameCase(r, r.PostFormValue("case")); err != nil {
				return err
			}
		}
		return f(w, r)
	}
}

func (h *handler) sameCase(r *http.Request, said string) error {
	if said == "" || said == h.Cookies.Get(r, caseCookie) {
		return nil
	}
	return &ui.Failure{Status: http.StatusConflict, Name: "other_case", Out: "/p/case"}
}
