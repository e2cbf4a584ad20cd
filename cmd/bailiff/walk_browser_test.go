//go:build e2e

package main

import (
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"robotbailiff/internal/clock"
	"robotbailiff/internal/testkit/chromium"
)

// debtor opens one case of somebody with a telephone, and gives the address of a running site and the link of the SMS.
func (s *shell) debtor() (site, link string) {
	s.t.Helper()
	ids := s.cases(1)
	s.oneDebtor(ids, "+77010007007")
	site = s.serves("--pulse", "50ms", "--faults", "{}")
	s.until(`SELECT count(*) > 0 FROM sandbox.messages WHERE channel = 'sms' AND token <> ''`)
	return site, site + "/p/" + s.parts().keys.LinkToken(ids[0], 1)
}

// From the SMS to the receipt, on a telephone without script: the gate, the case, the gateway's own page, the receipt.
func TestBrowser_fromTheSMSToTheReceipt(t *testing.T) {
	chrome := chromium.Start(t)
	s := durableShell(t)
	site, link := s.debtor()
	tab := chrome.Tab(t, chromium.Device{})
	took := clock.StartStopwatch()
	tab.Go(link + "?lang=ru")
	tab.Shot("sms/1-gate")
	tab.Type("#iin", iin(0)[8:])
	tab.Type("#year", "1985")
	tab.Press("#fill button.button")
	tab.Shot("sms/2-case")
	tab.Press(`main a[href="/p/case/pay"]`)
	tab.Shot("sms/3-pay")
	tab.Press(`#fill button[name="till"]`)
	tab.Shot("sms/4-begun")
	tab.Press("main a.button")
	tab.Shot("sms/5-gateway")
	tab.Press(`button[value="pay"]`)
	tab.Press("main a")
	s.run("clock", "advance", "10m") // the gateway's message comes in the sandbox's time
	s.until(`SELECT count(*) = 1 FROM cases WHERE state = 'paid'`)
	tab.Go(site + "/p/return")
	tab.Shot("sms/6-paid")
	if !tab.Has(`main a[href^="/p/case/receipt/"]`) {
		t.Fatalf("there is no receipt: %s", tab.Text("main"))
	}
	tab.Go(site + "/p/case")
	tab.Shot("sms/7-end")
	t.Logf("from the SMS to the receipt in %.1f s of a browser that does not read", took.Elapsed().Seconds())
}

// The same, and the refusal, with curl alone.
func TestBrowser_curlIsEnough(t *testing.T) {
	s := durableShell(t)
	site, link := s.debtor()
	jar := filepath.Join(t.TempDir(), "cookies")
	curl := func(address string, fields ...string) string {
		t.Helper()
		args := []string{"-sS", "-L", "--fail-with-body", "-b", jar, "-c", jar, address}
		for _, f := range fields {
			args = append(args, "--data-urlencode", f)
		}
		out, err := exec.CommandContext(t.Context(), "curl", args...).CombinedOutput()
		if err != nil {
			t.Fatalf("curl %s: %v\n%s", address, err, out)
		}
		return string(out)
	}
	find := func(page, form string) string {
		t.Helper()
		m := regexp.MustCompile(form).FindStringSubmatch(page)
		if m == nil {
			t.Fatalf("no %s in\n%s", form, page)
		}
		return m[1]
	}
	const token = `name="form_token" value="([^"]+)"`
	page := curl(link + "?lang=en")
	page = curl(link, "form_token="+find(page, token), "iin="+iin(0)[8:], "year=1985")
	if !strings.Contains(page, "20,155") {
		t.Fatalf("the case: %s", page)
	}
	page = curl(site + "/p/case/refuse")
	page = curl(site+"/p/case/refuse", "form_token="+find(page, token))
	code := s.codeOnPage(site)
	curl(site+"/p/case/refuse/confirm", "form_token="+find(page, token), "total="+find(page, `name="total" value="([^"]+)"`), "understood=yes", "code="+code)
	s.until(`SELECT refusal_at IS NOT NULL FROM cases`)
	page = curl(site + "/p/case/refused")
	curl(site+"/p/case/undo", "form_token="+find(page, token))
	s.until(`SELECT refusal_at IS NULL FROM cases`)
	page = curl(site + "/p/case/pay")
	page = curl(site+"/p/case/pay", "form_token="+find(page, token), "sum=20155", "till="+find(page, `name="till" value="([^"]+)"`))
	gateway := find(page, `class="button wide" href="([^"]+)"`)
	curl(gateway, "do=pay")
	s.run("clock", "advance", "10m")
	s.until(`SELECT count(*) = 1 FROM cases WHERE state = 'paid'`)
	receipt := curl(site + find(curl(site+"/p/case"), `href="(/p/case/receipt/\d+)"`))
	if !strings.HasPrefix(receipt, "%PDF") || http.DetectContentType([]byte(receipt)) != "application/pdf" {
		t.Errorf("the receipt is %.20q", receipt)
	}
}
