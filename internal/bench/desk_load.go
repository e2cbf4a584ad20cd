package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"robotbailiff/internal/caseno"
	"robotbailiff/internal/clock"
)

// asked is a case that is looked for.
type asked struct {
	id                   int64
	number, iin, surname string
}

// clerk is a browser of somebody who is signed in at the desk.
type clerk struct {
	*visitors
	base, cookie, token string
	asked               []asked
	rand                *rand.Rand
}

// deskTask is one thing that people do at the desk.
type deskTask struct {
	name string
	do   func(ctx context.Context, c *clerk, a asked) error
}

// deskTasks are measured one after the other. A search is the form and the list that it leads to.
var deskTasks = []deskTask{
	{"today", func(ctx context.Context, c *clerk, _ asked) error { return c.see(ctx, "/desk/", "<h1>") }},
	{"search by case number", func(ctx context.Context, c *clerk, a asked) error { return c.search(ctx, a.number, "", a.number) }},
	{"search by IIN", func(ctx context.Context, c *clerk, a asked) error { return c.search(ctx, a.iin, "?s=", a.number) }},
	{"search by surname", func(ctx context.Context, c *clerk, a asked) error { return c.search(ctx, a.surname, "?s=", "<tbody>") }},
	{"list, first page", func(ctx context.Context, c *clerk, _ asked) error { return c.list(ctx, "") }},
	{"list, open in a region", func(ctx context.Context, c *clerk, _ asked) error { return c.list(ctx, "state=open&region=75") }},
	{"list, paid, behind all others", func(ctx context.Context, c *clerk, _ asked) error { return c.list(ctx, "state=paid") }},
	{"list, arrested", func(ctx context.Context, c *clerk, _ asked) error { return c.list(ctx, "flag=arrested") }},
	{"list, arrested, a page deep within", func(ctx context.Context, c *clerk, a asked) error {
		return c.see(ctx, fmt.Sprintf("/desk/cases?flag=arrested&after=%d.%d", a.id, a.id), "<main")
	}},
	{"list, open, by the hand-over, a page deep within", func(ctx context.Context, c *clerk, a asked) error {
		return c.see(ctx, fmt.Sprintf("/desk/cases?state=open&sort=due&after=739000.%d", a.id), "<main")
	}},
	{"list, by sum, a page deep within", func(ctx context.Context, c *clerk, a asked) error {
		return c.see(ctx, fmt.Sprintf("/desk/cases?sort=sum&after=%d.%d", 2_000_000, a.id), "<tbody>")
	}},
	{"list, nothing fits", func(ctx context.Context, c *clerk, _ asked) error {
		return c.see(ctx, "/desk/cases?state=notified&left_from=999999999", "<main")
	}},
	{"case", func(ctx context.Context, c *clerk, a asked) error {
		return c.see(ctx, "/desk/cases/"+a.number, a.number)
	}},
}

// askedSQL gives cases that lie evenly among all; a number of which no case was made is left out.
const askedSQL = `SELECT c.id, d.iin_sealed, split_part(d.name, ' ', 1)
  FROM (SELECT min(id) AS lo, max(id) AS hi FROM cases) ends CROSS JOIN generate_series(0, $1::bigint - 1) AS i
  JOIN cases c ON c.id = lo + (hi - lo) * i / $1 JOIN debtors d ON d.id = c.debtor_id`

func (r *rig) askedFor(ctx context.Context) ([]asked, error) {
	rows, err := r.pool.Query(ctx, askedSQL, deskSamples)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []asked
	for rows.Next() {
		var a asked
		var sealed []byte
		if err := rows.Scan(&a.id, &sealed, &a.surname); err != nil {
			return nil, err
		}
		iin, err := r.keys.Open(sealed, sealedIIN)
		if err != nil {
			return nil, err
		}
		a.number, a.iin = caseno.Format(a.id), string(iin)
		all = append(all, a)
	}
	return all, rows.Err()
}

// oneRow is the limit: nothing that shows a case can be faster.
func (r *rig) oneRow(ctx context.Context, _ *clerk, a asked) error {
	var state string
	return r.pool.QueryRow(ctx, `SELECT state FROM cases WHERE id = $1`, a.id).Scan(&state)
}

// signedIn signs somebody in as a browser does.
func signedIn(ctx context.Context, base, name string, all []asked) (*clerk, error) {
	c := &clerk{visitors: newVisitors(2), base: base, asked: all, rand: rand.New(rand.NewPCG(7, uint64(len(name))))}
	door, err := c.do(ctx, http.MethodGet, base+"/desk/", "rb_lang=ru", nil)
	if err != nil {
		return nil, err
	}
	form := "rb_form=" + door.cookies["rb_form"]
	in, err := c.do(ctx, http.MethodPost, base+"/desk/sign-in", "rb_lang=ru; "+form, url.Values{"form_token": {tokenOf(door.body)}, "person": {name}})
	if err != nil {
		return nil, err
	}
	if in.status != http.StatusSeeOther {
		return nil, fmt.Errorf("bench: signing in at the desk answers %d", in.status)
	}
	c.cookie = "rb_lang=ru; " + form
	for k, v := range in.cookies {
		c.cookie += "; " + k + "=" + v
	}
	page, err := c.do(ctx, http.MethodGet, base+"/desk/cases", c.cookie, nil)
	if err != nil {
		return nil, err
	}
	if c.token = tokenOf(page.body); page.status != http.StatusOK || c.token == "" {
		return nil, fmt.Errorf("bench: the list of cases answers %d", page.status)
	}
	return c, nil
}

func tokenOf(body string) string {
	_, rest, _ := strings.Cut(body, `name="form_token" value="`)
	token, _, _ := strings.Cut(rest, `"`)
	return token
}

// see opens a page and looks for a word on it.
func (c *clerk) see(ctx context.Context, path, word string) error {
	page, err := c.do(ctx, http.MethodGet, c.base+path, c.cookie, nil)
	if err == nil && (page.status != http.StatusOK || !strings.Contains(page.body, word)) {
		err = fmt.Errorf("bench: %s answers %d, and does not say %s", path, page.status, word)
	}
	return err
}

func (c *clerk) list(ctx context.Context, query string) error {
	return c.see(ctx, "/desk/cases?"+query, "<tbody>")
}

// search sends the box, and opens what it leads to unless that is a case.
func (c *clerk) search(ctx context.Context, typed, leads, word string) error {
	found, err := c.do(ctx, http.MethodPost, c.base+"/desk/cases/search", c.cookie, url.Values{"form_token": {c.token}, "q": {typed}})
	if err != nil {
		return err
	}
	if found.status != http.StatusSeeOther || !strings.Contains(found.location, leads) {
		return fmt.Errorf("bench: a search answers %d", found.status)
	}
	if leads == "" {
		return nil
	}
	return c.see(ctx, found.location, word)
}

// measured lets all do one thing over and over for a while, and as long before that, and tells how long each of the second while took: a server
// that people work with has read before what they ask for, as far as its memory goes.
func measured(ctx context.Context, people []*clerk, task deskTask, during time.Duration) (Latency, error) {
	var (
		mu   sync.Mutex
		took []time.Duration
	)
	watch := clock.StartStopwatch()
	g, ctx := errgroup.WithContext(ctx)
	for _, c := range people {
		g.Go(func() error {
			var mine []time.Duration
			for len(mine) == 0 || watch.Elapsed() < 2*during { // one at least is measured, however slow the machine
				warm, one := watch.Elapsed() >= during, clock.StartStopwatch()
				if err := task.do(ctx, c, c.asked[c.rand.IntN(len(c.asked))]); err != nil {
					return err
				}
				if warm {
					mine = append(mine, one.Elapsed())
				}
			}
			mu.Lock()
			defer mu.Unlock()
			took = append(took, mine...)
			return nil
		})
	}
	err := g.Wait()
	slices.Sort(took)
	return latencyOf(took, (watch.Elapsed() - during).Seconds()), err
}
