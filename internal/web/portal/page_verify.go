package portal

import (
	"iter"
	"net/http"
	"slices"
	"strings"

	app "robotbailiff/internal/app/portal"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/web/ui"
)

type verifyPage struct {
	ui.Page
	Code  string
	Asked bool
	Found app.Verified
}

// Certificate is the number of the certificate under which a decree was signed, in groups that can be read and fit any screen.
func (p verifyPage) Certificate() string {
	return strings.Join(slices.Collect(chunks(p.Found.Decree.Signed.Certificate, 4)), " ")
}

// chunks cuts a text of plain letters into pieces of n.
func chunks(s string, n int) iter.Seq[string] {
	return func(yield func(string) bool) {
		for ; s != ""; s = s[min(n, len(s)):] {
			if !yield(s[:min(n, len(s))]) {
				return
			}
		}
	}
}

// verify says whether a receipt is genuine, to anybody who has its code: typed, or in the address that its QR code holds. It shows nothing
// that the receipt does not, and every code that is not ours gets the same answer.
// A code that was typed and not yet sent is not looked at when the language changes; an answer that was shown is shown again.
func (h *handler) verify(w http.ResponseWriter, r *http.Request) error {
	code := r.URL.Query().Get("code")
	code = code[:min(len(code), 64)]
	p := verifyPage{Code: code, Asked: code != "" && (!ui.Speaks(r) || code == r.URL.Query().Get("shown"))}
	if p.Asked {
		if !h.checks.allow(r) {
			return &ui.Failure{Status: http.StatusTooManyRequests, Name: "busy", Out: "/verify"}
		}
		var err error
		if p.Found, err = h.app.Verify(r.Context(), code); err != nil {
			return err
		}
	}
	p.Page = h.NewPage(w, r, i18n.Say("verify.title"))
	p.Fills = true
	return h.Render.Render(w, r, http.StatusOK, "verify", p.Lang, p)
}
