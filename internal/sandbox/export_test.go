package sandbox

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// ErrBroken is the failure of a whole call.
var ErrBroken = errBroken

// Read reads a text as a debtor does.
func Read(text string) (caseID int64, token string, owed int64) {
	f := read(text)
	return f.caseID, f.token, f.owed
}

// Wrongs counts what the world found wrong.
func Wrongs(ctx context.Context, b Books) (int, error) {
	p, err := b.All(ctx)
	if err != nil {
		return 0, err
	}
	return len(p.Wrongs.rows), nil
}

// Dump writes the books as text, the same for the same books.
func Dump(ctx context.Context, b Books) (string, error) {
	p, err := b.All(ctx)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	dump(&out, p.Instructions)
	dump(&out, p.Arrests)
	dump(&out, p.Accounts)
	dump(&out, p.Debtors)
	dump(&out, p.Messages)
	dump(&out, p.Payments)
	dump(&out, p.Items)
	dump(&out, p.Wrongs)
	dump(&out, p.Checkouts)
	return out.String(), nil
}

func dump[K, V comparable](out *strings.Builder, s Shelf[K, V]) {
	lines := map[string]bool{}
	for _, v := range s.rows {
		text, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		lines[string(text)] = true
	}
	for _, l := range slices.Sorted(maps.Keys(lines)) {
		out.WriteString(l + "\n")
	}
}
