package caselist

import (
	"fmt"
	"slices"
	"strings"

	"robotbailiff/engine"
	"robotbailiff/rules/calendar"
)

// walk builds the one statement by which cases are found. It goes along an index in the order of the list, looks at no more cases than
// told, and stops at the last one that is wanted: so it costs the same at any size and at any depth.
type walk struct {
	f       Filter
	regions []string // of the actor; nil: all
	ids     []int64  // of a search; nil: none
	lowest  int64    // no case before it can be in the list; 0: unknown
	highest int64
	from    Cursor // goes on behind it
	back    bool   // against the order
	scan    int    // looks at so many cases
	most    int    // and gives so many
	bare    bool   // only the ids are asked for

	args []any
}

// casesColumnsSQL is what filters look at.
const casesColumnsSQL = `region, state, hold, suspended, opened_on, voluntary_ends_on, term_ends_on, debt, outstanding, ended_at`

func (w *walk) arg(v any) string {
	w.args = append(w.args, v)
	return fmt.Sprintf("$%d", len(w.args))
}

// picked gives the cases of a search in the order of the list, where nothing but the search chooses among them and their numbers are the order:
// nothing of them has to be read. ok is false where that is not so.
func (w *walk) picked() (at []Cursor, ok bool) {
	column, down := w.key()
	alone := walk{f: w.f}
	if w.ids == nil || column != "id" || alone.fits() != "true" {
		return nil, false
	}
	down = down != w.back
	ids := slices.Clone(w.ids) // those that the actor may see
	slices.Sort(ids)
	if down {
		slices.Reverse(ids)
	}
	for _, id := range slices.Compact(ids) {
		beyond := !w.from.set() || down && id < w.from.ID || !down && id > w.from.ID
		if beyond && len(at) < w.most {
			at = append(at, Cursor{id, id})
		}
	}
	return at, true
}

// key is what the order goes by, and whether it goes down.
func (w *walk) key() (column string, down bool) {
	switch w.f.order() {
	case Newest:
		return "id", true
	case DueFirst:
		return "term_ends_on", false
	case DueLast:
		return "term_ends_on", true
	case SumUp:
		return "debt", false
	case SumDown:
		return "debt", true
	case Oldest:
	}
	return "id", false
}

// value turns the key of a cursor into what the column has.
func (w *walk) value(key int64, column string) any {
	if column == "term_ends_on" {
		return calendar.Date(min(max(key, int64(calendar.First)), int64(calendar.Last))).UTC()
	}
	return key
}

// sql gives the statement: the key and the id of each case that fits, in the order of the walk.
func (w *walk) sql() (string, []any) {
	w.args = nil
	column, down := w.key()
	down = down != w.back
	return `SELECT ` + keySQL(column) + `, id FROM (` + w.source(column, down) + `) c WHERE ` + w.fits() + ` ORDER BY ` + orderSQL(column, down) + ` LIMIT ` + w.arg(w.most), w.args
}

// end gives the statement that tells at which case a walk stops for having looked at enough; no row: there is none, it looks at all.
// What is skipped here is what the walk has just looked at, and never more.
func (w *walk) end() (string, []any) {
	w.args = nil
	w.bare = true
	defer func() { w.bare = false }()
	column, down := w.key()
	down = down != w.back
	return `SELECT ` + keySQL(column) + `, id FROM (` + w.source(column, down) + `) c ORDER BY ` + orderSQL(column, down) + ` LIMIT 1 OFFSET ` + w.arg(w.scan-1), w.args
}

// keySQL is the key as a whole number.
func keySQL(column string) string {
	if column == "term_ends_on" {
		return "(term_ends_on - date '0001-01-01' + 1)::bigint" // as a calendar.Date counts
	}
	return column
}

func orderSQL(column string, down bool) string {
	way := ""
	if down {
		way = " DESC"
	}
	if column == "id" {
		return "id" + way
	}
	return column + way + ", id" + way
}

// source is the walk itself: along the narrowest index that has the order of the list.
func (w *walk) source(column string, down bool) string {
	if w.ids != nil {
		return `SELECT id, ` + casesColumnsSQL + ` FROM cases WHERE id = ANY(` + w.arg(w.ids) + `) AND ` + w.beyond(column, "id", down)
	}
	if column != "id" {
		return w.along("cases", column, down)
	}
	switch w.f.Flag {
	case Held:
		return w.along("cases WHERE hold <> ''", "id", down)
	case Suspended:
		return w.along("cases WHERE suspended <> ''", "id", down)
	case Objected:
		return w.by(`SELECT DISTINCT case_id FROM objections WHERE status IN ('open', 'declined')`, down)
	case Arrested, Lifting:
		return w.by(`SELECT case_id FROM orders WHERE live`, down)
	}
	switch {
	case engine.State(w.f.State).Final(): // the event by which a case ends is called as the state
		return w.by(`SELECT case_id FROM events WHERE kind = `+w.arg(w.f.State)+` AND kind IN ('paid', 'cancelled', 'handed_over')`, down)
	case w.f.Source != "":
		return w.by(`SELECT case_id FROM writs WHERE source = `+w.arg(w.f.Source), down)
	case w.f.Region != "":
		return w.along("cases WHERE region = "+w.arg(w.f.Region), "id", down)
	}
	return w.along("cases", "id", down)
}

// along walks through the cases by an index of theirs.
func (w *walk) along(from, column string, down bool) string {
	join := " WHERE "
	if strings.Contains(from, " WHERE ") {
		join = " AND "
	}
	return `SELECT id, ` + casesColumnsSQL + ` FROM ` + from + join + w.beyond(column, "id", down) + w.spans(column) + ` ORDER BY ` + orderSQL(column, down) + ` LIMIT ` + w.arg(w.scan)
}

// by walks through another table by its case_id and takes each case by its key, one after the other, so that it can stop early.
func (w *walk) by(from string, down bool) string {
	ids := from + ` AND ` + w.beyond("case_id", "case_id", down) + ` ORDER BY ` + strings.Replace(orderSQL("id", down), "id", "case_id", 1) + ` LIMIT ` + w.arg(w.scan)
	if w.bare {
		return `SELECT case_id AS id FROM (` + ids + `) s`
	}
	return `SELECT s.case_id AS id, c.* FROM (` + ids + `) s CROSS JOIN LATERAL (SELECT ` + casesColumnsSQL + ` FROM cases WHERE id = s.case_id LIMIT 1) c`
}

// beyond leaves out what lies before the cursor, and ids that cannot be in the list.
func (w *walk) beyond(column, id string, down bool) string {
	parts := []string{"true"}
	if w.from.set() {
		sign := ">"
		if down {
			sign = "<"
		}
		if column == id {
			parts = append(parts, id+" "+sign+" "+w.arg(w.from.ID))
		} else {
			parts = append(parts, fmt.Sprintf("(%s, %s) %s (%s, %s)", column, id, sign, w.arg(w.value(w.from.Key, column)), w.arg(w.from.ID)))
		}
	}
	if w.lowest != 0 && column == id {
		parts = append(parts, id+" BETWEEN "+w.arg(w.lowest)+" AND "+w.arg(w.highest))
	}
	return strings.Join(parts, " AND ")
}

// spans bounds a walk by the days of its own key, and by days that they imply: the term ends after the case was opened.
func (w *walk) spans(column string) string {
	if column != "term_ends_on" {
		return ""
	}
	out := ""
	if !w.f.TermFrom.IsZero() {
		out += " AND term_ends_on >= " + w.arg(w.f.TermFrom.UTC())
	}
	if !w.f.TermTo.IsZero() {
		out += " AND term_ends_on <= " + w.arg(w.f.TermTo.UTC())
	}
	if !w.f.OpenedFrom.IsZero() {
		out += " AND term_ends_on > " + w.arg(w.f.OpenedFrom.UTC())
	}
	return out
}

// fits is the whole filter.
func (w *walk) fits() string {
	parts := []string{"true"}
	add := func(condition string, v any) { parts = append(parts, condition+w.arg(v)) }
	if w.regions != nil {
		parts = append(parts, "region = ANY("+w.arg(w.regions)+")")
	}
	switch w.f.State {
	case "":
	case StateOpen:
		parts = append(parts, "ended_at IS NULL")
	case StateEnded:
		parts = append(parts, "ended_at IS NOT NULL")
	default:
		add("state = ", w.f.State)
	}
	if w.f.Region != "" {
		add("region = ", w.f.Region)
	}
	if w.f.Source != "" {
		parts = append(parts, "(SELECT w.source FROM writs w WHERE w.case_id = c.id) = "+w.arg(w.f.Source))
	}
	if condition := flagSQL[w.f.Flag]; condition != "" {
		parts = append(parts, condition)
	}
	for _, d := range []struct {
		condition string
		day       calendar.Date
	}{
		{"opened_on >= ", w.f.OpenedFrom},
		{"opened_on <= ", w.f.OpenedTo},
		{"voluntary_ends_on >= ", w.f.VoluntaryFrom},
		{"voluntary_ends_on <= ", w.f.VoluntaryTo},
		{"term_ends_on >= ", w.f.TermFrom},
		{"term_ends_on <= ", w.f.TermTo},
	} {
		if !d.day.IsZero() {
			add(d.condition, d.day.UTC())
		}
	}
	if !w.f.LeftFrom.IsZero() {
		add("outstanding >= ", w.f.LeftFrom.Tiyn())
	}
	if !w.f.LeftTo.IsZero() {
		add("outstanding <= ", w.f.LeftTo.Tiyn())
	}
	return strings.Join(parts, " AND ")
}

// Whether a case c has an objection that stands, or an arrest. They are no EXISTS, which the planner may answer by reading all arrests.
const (
	objectedSQL = `(SELECT 1 FROM objections o WHERE o.case_id = c.id AND o.status IN ('open', 'declined') LIMIT 1) IS NOT NULL`
	arrestedSQL = `(SELECT 1 FROM orders o WHERE o.case_id = c.id AND o.live LIMIT 1) IS NOT NULL`
)

// flagSQL is what each flag means.
var flagSQL = map[Flag]string{
	Held:      `hold <> ''`,
	Suspended: `suspended <> ''`,
	Objected:  objectedSQL,
	Arrested:  arrestedSQL,
	Lifting:   `state IN ('paid', 'cancelled') AND ` + arrestedSQL,
}
