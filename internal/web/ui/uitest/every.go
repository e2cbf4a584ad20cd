package uitest

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Patterns lists the routes of a handler of pages, or of the interface.
func Patterns(tb testing.TB, h http.Handler) []string {
	tb.Helper()
	m, ok := h.(interface{ Patterns() []string })
	if !ok {
		tb.Fatal("the handler does not tell its routes")
	}
	all := m.Patterns()
	if len(all) == 0 {
		tb.Fatal("the handler has no routes")
	}
	return all
}

// Route cuts a pattern into its method, GET where it has none, and its path with every wildcard filled in.
func Route(pattern, fill string) (method, path string) {
	method, path, found := strings.Cut(pattern, " ")
	if !found {
		method, path = http.MethodGet, pattern
	}
	path = strings.ReplaceAll(path, "{$}", "")
	for {
		before, rest, found := strings.Cut(path, "{")
		if !found {
			return method, path
		}
		_, after, _ := strings.Cut(rest, "}")
		path = before + fill + after
	}
}

// Headers holds an answer to the headers that every answer has, whatever it is.
func Headers(tb testing.TB, what string, status int, h http.Header, secure bool) {
	tb.Helper()
	for key, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin", "Strict-Transport-Security": "max-age=31536000; includeSubDomains", "Cache-Control": "no-store",
		"X-Robots-Tag": "noindex, nofollow, noarchive",
	} {
		if got := h.Values(key); len(got) != 1 || got[0] != want {
			tb.Errorf("%s (%d): %s is %q, want %q", what, status, key, got, want)
		}
	}
	policy := h.Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'", "object-src 'none'"} {
		if !slices.Contains(strings.Split(policy, "; "), part) {
			tb.Errorf("%s (%d): the policy lacks %s: %s", what, status, part, policy)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "http") || strings.Contains(policy, "*") {
		tb.Errorf("%s (%d): the policy lets others in: %s", what, status, policy)
	}
	for key := range h {
		if strings.HasPrefix(key, "Access-Control-") || key == "Server" || key == "X-Powered-By" {
			tb.Errorf("%s (%d): the header %s", what, status, key)
		}
	}
	for _, c := range (&http.Response{Header: h}).Cookies() {
		host := strings.HasPrefix(c.Name, "__Host-")
		if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode && c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" || c.Secure != secure || host != secure {
			tb.Errorf("%s (%d): a cookie like %s", what, status, c.Raw)
		}
	}
}

const tablesSQL = `SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname NOT LIKE 'goose%' AND relname NOT LIKE 'river%' ORDER BY 1`

// Sums gives a checksum of all that each table holds, without those named.
func Sums(ctx context.Context, pool *pgxpool.Pool, without ...string) (map[string]string, error) {
	rows, err := pool.Query(ctx, tablesSQL)
	if err != nil {
		return nil, err
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	sums := map[string]string{}
	for _, table := range tables {
		if slices.Contains(without, table) {
			continue
		}
		var sum string
		sql := fmt.Sprintf(`SELECT count(*) || ' ' || md5(coalesce(string_agg(x::text, E'\n' ORDER BY x::text), '')) FROM %s x`, pgx.Identifier{table}.Sanitize())
		if err := pool.QueryRow(ctx, sql).Scan(&sum); err != nil {
			return nil, err
		}
		sums[table] = sum
	}
	return sums, nil
}
