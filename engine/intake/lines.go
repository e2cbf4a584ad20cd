package intake

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
)

// errTooLong says that a line is longer than maxRecord.
var errTooLong = errors.New("intake: line too long")

// lineReader gives the lines of a text without their ends, none longer than maxRecord.
type lineReader struct {
	r    *bufio.Reader
	long []byte
}

// next returns a line that is valid until the next call; io.EOF comes alone, after the last line.
func (l *lineReader) next() ([]byte, error) {
	line, err := l.r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		l.long = l.long[:0]
		for errors.Is(err, bufio.ErrBufferFull) {
			if l.long = append(l.long, line...); len(l.long) > maxRecord {
				return nil, errTooLong
			}
			line, err = l.r.ReadSlice('\n')
		}
		l.long = append(l.long, line...)
		line = l.long
	}
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return nil, err
	case err != nil && len(line) == 0:
		return nil, io.EOF
	case len(line) > maxRecord:
		return nil, errTooLong
	}
	line = bytes.TrimSuffix(line, []byte{'\n'})
	return bytes.TrimSuffix(line, []byte{'\r'}), nil
}

// explain turns an error of next into one of the file.
func (l *lineReader) explain(err error, row int) error {
	if errors.Is(err, errTooLong) {
		return tooLong(row)
	}
	return err
}

func tooLong(row int) error {
	return &FatalError{Row: row, Code: FatalTooLong, Remedy: "a row has at most " + strconv.Itoa(maxRecord) + " bytes: look for a quote that is never closed"}
}
