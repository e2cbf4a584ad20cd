package i18n

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
)

//go:embed catalog/*.json
var files embed.FS

// entry is one text: a form per plural, or the form other alone.
type entry struct {
	forms map[Plural][]piece
	vars  []string // sorted, each once
}

// piece is literal text, or a variable with the style in which it is written.
type piece struct{ text, name, style string }

var printers = sync.OnceValue(func() map[Lang]*Printer {
	out := make(map[Lang]*Printer, len(DebtorLangs))
	for _, l := range DebtorLangs {
		texts, err := loadCatalog(l)
		if err != nil {
			panic(err) // cannot happen: a test reads every catalog
		}
		out[l] = &Printer{lang: l, texts: texts}
	}
	return out
})

// loadCatalog reads the files of a language: page.lang.json, nested objects joined by dots. An object with a form other
// is one text with plurals.
func loadCatalog(l Lang) (map[string]entry, error) {
	names, err := files.ReadDir("catalog")
	if err != nil {
		return nil, err
	}
	texts := map[string]entry{}
	for _, f := range names {
		if !strings.HasSuffix(f.Name(), "."+string(l)+".json") {
			continue
		}
		raw, err := files.ReadFile(path.Join("catalog", f.Name()))
		if err != nil {
			return nil, err
		}
		var tree map[string]any
		if err := json.Unmarshal(raw, &tree); err != nil {
			return nil, fmt.Errorf("i18n: %s: %w", f.Name(), err)
		}
		if err := flatten(texts, "", tree); err != nil {
			return nil, fmt.Errorf("i18n: %s: %w", f.Name(), err)
		}
	}
	return texts, nil
}

func flatten(into map[string]entry, prefix string, tree map[string]any) error {
	if _, plural := tree[string(Other)]; plural && prefix != "" {
		forms := map[Plural]string{}
		for name, v := range tree {
			s, ok := v.(string)
			if !ok {
				return fmt.Errorf("%s: form %s is not a text", prefix, name)
			}
			forms[Plural(name)] = s
		}
		return add(into, prefix, forms)
	}
	for name, v := range tree {
		key := strings.TrimPrefix(prefix+"."+name, ".")
		switch v := v.(type) {
		case string:
			if err := add(into, key, map[Plural]string{Other: v}); err != nil {
				return err
			}
		case map[string]any:
			if err := flatten(into, key, v); err != nil {
				return err
			}
		default:
			return fmt.Errorf("%s is neither a text nor a group", key)
		}
	}
	return nil
}

func add(into map[string]entry, key string, forms map[Plural]string) error {
	if _, twice := into[key]; twice {
		return fmt.Errorf("%s is there twice", key)
	}
	e := entry{forms: make(map[Plural][]piece, len(forms))}
	for name, s := range forms {
		pieces, err := parse(s)
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		e.forms[name] = pieces
		for _, p := range pieces {
			if p.name != "" && !slices.Contains(e.vars, p.name) {
				e.vars = append(e.vars, p.name)
			}
		}
	}
	slices.Sort(e.vars)
	into[key] = e
	return nil
}

// parse cuts a text at its variables: {name} or {name:style}.
func parse(s string) ([]piece, error) {
	if s == "" {
		return nil, errors.New("an empty text")
	}
	var out []piece
	for s != "" {
		before, rest, found := strings.Cut(s, "{")
		if before != "" {
			out = append(out, piece{text: before})
		}
		if !found {
			break
		}
		inside, after, closed := strings.Cut(rest, "}")
		if !closed {
			return nil, errors.New("a variable is not closed")
		}
		name, style, _ := strings.Cut(inside, ":")
		if name == "" || style != "" && !slices.Contains(styles, style) {
			return nil, fmt.Errorf("bad variable {%s}", inside)
		}
		out = append(out, piece{name: name, style: style})
		s = after
	}
	return out, nil
}
