package letter

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"robotbailiff/notify"
	"robotbailiff/rules/calendar"
)

// Problem is a line of the post's answers that was not taken.
type Problem struct {
	Line   int // from 1, the header is a line
	Field  string
	Code   string // one of Codes
	Remedy string
}

// Codes of problems.
const (
	CodeColumns  = "columns_missing"
	CodeLine     = "line_malformed"
	CodeID       = "id_unknown"
	CodeTracking = "tracking_invalid"
	CodeStatus   = "status_unknown"
	CodeTime     = "time_invalid"
	CodeFuture   = "time_in_future"
	CodeLong     = "file_too_long"
)

var remedies = map[string]string{
	CodeColumns:  "begin with the line id,tracking_number,status,time",
	CodeLine:     "write as many values as the header has, and a value with a comma or a quotation mark in quotation marks",
	CodeID:       "use the id of the register, such as 260000001-3-letter",
	CodeTracking: "write the number of the item, at most 40 letters, digits and signs",
	CodeStatus:   "write accepted, delivered, returned, refused or lost",
	CodeTime:     "write 2026-12-01T15:04:05+05:00, or 2026-12-01 15:04 in the time of Almaty",
	CodeFuture:   "write when it happened; a time that has not come proves nothing",
	CodeLong:     "cut the file into several of at most 16 MiB",
}

// Codes lists every code.
var Codes = []string{CodeColumns, CodeLine, CodeID, CodeTracking, CodeStatus, CodeTime, CodeFuture, CodeLong}

func problem(line int, field, code string) Problem {
	return Problem{Line: line, Field: field, Code: code, Remedy: remedies[code]}
}

var answerColumns = []string{"id", "tracking_number", "status", "time"}

// skew is by how much the clock of the post may be ahead.
const skew = 5 * time.Minute

// Parse reads the answers of the post. What it cannot read it names, and goes on.
func Parse(file []byte, now time.Time) (receipts []notify.Receipt, problems []Problem) {
	file = bytes.TrimPrefix(file, []byte("\ufeff"))
	r := csv.NewReader(bytes.NewReader(file))
	r.FieldsPerRecord, r.ReuseRecord = -1, true
	if header, _, _ := bytes.Cut(file, []byte("\n")); bytes.IndexByte(header, ';') >= 0 {
		r.Comma = ';'
	}
	header, err := r.Read()
	columns := map[string]int{}
	for i, name := range header {
		columns[strings.ToLower(strings.TrimSpace(name))] = i
	}
	for _, name := range answerColumns {
		if _, ok := columns[name]; !ok || err != nil {
			return nil, []Problem{problem(1, name, CodeColumns)}
		}
	}
	wide := len(header)
	for {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			return receipts, problems
		}
		if err != nil {
			line := 0
			if bad, ok := errors.AsType[*csv.ParseError](err); ok {
				line = bad.StartLine
			}
			problems = append(problems, problem(line, "", CodeLine))
			continue
		}
		line, _ := r.FieldPos(0)
		if len(fields) != wide {
			problems = append(problems, problem(line, "", CodeLine))
			continue
		}
		value := func(name string) string { return strings.TrimSpace(fields[columns[name]]) }
		receipt, field, code := read(value, now)
		switch {
		case code != "":
			problems = append(problems, problem(line, field, code))
		case receipt.Status != notify.StatusSent: // that the post has it is known
			receipts = append(receipts, receipt)
		}
	}
}

// read reads one answer; code says what is wrong with which field.
func read(value func(string) string, now time.Time) (r notify.Receipt, field, code string) {
	r = notify.Receipt{Ref: value("id"), ProviderRef: value("tracking_number")}
	if _, _, channel, err := notify.ParseRef(r.Ref); err != nil || channel != notify.Letter {
		return r, "id", CodeID
	}
	if !tracking(r.ProviderRef) {
		return r, "tracking_number", CodeTracking
	}
	switch status := strings.ToLower(value("status")); status {
	case "accepted":
		r.Status = notify.StatusSent
	case "delivered":
		r.Status = notify.StatusDelivered
	case "returned", "refused", "lost":
		r.Status, r.Detail = notify.StatusFailed, status
	default:
		return r, "status", CodeStatus
	}
	var ok bool
	if r.At, ok = instant(value("time")); !ok {
		return r, "time", CodeTime
	}
	if r.At.After(now.Add(skew)) {
		return r, "time", CodeFuture
	}
	return r, "", ""
}

func tracking(s string) bool {
	return len(s) <= 40 && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// localForms are times without a zone: Almaty's.
var localForms = []string{"2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04:05", "2006-01-02T15:04"}

func instant(s string) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339, s)
	for i := 0; err != nil && i < len(localForms); i++ {
		t, err = time.ParseInLocation(localForms[i], s, calendar.Almaty)
	}
	return t.UTC(), err == nil && t.Year() >= 2000 && t.Year() < 2200
}

// errorsOf writes problems as CSV.
func errorsOf(problems []Problem) ([]byte, error) {
	lines := [][]string{{"line", "field", "code", "remedy"}}
	slices.SortStableFunc(problems, func(a, b Problem) int { return a.Line - b.Line })
	for _, p := range problems {
		lines = append(lines, []string{strconv.Itoa(p.Line), p.Field, p.Code, p.Remedy})
	}
	return table(lines)
}
