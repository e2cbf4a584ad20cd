package pack

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"robotbailiff/rules/calendar"
)

// maxFile bounds one file of a pack, in bytes.
const maxFile = 1 << 20

// Since is the day from which every required key must have a value: the Code on
// Administrative Offences, on which the writs rest, is in force from 1 January 2015.
var Since = calendar.MakeDate(2015, 1, 1)

// Fault is one thing wrong with a pack.
type Fault struct {
	File   string
	Line   int // from 1; 0 when the fault concerns the pack as a whole
	Reason string
}

// Error implements error: "fees.yaml:12: reason".
func (f *Fault) Error() string {
	switch {
	case f.File == "":
		return "rule pack: " + f.Reason
	case f.Line == 0:
		return fmt.Sprintf("rule pack: %s: %s", f.File, f.Reason)
	}
	return fmt.Sprintf("rule pack: %s:%d: %s", f.File, f.Line, f.Reason)
}

// Faults gives what is wrong with a pack one by one, of an error of [Load], [LoadDir] or [LoadFiles]. What is no [Fault] comes as one without a place.
func Faults(err error) []*Fault {
	if err == nil {
		return nil
	}
	all := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		all = joined.Unwrap()
	}
	faults := make([]*Fault, len(all))
	for i, err := range all {
		f, ok := errors.AsType[*Fault](err)
		if !ok {
			f = &Fault{Reason: err.Error()}
		}
		faults[i] = f
	}
	return faults
}

// Load reads every *.yaml file below fsys, checks each value and the pack as a whole, and
// returns it. All faults come back together, joined; each is a [*Fault]. Files whose name
// begins with a point are skipped; any other foreign file is a fault, since a pack is
// stored and compared as a whole.
func Load(fsys fs.FS) (*Pack, error) {
	l := &loader{pack: &Pack{files: map[string][]byte{}}}
	l.collect(fsys)
	return l.load()
}

// LoadFiles reads a pack from texts by name, as [Pack.Files] gives them: the way back from a database.
func LoadFiles(files map[string][]byte) (*Pack, error) {
	l := &loader{pack: &Pack{files: make(map[string][]byte, len(files))}}
	for name, text := range files {
		l.pack.files[name] = normalise(text)
		l.names = append(l.names, name)
	}
	slices.Sort(l.names)
	return l.load()
}

func (l *loader) load() (*Pack, error) {
	for _, name := range l.names {
		l.file(name, l.pack.files[name])
	}
	l.finish()
	if len(l.faults) > 0 {
		slices.SortStableFunc(l.faults, func(a, b *Fault) int {
			return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
		})
		errs := make([]error, len(l.faults))
		for i, f := range l.faults {
			errs[i] = f
		}
		return nil, errors.Join(errs...)
	}
	l.pack.hash = hash(l.names, l.pack.files)
	return l.pack, nil
}

// loader gathers rows and faults of one load.
type loader struct {
	pack   *Pack
	names  []string // sorted
	faults []*Fault
	rows   []row
	years  []year
}

func (l *loader) fault(file string, line int, format string, args ...any) {
	l.faults = append(l.faults, &Fault{File: file, Line: line, Reason: fmt.Sprintf(format, args...)})
}

// collect reads the texts and normalises line endings.
func (l *loader) collect(fsys fs.FS) {
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		hidden := strings.HasPrefix(path.Base(name), ".") && name != "."
		switch {
		case d.IsDir() && hidden:
			return fs.SkipDir
		case d.IsDir() || hidden:
			return nil
		case path.Ext(name) != ".yaml":
			l.fault(name, 0, "not a .yaml file")
			return nil
		}
		text, err := fs.ReadFile(fsys, name)
		switch {
		case err != nil:
			return err
		case len(text) > maxFile:
			l.fault(name, 0, "larger than %d bytes", maxFile)
		case !utf8.Valid(text):
			l.fault(name, 0, "not UTF-8")
		default:
			l.pack.files[name] = normalise(text)
			l.names = append(l.names, name)
		}
		return nil
	})
	if err != nil {
		l.fault("", 0, "reading files: %v", err)
	}
	slices.Sort(l.names)
	if len(l.names) == 0 {
		l.fault("", 0, "no files")
	}
}

func normalise(text []byte) []byte {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	return bytes.ReplaceAll(text, []byte("\r"), []byte("\n"))
}

// hash frames each name and text by its length, so that no two packs share one stream.
func hash(names []string, files map[string][]byte) string {
	h := sha256.New()
	frame := func(b []byte) {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(b))))
		h.Write(b)
	}
	for _, name := range names {
		frame([]byte(name))
		frame(files[name])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// file reads one file, which holds either `values` or the `days` of a year.
func (l *loader) file(name string, text []byte) {
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var doc yaml.Node
	if err := dec.Decode(&doc); err != nil {
		l.fault(name, 0, "%s", strings.TrimPrefix(err.Error(), "yaml: "))
		return
	}
	if err := dec.Decode(new(yaml.Node)); err == nil {
		l.fault(name, 0, "more than one document")
		return
	}
	if n := aliased(&doc); n != nil {
		l.fault(name, n.Line, "anchors and aliases are not allowed: write the value out")
		return
	}
	r := &reader{l: l, file: name}
	if len(doc.Content) != 1 {
		l.fault(name, 0, "empty")
		return
	}
	root := doc.Content[0]
	fields, ok := r.mapping(root, "file", "values", "year", "source", "citation", "edition", "note", "days")
	if !ok {
		return
	}
	switch {
	case fields["values"] != nil && len(fields) > 1:
		l.fault(name, root.Line, "a file with values has no other keys")
	case fields["values"] != nil:
		for _, n := range r.sequence(fields["values"], "values") {
			r.row(n)
		}
	case fields["days"] != nil:
		r.year(root, fields)
	default:
		l.fault(name, root.Line, "neither values nor days")
	}
}

func aliased(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		return n
	}
	for _, c := range n.Content {
		if bad := aliased(c); bad != nil {
			return bad
		}
	}
	return nil
}
