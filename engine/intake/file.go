package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/jackc/pgx/v5"
)

// SealedFile is where the parts of a batch's file are kept sealed.
const SealedFile = "batch_files.sealed"

// partSize is the plain length of every part of a file but the last.
const partSize = 1 << 20

// File is the content of a batch as it lies in the database: read part by part, never as a whole in memory. It is safe for
// concurrent use through ReadAt.
type File struct {
	ctx  context.Context // of whoever opened it: io.Reader has no other way to be stopped
	in   *Inbox
	id   int64
	kind bool // the proven content, not the bytes as they came
	size int64
	at   int64

	mu    sync.Mutex
	cache [2]part // the last two parts that were read: archives jump between their end and the middle
}

type part struct {
	no   int
	text []byte
}

// Size is the length of the file in bytes.
func (f *File) Size() int64 { return f.size }

// Read implements io.Reader.
func (f *File) Read(p []byte) (int, error) {
	n, err := f.ReadAt(p, f.at)
	f.at += int64(n)
	if n > 0 && errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

// Seek implements io.Seeker.
func (f *File) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += f.at
	case io.SeekEnd:
		offset += f.size
	}
	if offset < 0 {
		return 0, errors.New("intake: file: seek before the beginning")
	}
	f.at = offset
	return offset, nil
}

// Close implements io.Closer; it forgets what was read.
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cache = [2]part{}
	return nil
}

// ReadAt implements io.ReaderAt.
func (f *File) ReadAt(p []byte, off int64) (n int, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for n < len(p) {
		if off >= f.size {
			return n, io.EOF
		}
		text, err := f.part(int(off / partSize))
		if err != nil {
			return n, err
		}
		from := off % partSize
		if from >= int64(len(text)) {
			return n, fmt.Errorf("intake: file of batch %d: part %d is cut short", f.id, off/partSize)
		}
		c := copy(p[n:], text[from:])
		n, off = n+c, off+int64(c)
	}
	return n, nil
}

func (f *File) part(no int) ([]byte, error) {
	for i := range f.cache {
		if c := &f.cache[i]; c.text != nil && c.no == no {
			return c.text, nil
		}
	}
	var sealed []byte
	err := f.in.store.Pool().QueryRow(f.ctx, readPartSQL, f.id, f.kind, no).Scan(&sealed)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, fmt.Errorf("intake: file of batch %d: part %d is missing", f.id, no)
	}
	if err != nil {
		return nil, fmt.Errorf("intake: file of batch %d: %w", f.id, err)
	}
	text, err := f.in.keys.Open(sealed, SealedFile)
	if err != nil {
		return nil, fmt.Errorf("intake: file of batch %d, part %d: %w", f.id, no, err)
	}
	f.cache[1] = f.cache[0]
	f.cache[0] = part{no, text}
	return text, nil
}

// filing writes a stream into the database, part by part, each in a transaction of its own, so that memory stays flat and
// no transaction lasts as long as somebody's line is slow.
type filing struct {
	in    *Inbox
	id    int64
	kind  bool
	limit int64
}

// keep copies r and returns its length; it is a *[FatalError] when there is nothing, or more than the limit.
func (w filing) keep(ctx context.Context, r io.Reader) (size int64, err error) {
	buf := make([]byte, partSize)
	for no := 0; ; no++ {
		n, err := fill(r, buf)
		if size += int64(n); size > w.limit {
			return size, &FatalError{Code: FatalSize, Remedy: fmt.Sprintf("split the file: at most %d MB are taken at once", w.limit>>20)}
		}
		if n > 0 {
			if _, err := w.in.store.Pool().Exec(ctx, insertPartSQL, w.id, w.kind, no, w.in.keys.Seal(buf[:n], SealedFile)); err != nil {
				return size, fmt.Errorf("intake: keep the file: %w", err)
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			if size == 0 {
				return 0, &FatalError{Code: FatalEmpty, Remedy: "send a file with a header and at least one row"}
			}
			return size, nil
		case err != nil:
			return size, err
		}
	}
}

// fill reads until the buffer is full or the stream ends. Unlike io.ReadFull it keeps a line that was cut, which a network
// reader tells by io.ErrUnexpectedEOF, apart from the end.
func fill(r io.Reader, buf []byte) (n int, err error) {
	for n < len(buf) && err == nil {
		var m int
		m, err = r.Read(buf[n:])
		n += m
	}
	return n, err
}

var _ interface {
	io.ReadSeekCloser
	io.ReaderAt
} = (*File)(nil)
