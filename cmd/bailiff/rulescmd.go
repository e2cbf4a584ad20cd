package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"robotbailiff/internal/app/portal/story"
	"robotbailiff/internal/app/whatif"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/pg"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/pack"
)

func runRules(ctx context.Context, e *env, args []string) error {
	dir := e.flags.String("pack", "", "a `DIR` with a rule pack; the built-in one by default")
	lang := e.langFlag()
	rest, err := e.parse(args)
	if err != nil {
		return err
	}
	l, err := language(*lang)
	if err != nil {
		return err
	}
	word := ""
	if len(rest) > 0 {
		word, rest = rest[0], rest[1:]
	}
	if word == "validate" && len(rest) == 1 && *dir == "" {
		*dir, rest = rest[0], nil
	}
	if len(rest) > 0 {
		return usagef("rules %s does not take %q", word, rest[0])
	}
	switch word {
	case "list":
		return e.listRules(*dir, l)
	case "validate":
		return e.validateRules(*dir)
	case "simulate":
		p, faults := loadPack(*dir)
		if len(faults) > 0 {
			return e.tellFaults(faults)
		}
		return e.onDatabase(ctx, func(db *database) error { return e.simulate(ctx, db, p) },
			pg.WithName("bailiff-simulate"), pg.WithRole(pg.RoleAudit), pg.WithMaxConns(2))
	}
	return usagef("rules takes one word: list, validate [DIR] or simulate --pack DIR")
}

// packFault is one thing wrong with a pack.
type packFault struct {
	File   string `json:"file"`
	Line   int    `json:"line"` // 0 when the file, or the pack as a whole, is meant
	Reason string `json:"reason"`
}

// loadPack reads a pack, or takes the built-in one when dir is empty. No faults means that there is a pack.
func loadPack(dir string) (*pack.Pack, []packFault) {
	if dir == "" {
		return pack.Default(), nil
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, []packFault{{File: dir, Reason: "there is no such folder: name the one with the pack's .yaml files"}}
	}
	p, err := pack.LoadDir(dir)
	if err == nil {
		return p, nil
	}
	var faults []packFault
	for _, f := range pack.Faults(err) {
		faults = append(faults, packFault{f.File, f.Line, f.Reason})
	}
	return nil, faults
}

// ruleList is what rules list prints.
type ruleList struct {
	Hash   string     `json:"hash"`
	Values []ruleLine `json:"values"`
}

// ruleLine is one dated value.
type ruleLine struct {
	Key      string        `json:"key"`
	Value    string        `json:"value"`
	Unit     string        `json:"unit"`
	Counting string        `json:"counting,omitempty"`
	From     calendar.Date `json:"from"`
	To       calendar.Date `json:"to"` // empty: until further notice
	Citation string        `json:"citation"`
	Edition  calendar.Date `json:"edition"`
	Basis    string        `json:"basis"`
	Note     string        `json:"note"`
	File     string        `json:"file"`
	Line     int           `json:"line"`
}

func (e *env) listRules(dir string, lang i18n.Lang) error {
	p, faults := loadPack(dir)
	if len(faults) > 0 {
		return e.tellFaults(faults)
	}
	out := ruleList{Hash: p.Hash(), Values: []ruleLine{}}
	for _, v := range p.Values() {
		out.Values = append(out.Values, ruleLine{
			Key: v.Key, Value: v.Value, Unit: v.Unit, Counting: v.Counting, From: v.From, To: v.To, Citation: story.Citation(v.Citation, lang),
			Edition: v.Edition, Basis: v.Basis, Note: v.Note.In(string(lang)), File: v.File, Line: v.Line,
		})
	}
	var table error
	err := e.print(out, func() {
		w := tabwriter.NewWriter(e.stdout, 0, 8, 2, ' ', 0)
		_, _ = fmt.Fprintln(w, "KEY\tVALUE\tUNIT\tFROM\tTO\tCITATION")
		for _, v := range out.Values {
			_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", v.Key, short(v.Value, 40), v.Unit, v.From, v.To, v.Citation)
		}
		table = w.Flush()
		e.sayf("%d values, pack %s\n", len(out.Values), out.Hash)
	})
	return errors.Join(err, table)
}

// short cuts a text for a column of a table.
func short(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}

// packReport is what rules validate prints.
type packReport struct {
	Valid  bool        `json:"valid"`
	Hash   string      `json:"hash"` // empty when not valid
	Values int         `json:"values"`
	Faults []packFault `json:"faults"`
}

func (e *env) validateRules(dir string) error {
	p, faults := loadPack(dir)
	if len(faults) > 0 {
		return e.tellFaults(faults)
	}
	r := packReport{Valid: true, Hash: p.Hash(), Values: len(p.Values()), Faults: []packFault{}}
	return e.print(r, func() { e.sayf("The pack is sound: %d values, hash %s\n", r.Values, r.Hash) })
}

// tellFaults prints what is wrong with a pack and fails.
func (e *env) tellFaults(faults []packFault) error {
	err := e.print(packReport{Faults: faults}, func() {
		for _, f := range faults {
			place := strings.TrimPrefix(fmt.Sprintf("%s:%d: ", f.File, f.Line), ":0: ")
			e.sayf("%s%s\n", strings.Replace(place, ":0: ", ": ", 1), f.Reason)
		}
		e.sayf("%d faults: the pack cannot be used.\n", len(faults))
	})
	return errors.Join(err, errSilent)
}

// simulate decides the opening of every case again under a pack, on the day on which it was opened.
func (e *env) simulate(ctx context.Context, db *database, p *pack.Pack) error {
	if err := db.current(ctx); err != nil {
		return err
	}
	keys, err := db.keys()
	if err != nil {
		return err
	}
	out, err := whatif.Try(ctx, db.pool, keys, p, 0)
	if err != nil {
		return err
	}
	return e.print(out, func() {
		e.sayf("%d cases under pack %s: %d stay as they are, %d would have another term.\n", out.Cases, out.Pack[:12], out.Same, out.OtherTerm)
		for _, c := range out.Changed {
			e.sayf("  %s -> %s: %d cases, %s tenge\n", c.From, c.To, c.Cases, c.Amount)
		}
	})
}
