package oidc_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"robotbailiff/internal/clock"
	"robotbailiff/internal/oidc"
)

func TestBegin_asksForACodeWithPKCE(t *testing.T) {
	t.Parallel()
	f := newForge(t, func(c *oidc.Config) { c.ACR = []string{"mfa", "password"} })
	d, q := f.begin(t, oidc.Ask{Lang: "kk", Within: 5 * time.Minute})
	for name, want := range map[string]string{
		"response_type": "code", "client_id": client, "redirect_uri": redirect, "scope": "openid profile", "code_challenge_method": "S256",
		"ui_locales": "kk", "max_age": "300", "acr_values": "mfa password",
	} {
		if q.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, q.Get(name), want)
		}
	}
	for _, name := range []string{"state", "nonce", "code_challenge"} {
		if len(q.Get(name)) < 22 {
			t.Errorf("%s is %q: too short to be a secret", name, q.Get(name))
		}
		if strings.Contains(d.Cookie, q.Get(name)) {
			t.Errorf("the cookie shows the %s", name)
		}
	}
	if d.For != 10*time.Minute || len(d.Cookie) > 1024 {
		t.Errorf("the cookie lives %v and has %d letters", d.For, len(d.Cookie))
	}
	again, other := f.begin(t, oidc.Ask{})
	if again.Cookie == d.Cookie || other.Get("state") == q.Get("state") || other.Get("nonce") == q.Get("nonce") || other.Get("code_challenge") == q.Get("code_challenge") {
		t.Error("two sign-ins share a secret")
	}
}

func TestFinish_tellsWhoItIs(t *testing.T) {
	t.Parallel()
	f := newForge(t, nil)
	f.claims = func(c map[string]any) {
		c["realm_access"] = map[string]any{"roles": []string{"operator", "approver", ""}}
		c["amr"], c["auth_time"], c["flat.claim"], c["region"] = []string{"pwd", "otp"}, start.Unix()-5, "itself", "75"
	}
	who, err := f.visit(t)
	must(t, err)
	if who.Subject != "person 7" || who.Name != "Асқар Ә." || who.Back != "/p/cases" || who.IDToken == "" || !who.At.Equal(start.Add(-5*time.Second)) {
		t.Errorf("%q %q %q %v", who.Subject, who.Name, who.Back, who.At)
	}
	for claim, want := range map[string][]string{
		"realm_access.roles": {"operator", "approver"}, "flat.claim": {"itself"}, "amr": {"pwd", "otp"}, "region": {"75"},
		"exp": nil, "none": nil, "none.at.all": nil, "iin.deeper": nil,
	} {
		if diff := cmp.Diff(want, who.Texts(claim)); diff != "" {
			t.Errorf("%s: %s", claim, diff)
		}
		if diff := cmp.Diff(want, who.Signed(claim)); diff != "" {
			t.Errorf("%s, signed: %s", claim, diff)
		}
	}
	if who.Text("iin") != "870212300014" || who.Text("amr") != "" {
		t.Errorf("%q %q", who.Text("iin"), who.Text("amr"))
	}
}

func TestFinish_asksUserinfoForWhatIsMissing(t *testing.T) {
	t.Parallel()
	f := newForge(t, func(c *oidc.Config) { c.Wants = []string{"iin"} })
	f.info = map[string]any{"sub": "person 7", "iin": "870212300014", "amr": []string{"otp"}, "nonce": "x"}
	f.claims = func(c map[string]any) { c["iin"] = nil }
	who, err := f.visit(t)
	must(t, err)
	if who.Text("iin") != "870212300014" || len(who.Signed("amr")) != 0 || len(who.Texts("amr")) != 1 {
		t.Errorf("%q %q %q", who.Text("iin"), who.Signed("amr"), who.Texts("amr"))
	}
	f.info["sub"] = "person 8"
	if _, err := f.visit(t); !errors.Is(err, oidc.ErrAnswer) {
		t.Errorf("userinfo of somebody else: %v", err)
	}
}

// Every lie of a provider, and of whoever stands between, is found.
func TestFinish_believesNoLie(t *testing.T) {
	t.Parallel()
	set := func(name string, value any) func(*forge) {
		return func(f *forge) { f.claims = func(c map[string]any) { c[name] = value } }
	}
	for name, lie := range map[string]func(*forge){
		"another audience":       set("aud", "another"),
		"no audience":            set("aud", nil),
		"many, no azp":           set("aud", []string{client, "another"}),
		"another party":          set("azp", "another"),
		"another issuer":         set("iss", "https://evil.example"),
		"another nonce":          set("nonce", "x"),
		"no nonce":               set("nonce", nil),
		"expired":                set("exp", start.Unix()-61),
		"no expiry":              set("exp", nil),
		"not yet":                set("nbf", start.Unix()+600),
		"from the future":        set("iat", start.Unix()+600),
		"no subject":             set("sub", nil),
		"another access token":   set("at_hash", "AAAAAAAAAAAAAAAAAAAAAA"),
		"auth_time that is none": set("auth_time", "yesterday"),
		"alg none": func(f *forge) {
			f.sign = func(f *forge, c map[string]any) string {
				_, rest, _ := strings.Cut(f.signed(c), ".")
				payload, _, _ := strings.Cut(rest, ".")
				return "eyJhbGciOiJub25lIn0." + payload + "."
			}
		},
		"no signature": func(f *forge) {
			f.sign = func(f *forge, c map[string]any) string {
				s := f.signed(c)
				return s[:strings.LastIndex(s, ".")+1]
			}
		},
		"a shared key": func(f *forge) {
			f.sign = func(_ *forge, c map[string]any) string {
				return signWith(jose.HS256, []byte(strings.Repeat(secret, 2)), c)
			}
		},
		"another key": func(f *forge) {
			other := newForge(t, nil)
			f.sign = func(_ *forge, c map[string]any) string { return other.signed(c) }
		},
		"changed": func(f *forge) {
			f.sign = func(f *forge, c map[string]any) string {
				parts := strings.Split(f.signed(c), ".")
				c["iin"] = "000000000000"
				return parts[0] + "." + strings.Split(f.signed(c), ".")[1] + "." + parts[2]
			}
		},
		"no token": func(f *forge) { f.sign = func(*forge, map[string]any) string { return "" } },
		"HTML": func(f *forge) {
			f.token = func(w http.ResponseWriter, _ *http.Request) bool {
				_, _ = w.Write([]byte("<html>"))
				return true
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newForge(t, nil)
			lie(f)
			who, err := f.visit(t)
			if !errors.Is(err, oidc.ErrAnswer) || who.Subject != "" {
				t.Fatalf("%+v, %v", who.Subject, err)
			}
			if strings.Contains(err.Error(), "870212300014") {
				t.Errorf("the error tells who it was: %v", err)
			}
		})
	}
}

// What was begun in one browser, for one room, cannot be finished in another, and not later.
func TestFinish_onlyWhereItWasBegun(t *testing.T) {
	t.Parallel()
	f := newForge(t, nil)
	mine, q := f.begin(t, oidc.Ask{})
	theirs, err := f.party.Begin(t.Context(), oidc.Ask{})
	must(t, err)
	good := url.Values{"code": {"a code"}, "state": q["state"]}
	desk := f.newParty(t, func(c *oidc.Config) { c.Room = "desk" })
	for name, finish := range map[string]func() (oidc.Identity, error){
		"another browser": func() (oidc.Identity, error) { return f.party.Finish(t.Context(), theirs.Cookie, good) },
		"no cookie":       func() (oidc.Identity, error) { return f.party.Finish(t.Context(), "", good) },
		"no base64":       func() (oidc.Identity, error) { return f.party.Finish(t.Context(), "*", good) },
		"changed cookie": func() (oidc.Identity, error) {
			return f.party.Finish(t.Context(), mine.Cookie[:40]+"AAAA"+mine.Cookie[44:], good)
		},
		"another room": func() (oidc.Identity, error) { return desk.Finish(t.Context(), mine.Cookie, good) },
		"no state": func() (oidc.Identity, error) {
			return f.party.Finish(t.Context(), mine.Cookie, url.Values{"code": {"a code"}})
		},
		"too late": func() (oidc.Identity, error) {
			defer f.clock.Set(start)
			f.clock.Set(start.Add(10 * time.Minute))
			return f.party.Finish(t.Context(), mine.Cookie, good)
		},
		"an error with another state": func() (oidc.Identity, error) {
			return f.party.Finish(t.Context(), mine.Cookie, url.Values{"error": {"access_denied"}, "state": {"x"}})
		},
	} {
		if _, err := finish(); !errors.Is(err, oidc.ErrState) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if asked := strings.Join(f.asked, " "); strings.Contains(asked, "/token") {
		t.Errorf("the code has left: %s", asked)
	}
	if _, err := f.party.Finish(t.Context(), mine.Cookie, good); err != nil {
		t.Errorf("the right one: %v", err)
	}
}

// The verifier belongs to the sign-in: a code that somebody else begun for is of no use, even in a browser with a good state.
func TestFinish_aCodeIsBoundToItsVerifier(t *testing.T) {
	t.Parallel()
	f := newForge(t, nil)
	mine, q := f.begin(t, oidc.Ask{})
	f.begin(t, oidc.Ask{}) // the code that comes is of this one
	_, err := f.party.Finish(t.Context(), mine.Cookie, url.Values{"code": {"a code"}, "state": q["state"]})
	if !errors.Is(err, oidc.ErrAnswer) || !strings.Contains(err.Error(), "invalid_grant") || strings.Contains(err.Error(), "8702") {
		t.Errorf("%v", err)
	}
}

func TestFinish_hearsErrors(t *testing.T) {
	t.Parallel()
	f := newForge(t, nil)
	f.about = func(m map[string]any) { m["authorization_response_iss_parameter_supported"] = true }
	d, q := f.begin(t, oidc.Ask{})
	for _, c := range []struct {
		query url.Values
		want  error
	}{
		{url.Values{"error": {"access_denied"}, "iss": {issuer}}, oidc.ErrDenied},
		{url.Values{"error": {"temporarily_unavailable"}, "iss": {issuer}}, oidc.ErrAway},
		{url.Values{"error": {"invalid_scope"}, "iss": {issuer}}, oidc.ErrAnswer},
		{url.Values{"error": {"870212300014"}, "iss": {issuer}}, oidc.ErrAnswer},
		{url.Values{"iss": {issuer}}, oidc.ErrAnswer},
		{url.Values{"code": {"a code"}}, oidc.ErrAnswer},
		{url.Values{"code": {"a code"}, "iss": {"https://evil.example"}}, oidc.ErrAnswer},
	} {
		c.query["state"] = q["state"]
		_, err := f.party.Finish(t.Context(), d.Cookie, c.query)
		if !errors.Is(err, c.want) || strings.Contains(err.Error(), "8702") {
			t.Errorf("%v: %v", c.query, err)
		}
	}
}

// An act that needs a fresh proof does not get by with one that the provider has from before.
func TestFinish_wantsAProofThatIsFresh(t *testing.T) {
	t.Parallel()
	f := newForge(t, nil)
	for _, c := range []struct {
		at any
		ok bool
	}{{nil, false}, {start.Unix() - 400, false}, {start.Unix() - 299, true}} {
		d, q := f.begin(t, oidc.Ask{Within: 5 * time.Minute})
		f.claims = func(m map[string]any) { m["auth_time"] = c.at }
		_, err := f.party.Finish(t.Context(), d.Cookie, url.Values{"code": {"a code"}, "state": q["state"]})
		if (err == nil) != c.ok {
			t.Errorf("auth_time %v: %v", c.at, err)
		}
	}
}

// The house starts while the provider is away, and asks again when somebody comes.
func TestBegin_findsAProviderThatComesLater(t *testing.T) {
	t.Parallel()
	f := newForge(t, nil)
	f.down = true
	_, err := f.party.Begin(t.Context(), oidc.Ask{})
	if !errors.Is(err, oidc.ErrAway) || strings.Contains(err.Error(), "</html>\n") {
		t.Fatalf("%v", err)
	}
	f.down = false
	if _, err := f.visit(t); err != nil {
		t.Fatal(err)
	}
	f.down = true // what is known is good enough, also when it is old
	f.clock.Advance(2 * time.Hour)
	if _, err := f.party.Begin(t.Context(), oidc.Ask{}); err != nil {
		t.Fatal(err)
	}
	nobody := f.newParty(t, func(c *oidc.Config) { c.Issuer, c.Transport = "http://127.0.0.1:1", nil })
	if _, err := nobody.Begin(t.Context(), oidc.Ask{}); !errors.Is(err, oidc.ErrAway) || !strings.Contains(err.Error(), "not_sent") {
		t.Errorf("%v", err)
	}
}

func TestFinish_tellsAnAbsentProviderFromALie(t *testing.T) {
	t.Parallel()
	f := newForge(t, nil)
	d, q := f.begin(t, oidc.Ask{})
	answer := url.Values{"code": {"a code"}, "state": q["state"]}
	f.noKeys = true
	if _, err := f.party.Finish(t.Context(), d.Cookie, answer); !errors.Is(err, oidc.ErrAway) {
		t.Errorf("no keys: %v", err)
	}
	f.down = true
	if _, err := f.party.Finish(t.Context(), d.Cookie, answer); !errors.Is(err, oidc.ErrAway) {
		t.Errorf("no token endpoint: %v", err)
	}
}

func TestDiscovery_takesNoUnsafeAddress(t *testing.T) {
	t.Parallel()
	for name, about := range map[string]func(map[string]any){
		"another issuer":   func(m map[string]any) { m["issuer"] = "https://evil.example" },
		"token in clear":   func(m map[string]any) { m["token_endpoint"] = "http://idp.example/token" },
		"keys in clear":    func(m map[string]any) { m["jwks_uri"] = "http://idp.example/keys" },
		"no page":          func(m map[string]any) { m["authorization_endpoint"] = "" },
		"a script":         func(m map[string]any) { m["end_session_endpoint"] = "javascript:alert(1)" },
		"userinfo nowhere": func(m map[string]any) { m["userinfo_endpoint"] = "//" },
	} {
		f := newForge(t, nil)
		f.about = about
		if _, err := f.party.Begin(t.Context(), oidc.Ask{}); !errors.Is(err, oidc.ErrAway) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestGoodbye_namesTheHouseAndNotThePerson(t *testing.T) {
	t.Parallel()
	f := newForge(t, nil)
	for hint, want := range map[string]url.Values{
		"":      {"theme": {"calm"}, "client_id": {client}, "post_logout_redirect_uri": {bye}},
		"a.b.c": {"theme": {"calm"}, "client_id": {client}, "post_logout_redirect_uri": {bye}, "id_token_hint": {"a.b.c"}},
	} {
		address, err := f.party.Goodbye(t.Context(), hint)
		must(t, err)
		u, err := url.Parse(address)
		must(t, err)
		if diff := cmp.Diff(want, u.Query()); diff != "" || u.Path != "/end" {
			t.Errorf("%s %s", u.Path, diff)
		}
	}
	f = newForge(t, nil)
	f.about = func(m map[string]any) { delete(m, "end_session_endpoint") }
	if address, err := f.party.Goodbye(t.Context(), ""); err != nil || address != "" {
		t.Errorf("%q %v", address, err)
	}
}

func TestNew_refusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	f := newForge(t, nil)
	good := oidc.Config{Room: "desk", Issuer: "https://idp.example", ClientID: client, Redirect: "https://desk.example/desk/return", Clock: f.clock, Seal: f.keys}
	for name, change := range map[string]func(*oidc.Config){
		"":             func(*oidc.Config) {},
		"no room":      func(c *oidc.Config) { c.Room = "" },
		"no client":    func(c *oidc.Config) { c.ClientID = "" },
		"no clock":     func(c *oidc.Config) { c.Clock = nil },
		"no sealer":    func(c *oidc.Config) { c.Seal = nil },
		"clear issuer": func(c *oidc.Config) { c.Issuer = "http://idp.example" },
		"no redirect":  func(c *oidc.Config) { c.Redirect = "" },
		"bad bye":      func(c *oidc.Config) { c.Bye = "/p/" },
	} {
		c := good
		change(&c)
		if _, err := oidc.New(c); (err == nil) != (name == "") {
			t.Errorf("%s: %v", name, err)
		}
	}
	broken := clock.NewManual(start)
	broken.Fail(errors.New("no time"))
	p := f.newParty(t, func(c *oidc.Config) { c.Clock = broken })
	if _, err := p.Begin(t.Context(), oidc.Ask{}); err == nil {
		t.Error("a sign-in without the time was begun")
	}
}

// A million tries to finish what nobody has begun find nothing to open.
func FuzzFinish(f *testing.F) {
	f.Add("", "state=x&code=y")
	f.Add("AAAA", "error=access_denied")
	p, err := oidc.New(oidc.Config{Room: "desk", Issuer: "http://127.0.0.1:1", ClientID: client, Redirect: redirect, Clock: clock.Fixed(start), Seal: testKeys(f)})
	must(f, err)
	f.Fuzz(func(t *testing.T, cookie, query string) {
		q, _ := url.ParseQuery(query)
		if who, err := p.Finish(t.Context(), cookie, q); !errors.Is(err, oidc.ErrState) {
			t.Errorf("%q: %v", who.Subject, err)
		}
	})
}
