// Package obs is how operators see a process: its log, its metrics and its health.
//
// It must not let personal data out: whatever looks like an identity number, a phone, an
// account or a link token is replaced before it is written. It must not decide anything, and
// the domain packages do not import it; they return errors and their callers log.
//
// The entry points are [NewLogger], [NewRegistry] and [Health].
package obs

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strings"
)

// NewLogger gives a logger that writes one JSON object per line to w (standard error in
// programs), with personal data replaced and with the attributes of the context added.
func NewLogger(w io.Writer, level slog.Leveler) *slog.Logger {
	return slog.New(contextHandler{slog.NewJSONHandler(w, &slog.HandlerOptions{
		Level:       level,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr { return redactAttr(a) },
	})})
}

type attrsKey struct{}

// WithAttrs adds attributes to every record logged with the context: the ids of the case, the
// job and the request.
func WithAttrs(ctx context.Context, attrs ...slog.Attr) context.Context {
	have, _ := ctx.Value(attrsKey{}).([]slog.Attr)
	all := make([]slog.Attr, 0, len(have)+len(attrs))
	return context.WithValue(ctx, attrsKey{}, append(append(all, have...), attrs...))
}

type contextHandler struct{ slog.Handler }

func (h contextHandler) Handle(ctx context.Context, r slog.Record) error {
	if attrs, ok := ctx.Value(attrsKey{}).([]slog.Attr); ok {
		r = r.Clone()
		r.AddAttrs(attrs...)
	}
	return h.Handler.Handle(ctx, r)
}

func (h contextHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return contextHandler{h.Handler.WithAttrs(attrs)}
}

func (h contextHandler) WithGroup(name string) slog.Handler {
	return contextHandler{h.Handler.WithGroup(name)}
}

// hiddenKeys are attributes whose value is never written, whatever it looks like.
var hiddenKeys = map[string]bool{
	"iin": true, "debtor_iin": true, "phone": true, "debtor_phone": true, "name": true, "debtor_name": true,
	"birth_date": true, "debtor_birth_date": true, "password": true, "secret": true, "token": true,
	"authorization": true, "cookie": true, "set-cookie": true, "key": true, "iban": true,
}

const hidden = "[hidden]"

func redactAttr(a slog.Attr) slog.Attr {
	if hiddenKeys[strings.ToLower(a.Key)] {
		return slog.String(a.Key, hidden)
	}
	switch a.Value.Kind() {
	case slog.KindString:
		a.Value = slog.StringValue(Redact(a.Value.String()))
	case slog.KindInt64, slog.KindUint64:
		if text := a.Value.String(); identityNumber(text) {
			a.Value = slog.StringValue("[iin]")
		}
	case slog.KindAny:
		a.Value = redactAny(a.Value)
	case slog.KindBool, slog.KindDuration, slog.KindFloat64, slog.KindTime, slog.KindGroup, slog.KindLogValuer:
		// They hold nothing of a person; members of a group come here one by one.
	}
	return a
}

func redactAny(v slog.Value) slog.Value {
	var text string
	switch x := v.Any().(type) {
	case nil, *slog.Source:
		return v
	case error:
		return slog.StringValue(Redact(x.Error()))
	case []byte:
		return slog.StringValue(fmt.Sprintf("[%d bytes]", len(x)))
	case fmt.Stringer:
		return slog.StringValue(Redact(x.String()))
	default:
		encoded, err := json.Marshal(x)
		if err != nil {
			return slog.StringValue(Redact(fmt.Sprintf("%+v", x)))
		}
		text = string(encoded)
	}
	if redacted := Redact(text); redacted != text {
		return slog.StringValue(redacted)
	}
	return v
}

// The order matters: an account and a phone hold digits that would match further down. Each
// pattern looks at the characters around it, so that longer numbers are left alone.
var patterns = []struct {
	find *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`/p/[^\s/?#"'<>\\]+`), "/p/[token]"},
	{regexp.MustCompile(`(?i)\bKZ\d{2}[A-Z0-9]{16}\b`), "[iban]"},
	{regexp.MustCompile(`\+7[\s().-]*(?:\d[\s().-]*){9}\d`), "[phone]"},
	{regexp.MustCompile(`\b[78]7\d{9}\b`), "[phone]"},
	{regexp.MustCompile(`\b8[\s(-]+7\d{2}[\s)-]+\d{3}[\s-]*\d{2}[\s-]*\d{2}\b`), "[phone]"},
	{regexp.MustCompile(`(^|[^0-9])\d{12}($|[^0-9])`), "${1}[iin]${2}"},
	{regexp.MustCompile(`://[^:/@\s]*:[^@/\s]+@`), "://[hidden]@"},
}

// Redact replaces what looks like an identity number, a phone, an account, the token of a
// personal link, or a password in an address.
func Redact(s string) string {
	if !suspicious(s) {
		return s
	}
	for _, p := range patterns {
		s = p.find.ReplaceAllString(s, p.with)
		if p.with[0] == '$' { // neighbours share the character between them
			s = p.find.ReplaceAllString(s, p.with)
		}
	}
	return s
}

// suspicious is the cheap first look that most log lines do not get past.
func suspicious(s string) bool {
	digits := 0
	for i := range len(s) {
		if s[i] >= '0' && s[i] <= '9' {
			digits++
		}
	}
	return digits >= 10 || strings.Contains(s, "/p/") || strings.Contains(s, "://")
}

// identityNumber reports whether a plain number can be an IIN: 12 digits that begin with a
// date, then the digit of the century. Leading zeros are lost in a number, so shorter ones
// count after padding when they are long enough to be a person's.
func identityNumber(digits string) bool {
	if len(digits) < 11 || len(digits) > 12 {
		return false
	}
	digits = strings.Repeat("0", 12-len(digits)) + digits
	month, day, century := digits[2:4], digits[4:6], digits[6]
	return month >= "01" && month <= "12" && day >= "01" && day <= "31" && century <= '6'
}
