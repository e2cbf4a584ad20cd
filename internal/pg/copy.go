package pg

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Copy writes n rows to a table by COPY, each as row appends it. It is CopyFrom of pgx for the tables that every batch writes
// thousands of rows to: whoever names the type of each value saves the looking up of an encoder per value, which was a fifth of
// our own time of an import. Names come from the program, never from outside. Errors of the server are a *[pgconn.PgError].
func Copy(ctx context.Context, tx pgx.Tx, table string, columns []string, n int, row func(r *Row, i int)) error {
	source := &rows{n: n, columns: len(columns), append: row}
	source.out.buf = append(make([]byte, 0, copyBlock+copyBlock/8), copyHead...)
	sql := "COPY " + pgx.Identifier{table}.Sanitize() + " (" + strings.Join(columns, ", ") + ") FROM STDIN BINARY"
	_, err := tx.Conn().PgConn().CopyFrom(ctx, source, sql)
	return err
}

// copyBlock is about how many bytes are encoded in one go.
const copyBlock = 64 << 10

// copyHead is the signature of the format, no flags, and no extension (PostgreSQL, reference of COPY, "Binary Format").
const copyHead = "PGCOPY\n\xff\r\n\x00" + "\x00\x00\x00\x00" + "\x00\x00\x00\x00"

// Row is one row of [Copy]. Each method appends the value of the next column, whose type it names: the server refuses a value
// of another length.
type Row struct {
	buf    []byte
	values int
}

// Int2 appends a smallint.
func (r *Row) Int2(v int16) {
	r.size(2)
	r.buf = binary.BigEndian.AppendUint16(r.buf, uint16(v))
}

// Int4 appends an integer.
func (r *Row) Int4(v int32) {
	r.size(4)
	r.buf = binary.BigEndian.AppendUint32(r.buf, uint32(v))
}

// Int8 appends a bigint.
func (r *Row) Int8(v int64) {
	r.size(8)
	r.buf = binary.BigEndian.AppendUint64(r.buf, uint64(v))
}

// ID appends a bigint that is NULL when it is 0.
func (r *Row) ID(v int64) {
	if v == 0 {
		r.size(-1)
		return
	}
	r.Int8(v)
}

// Text appends a text.
func (r *Row) Text(s string) {
	r.size(len(s))
	r.buf = append(r.buf, s...)
}

// Bytes appends a bytea or a json, NULL for nil.
func (r *Row) Bytes(b []byte) {
	if b == nil {
		r.size(-1)
		return
	}
	r.size(len(b))
	r.buf = append(r.buf, b...)
}

// Bool appends a boolean.
func (r *Row) Bool(v bool) {
	r.size(1)
	if v {
		r.buf = append(r.buf, 1)
	} else {
		r.buf = append(r.buf, 0)
	}
}

// UUID appends a uuid.
func (r *Row) UUID(v [16]byte) {
	r.size(len(v))
	r.buf = append(r.buf, v[:]...)
}

// The instants and dates of PostgreSQL count from the year 2000, in microseconds and in days.
const (
	secondsTo2000 = 946_684_800
	secondsOfDay  = 86_400
)

// Time appends a timestamptz, cut to the microsecond, NULL for the zero time.
func (r *Row) Time(t time.Time) {
	if t.IsZero() {
		r.size(-1)
		return
	}
	r.Int8((t.Unix()-secondsTo2000)*1_000_000 + int64(t.Nanosecond()/1000))
}

// Date appends a date, given as its midnight in UTC, NULL for the zero time.
func (r *Row) Date(t time.Time) {
	if t.IsZero() {
		r.size(-1)
		return
	}
	r.Int4(int32((t.Unix() - secondsTo2000) / secondsOfDay)) // a year of four digits fits
}

// size begins a value of so many bytes; -1 is NULL.
func (r *Row) size(n int) {
	r.values++
	r.buf = binary.BigEndian.AppendUint32(r.buf, uint32(n))
}

// rows encodes rows while they are sent.
type rows struct {
	n, next, columns int
	append           func(r *Row, i int)
	out              Row
	sent             int // bytes of out.buf
	ended            bool
}

// Read implements io.Reader.
func (s *rows) Read(p []byte) (int, error) {
	if s.sent == len(s.out.buf) {
		s.out.buf, s.sent = s.out.buf[:0], 0
	}
	for s.next < s.n && len(s.out.buf)-s.sent < copyBlock {
		s.out.buf = binary.BigEndian.AppendUint16(s.out.buf, uint16(s.columns))
		s.out.values = 0
		s.append(&s.out, s.next)
		if s.out.values != s.columns {
			return 0, fmt.Errorf("pg: row %d of a COPY has %d values for %d columns", s.next, s.out.values, s.columns)
		}
		s.next++
	}
	if s.next == s.n && !s.ended {
		s.out.buf, s.ended = append(s.out.buf, 0xff, 0xff), true // the end of the data
	}
	if s.sent == len(s.out.buf) {
		return 0, io.EOF
	}
	n := copy(p, s.out.buf[s.sent:])
	s.sent += n
	return n, nil
}
