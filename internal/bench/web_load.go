package bench

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"robotbailiff/internal/clock"
)

// visitCookie is the name of the session's cookie on a loopback without TLS.
const visitCookie = "rb_visit"

// casePath is what is measured.
const casePath = "/p/case"

// visitors are browsers that hold sessions.
type visitors struct {
	client  *http.Client
	cookies []string
}

// newVisitors have so many connections, which they keep.
func newVisitors(connections int) *visitors {
	return &visitors{client: &http.Client{
		Transport:     &http.Transport{MaxIdleConns: connections, MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections, DisableCompression: true, TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       30 * time.Second,
	}}
}

// door is what one needs to pass the gate.
type door struct {
	token, lastFour, year string
	number                string
}

// enter passes the gate as a browser does, and finds the own case behind it.
func (v *visitors) enter(ctx context.Context, base string, d door) error {
	gate, err := v.do(ctx, http.MethodGet, base+"/p/"+d.token, "rb_lang=ru", nil)
	if err != nil {
		return err
	}
	_, rest, _ := strings.Cut(gate.body, `name="form_token" value="`)
	token, _, _ := strings.Cut(rest, `"`)
	browser := "rb_lang=ru; rb_form=" + gate.cookies["rb_form"]
	in, err := v.do(ctx, http.MethodPost, base+"/p/"+d.token, browser, url.Values{"form_token": {token}, "iin": {d.lastFour}, "year": {d.year}})
	if err != nil {
		return err
	}
	if in.status != http.StatusSeeOther || in.cookies[visitCookie] == "" {
		return fmt.Errorf("bench: the gate answers %d", in.status)
	}
	browser += "; " + visitCookie + "=" + in.cookies[visitCookie]
	page, err := v.do(ctx, http.MethodGet, base+casePath, browser, nil)
	if err != nil {
		return err
	}
	if page.status != http.StatusOK || !strings.Contains(page.body, d.number) {
		return fmt.Errorf("bench: behind the gate of case %s the page answers %d and does not name the case", d.number, page.status)
	}
	v.cookies = append(v.cookies, browser)
	return nil
}

// session gives the secret of one of the sessions.
func (v *visitors) session(i int) string {
	_, secret, _ := strings.Cut(v.cookies[i], visitCookie+"=")
	return secret
}

type reply struct {
	status   int
	body     string
	location string
	cookies  map[string]string
}

func (v *visitors) do(ctx context.Context, method, address, cookie string, form url.Values) (reply, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form.Encode()))
	if err != nil {
		return reply{}, err
	}
	req.Header.Set("Cookie", cookie)
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := v.client.Do(req)
	if err != nil {
		return reply{}, fmt.Errorf("bench: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	out := reply{status: resp.StatusCode, body: string(body), location: resp.Header.Get("Location"), cookies: map[string]string{}}
	for _, c := range resp.Cookies() {
		out.cookies[c.Name] = c.Value
	}
	return out, err
}

// page asks for the case page of a session, compressed as browsers ask for it, and gives its bytes.
func (v *visitors) page(ctx context.Context, base string, i int) (size int64, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+casePath, nil)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Cookie", v.cookies[i])
	req.Header.Set("Accept-Encoding", "gzip")
	resp, err := v.client.Do(req)
	if err != nil {
		return 0, fmt.Errorf("bench: case page: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	size, err = io.Copy(io.Discard, resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("bench: the case page answers %d", resp.StatusCode)
	}
	return size, err
}

// closed asks for pages one after the other on each of its connections for a while, and gives the pages a second.
func (v *visitors) closed(ctx context.Context, base string, during time.Duration) (perSecond float64, size int64, err error) {
	var pages, bytes atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	watch := clock.StartStopwatch()
	for c := range webConnections {
		g.Go(func() error {
			r := rand.New(rand.NewPCG(1, uint64(c)))
			for once := true; once || watch.Elapsed() < during; once = false {
				n, err := v.page(ctx, base, r.IntN(len(v.cookies)))
				if err != nil {
					return err
				}
				pages.Add(1)
				bytes.Add(n)
			}
			return nil
		})
	}
	err = g.Wait()
	n := pages.Load()
	return float64(n) / watch.Elapsed().Seconds(), bytes.Load() / max(n, 1), err
}

// steady asks for so many pages a second until told to stop, whether or not the earlier ones have come, and gives how long each took
// from the instant at which it was meant to be asked for: one that had to wait for its turn has waited.
func (v *visitors) steady(ctx context.Context, base string, until <-chan struct{}) ([]time.Duration, error) {
	var (
		mu   sync.Mutex
		took []time.Duration
		next atomic.Int64
	)
	const every = time.Second / webRate
	g, ctx := errgroup.WithContext(ctx)
	watch := clock.StartStopwatch()
	for c := range webWaiting {
		g.Go(func() error {
			r := rand.New(rand.NewPCG(2, uint64(c)))
			var mine []time.Duration
			defer func() {
				mu.Lock()
				defer mu.Unlock()
				took = append(took, mine...)
			}()
			for n := 0; ; n++ {
				meant := time.Duration(next.Add(1)) * every
				told := until
				if n == 0 {
					told = nil // one page at least, however short the while
				}
				t := time.NewTimer(meant - watch.Elapsed())
				select {
				case <-t.C:
				case <-told:
					t.Stop()
					return nil
				case <-ctx.Done():
					t.Stop()
					return context.Cause(ctx)
				}
				if _, err := v.page(ctx, base, r.IntN(len(v.cookies))); err != nil {
					return err
				}
				mine = append(mine, watch.Elapsed()-meant)
			}
		})
	}
	err := g.Wait()
	slices.Sort(took)
	return took, err
}

// steadyFor does so for a while.
func (v *visitors) steadyFor(ctx context.Context, base string, during time.Duration) (Latency, error) {
	quiet, cancel := context.WithTimeout(ctx, during)
	defer cancel()
	watch := clock.StartStopwatch()
	took, err := v.steady(ctx, base, quiet.Done())
	return latencyOf(took, watch.Elapsed().Seconds()), err
}

// at gives the quantile of sorted times in milliseconds.
func at(took []time.Duration, q float64) float64 {
	if len(took) == 0 {
		return 0
	}
	i := min(int(q*float64(len(took))), len(took)-1)
	return float64(took[i].Microseconds()) / 1000
}
