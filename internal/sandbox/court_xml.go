package sandbox

import (
	"bufio"
	"io"
	"strings"
)

const (
	xmlHead = `<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<writs xmlns="urn:robotbailiff:writs:1">` + "\n"
	xmlTail = "</writs>\n"
)

var fieldNames = strings.Split(strings.TrimSpace(header), ",")

// appendXML writes a row; empty fields are left out. No field of ours holds & or <.
func (r *Row) appendXML(b []byte) []byte {
	b = append(b, "<writ>"...)
	for i, f := range r.fields() {
		if f == "" {
			continue
		}
		b = append(append(append(b, '<'), fieldNames[i]...), '>')
		b = append(b, f...)
		b = append(append(append(b, "</"...), fieldNames[i]...), '>')
	}
	return append(b, "</writ>\n"...)
}

// WriteXML writes the whole batch as XML, with the rows of [Court.WriteCSV].
func (c *Court) WriteXML(w io.Writer) error {
	out := bufio.NewWriterSize(w, 64<<10)
	_, _ = out.WriteString(xmlHead) // a buffered writer keeps its first error
	var b []byte
	for i := range c.n {
		row := c.Row(i)
		b = row.appendXML(b[:0])
		if _, err := out.Write(b); err != nil {
			return err
		}
	}
	_, _ = out.WriteString(xmlTail)
	return out.Flush()
}
