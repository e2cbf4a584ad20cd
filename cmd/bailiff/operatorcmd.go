package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"robotbailiff/internal/app/accounts"
	appdesk "robotbailiff/internal/app/desk"
	"robotbailiff/internal/pg"
)

const operatorUsage = "operator takes list, history [LOGIN], add LOGIN --role ROLE… [--region NN…], roles LOGIN --role ROLE…, regions LOGIN [--region NN…], reset LOGIN or off LOGIN; all but the first two need --why"

// operatorReport is what operator prints.
type operatorReport struct {
	Operators []operatorView `json:"operators"`
	Link      string         `json:"link,omitempty"` // of a first sign-in: it opens once
	Until     *time.Time     `json:"link_until,omitempty"`
}

// operatorView is one account.
type operatorView struct {
	Login     string    `json:"login"`
	Roles     []string  `json:"roles"`
	Regions   []string  `json:"regions"` // null: all
	State     string    `json:"state"`   // new, on, waiting or off
	CreatedAt time.Time `json:"created_at"`
}

// changeView is something that was done to an account.
type changeView struct {
	At      time.Time `json:"at"`
	Login   string    `json:"login"`
	What    string    `json:"what"`
	Roles   []string  `json:"roles"`
	Regions []string  `json:"regions"`
	By      string    `json:"by"`
	Why     string    `json:"why"`
}

func runOperator(ctx context.Context, e *env, args []string) error {
	var roles, regions words
	as := e.actorFlag()
	why := e.flags.String("why", "", "`WHY` this is done, such as the order of appointment; without personal data")
	e.flags.Var(&roles, "role", "add, roles: `ROLE`: viewer, operator, supervisor, finance, auditor or administrator; may be repeated")
	e.flags.Var(&regions, "region", "add, regions: two-digit code `NN` of a region whose cases he sees; may be repeated; without it all")
	rest, err := e.parse(args)
	if err != nil {
		return err
	}
	verb, login := first(rest), ""
	if len(rest) == 2 {
		login = rest[1]
	}
	needs := slices.Contains([]string{"add", "roles", "regions", "reset", "off"}, verb)
	switch {
	case len(rest) > 2, needs && login == "", !needs && verb != "list" && verb != "history" && len(rest) > 0, verb == "list" && login != "":
		return usagef(operatorUsage)
	case needs && (strings.TrimSpace(*why) == "" || strings.TrimSpace(*as) == ""):
		return usagef("say why: give --why, and --as with the name of who does this")
	case (verb == "add" || verb == "roles") && len(roles) == 0:
		return usagef("give --role: an account without a role could do nothing")
	}
	for _, r := range roles {
		if _, ok := appdesk.ParseRole(r); !ok {
			return usagef("there is no role %q: viewer, operator, supervisor, finance, auditor, administrator", r)
		}
	}
	for _, r := range regions {
		if !regionCode(r) {
			return usagef("%q is no region: two digits, as in court batches", r)
		}
	}
	return e.onDatabase(ctx, func(db *database) error {
		if err := db.current(ctx); err != nil {
			return err
		}
		keys, err := db.keys()
		if err != nil {
			return err
		}
		store, by := accounts.New(db.pool, keys), accounts.Act{Actor: *as, Reason: *why}
		if verb == "history" {
			return e.operatorHistory(ctx, store, login)
		}
		link := ""
		switch verb {
		case "add":
			link, err = store.Add(ctx, login, roles, regions, by)
		case "roles":
			err = store.SetRoles(ctx, login, roles, by)
		case "regions":
			err = store.SetRegions(ctx, login, regions, by)
		case "reset":
			link, err = store.Reset(ctx, login, by)
		case "off":
			err = store.Off(ctx, login, by)
		}
		if err != nil {
			return operatorFault(err, login)
		}
		return e.listOperators(ctx, store, login, link)
	}, pg.WithName("bailiff-operator"))
}

// operatorFault says what to do about what could not be done.
func operatorFault(err error, login string) error {
	switch {
	case errors.Is(err, accounts.ErrLogin):
		return usagef("%q is no name: 2 to 32 small Latin letters, digits, dots, dashes and underscores, a letter first", login)
	case errors.Is(err, accounts.ErrKnown):
		return errors.New("there is such an account already: bailiff operator reset gives it a new link, bailiff operator list shows it")
	case errors.Is(err, accounts.ErrTwo):
		return errors.New("two administrators at the desk give rights, below /desk/people/accounts: one proposes, the other agrees; this command takes rights away, and gives them again when fewer than two administrators can sign in")
	case errors.Is(err, accounts.ErrNone):
		return errors.New("there is no such account: see bailiff operator list")
	}
	return err
}

func regionCode(s string) bool {
	return len(s) == 2 && strings.Trim(s, "0123456789") == ""
}

// listOperators prints the accounts, or one, with the link that was just made for it.
func (e *env) listOperators(ctx context.Context, store *accounts.Store, login, link string) error {
	list, err := store.List(ctx)
	if err != nil {
		return err
	}
	out := operatorReport{Operators: []operatorView{}}
	for _, a := range list {
		if login != "" && a.Login != login {
			continue
		}
		state := map[string]string{"off": "off", "link": "new", "link_over": "new", "locked": "waiting", "on": "on"}[a.State()]
		out.Operators = append(out.Operators, operatorView{a.Login, a.Roles, a.Regions, state, a.CreatedAt})
		if link != "" {
			out.Link, out.Until = deskURL()+"/desk/first/"+link, &a.LinkUntil
		}
	}
	return e.print(out, func() {
		for _, o := range out.Operators {
			e.sayf("%s  %s  %s  %s\n", o.Login, strings.Join(o.Roles, ","), orAll(o.Regions), map[string]string{
				"on": "in use", "off": "off", "new": "has not signed in yet", "waiting": "waits after wrong tries",
			}[o.State])
		}
		if len(out.Operators) == 0 {
			e.sayf("There is no account: bailiff operator add LOGIN --role ROLE --why WHY\n")
		}
		if out.Link != "" {
			e.sayf("\nGive this link to %s, and to nobody else. It opens once, until %s:\n%s\n", login, out.Until.Format(time.RFC3339), out.Link)
		}
	})
}

func (e *env) operatorHistory(ctx context.Context, store *accounts.Store, login string) error {
	list, err := store.Changes(ctx, login, mostChanges)
	if err != nil {
		return err
	}
	out := struct {
		Changes []changeView `json:"changes"`
	}{Changes: []changeView{}}
	for _, c := range list {
		out.Changes = append(out.Changes, changeView{c.At.UTC(), c.Login, c.What, c.Roles, c.Regions, c.Actor, c.Reason})
	}
	return e.print(out, func() {
		for _, c := range out.Changes {
			e.sayf("%s  %s  %s  %s  %s  by %s: %s\n", c.At.Format(time.RFC3339), c.Login, c.What, strings.Join(c.Roles, ","), orAll(c.Regions), c.By, c.Why)
		}
		if len(out.Changes) == 0 {
			e.sayf("Nothing was done to an account so far.\n")
		}
	})
}

// mostChanges bounds what history prints.
const mostChanges = 1000

func orAll(regions []string) string {
	if regions == nil {
		return "all regions"
	}
	return "regions " + strings.Join(regions, ",")
}
