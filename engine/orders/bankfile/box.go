// Package bankfile is the bank protocol, version 1, for a bank that has no service: the same messages as package bankapi, in folders
// that both sides reach.
//
//	out/00000001/message.xml, message.xml.jws    from the ministry
//	in/00000001/message.xml, message.xml.jws     from the bank
//
// Charter: a package is a folder with a message and its detached signature, and its name is its number: 1, 2, 3, … in each direction.
// It is written under another name and then renamed, so that it is there whole or not at all, and no two have one number whatever
// process writes. Each message has its number, its count and its total. A gap, a wrong total, a wrong signature stop the reading there
// with a clear fault: what comes behind may correct what is missing. What is in the folders is all that this package knows; killed at
// any point, the next start reads them again. Nobody deletes a package; what is archived is named by the first number that is left.
//
// It must not speak a network protocol, open a transaction, log, follow a symbolic link, touch anything outside its folder, or put an
// IIN or an account into an error.
//
// Entry points: [Open] for the ministry's side, [OpenBox] for a bank's.
package bankfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"robotbailiff/engine/orders/bankapi/wire"
	"robotbailiff/internal/clock"
)

const (
	unfinished = ".part-" // what a package is called while it is written
	forgotten  = 24 * time.Hour
	maxNumber  = 99_999_999
	attempts   = 1000 // at a number, while others write too
)

// Fault says why the reading of a box stops, and what to do.
type Fault struct {
	Package string // "in/00000007"
	Code    string // stable
	Remedy  string
	err     error
}

// Error implements error.
func (f *Fault) Error() string {
	return fmt.Sprintf("bank files: package %s: %s: %s", f.Package, f.Code, f.Remedy)
}

// Unwrap gives the reason.
func (f *Fault) Unwrap() error { return f.err }

// Codes of faults. Those of package wire come beside them.
const (
	FaultGap        = "gap"           // a number is missing, or not complete, and later ones are there
	FaultSignature  = "bad_signature" // or none
	FaultNumber     = "wrong_number"  // the message says another number than its folder
	FaultBank       = "wrong_bank"
	FaultKind       = "wrong_type"
	FaultUnreadable = "unreadable" // not what a package is made of
	FaultPage       = "wrong_page" // a page of the list of arrests that does not follow the one before
)

// Box is one direction. One process may use it from one goroutine at a time; any number of processes may write.
type Box struct {
	root *os.Root
	name string // "out" or "in", for faults
}

// OpenBox opens a direction below a folder, and makes it when it is not there.
func OpenBox(dir, name string) (*Box, error) {
	base, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("bank files: %w", err)
	}
	defer func() { _ = base.Close() }()
	if err := base.Mkdir(name, 0o770); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("bank files: %w", err)
	}
	root, err := base.OpenRoot(name)
	if err != nil {
		return nil, fmt.Errorf("bank files: %w", err)
	}
	b := &Box{root, name}
	return b, b.sweep()
}

// Close closes the folder.
func (b *Box) Close() error { return b.root.Close() }

// sweep takes away what a process that was killed has left behind.
func (b *Box) sweep() error {
	entries, err := fs.ReadDir(b.root.FS(), ".")
	if err != nil {
		return fmt.Errorf("bank files: %w", err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && e.IsDir() && len(e.Name()) > len(unfinished) && e.Name()[:len(unfinished)] == unfinished && clock.Age(info.ModTime()) > forgotten {
			_ = b.root.RemoveAll(e.Name()) // it is only untidy
		}
	}
	return nil
}

func folder(number int) string { return fmt.Sprintf("%08d", number) }

// numbers gives those of all packages, ascending.
func (b *Box) numbers() ([]int, error) {
	entries, err := fs.ReadDir(b.root.FS(), ".")
	if err != nil {
		return nil, fmt.Errorf("bank files: %w", err)
	}
	var all []int
	for _, e := range entries {
		if n, err := strconv.Atoi(e.Name()); err == nil && n > 0 && n <= maxNumber && folder(n) == e.Name() {
			all = append(all, n)
		}
	}
	slices.Sort(all)
	return all, nil
}

// Put writes a message as the next package, but none before the first number, and gives its number. It fills the sheet itself.
func (b *Box) Put(m wire.Message, as wire.Encoding, signer *wire.Signer, first int) (number int, err error) {
	number = first
	for range attempts {
		all, err := b.numbers()
		if err != nil {
			return 0, err
		}
		if len(all) > 0 {
			number = max(number, all[len(all)-1]+1)
		}
		if err := b.put(m, as, signer, number); !errors.Is(err, fs.ErrExist) { // else somebody else was faster
			return number, err
		}
	}
	return 0, errors.New("bank files: too many write at once")
}

func (b *Box) put(m wire.Message, as wire.Encoding, signer *wire.Signer, number int) error {
	count, total, ok := m.Sum()
	if !ok {
		return &wire.Error{Code: wire.CodeTotals}
	}
	m.Sheet = &wire.Sheet{Number: number, Count: count, Total: total}
	body, err := wire.Encode(m, as)
	if err != nil {
		return err
	}
	signature, err := signer.Sign(body)
	if err != nil {
		return err
	}
	part, name := unfinished+uuid.NewString(), message(as)
	if err := b.root.Mkdir(part, 0o770); err != nil {
		return fmt.Errorf("bank files: %w", err)
	}
	err = errors.Join(b.write(part+"/"+name, body), b.write(part+"/"+name+ofSignature, []byte(signature)), b.sync(part))
	if err == nil {
		err = b.root.Rename(part, folder(number))
	}
	if err != nil {
		_ = b.root.RemoveAll(part)
		return fmt.Errorf("bank files: %w", err)
	}
	return b.sync(".")
}

const ofSignature = ".jws"

func message(as wire.Encoding) string { return "message." + string(as) }

func (b *Box) write(name string, content []byte) error {
	f, err := b.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o660)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Sync(), f.Close())
}

func (b *Box) sync(dir string) error {
	d, err := b.root.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Package is one message as it lies there.
type Package struct {
	wire.Message
	Encoding  wire.Encoding
	Key       string // that it is signed with
	Signature string
	Body      []byte
}

// Read gives the package with a number; false where there is none yet. The error is a [*Fault], or one of the file system.
func (b *Box) Read(number int, verifier *wire.Verifier) (p Package, ok bool, err error) {
	all, err := b.numbers()
	if err != nil {
		return p, false, err
	}
	i := slices.IndexFunc(all, func(n int) bool { return n >= number })
	if i < 0 {
		return p, false, nil
	}
	fault := func(code, remedy string, err error) (Package, bool, error) {
		return Package{}, false, &Fault{b.name + "/" + folder(number), code, remedy, err}
	}
	if all[i] > number {
		return fault(FaultGap, "it is missing, and "+folder(all[i])+" is there: put it there again, with the same content", nil)
	}
	later := i+1 < len(all)
	found := ""
	for _, as := range []wire.Encoding{wire.JSON, wire.XML} {
		_, err := b.root.Lstat(folder(number) + "/" + message(as))
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return p, false, fmt.Errorf("bank files: %w", err)
		case found != "":
			return fault(FaultUnreadable, "there are two messages in it: leave the one that is meant", nil)
		default:
			found, p.Encoding = folder(number)+"/"+message(as), as
		}
	}
	var signature []byte
	if found != "" {
		p.Body, err = b.content(found, wire.MaxBody)
		if err == nil {
			signature, err = b.content(found+ofSignature, maxSignature)
		}
	}
	switch {
	case found == "" || errors.Is(err, fs.ErrNotExist):
		if later {
			return fault(FaultGap, "it is not complete, and later ones are there: a message and its signature "+ofSignature+" are wanted", nil)
		}
		return Package{}, false, nil // still being written
	case errors.Is(err, errContent):
		return fault(FaultUnreadable, "a file in it is too long or no plain file", err)
	case err != nil:
		return p, false, fmt.Errorf("bank files: %w", err)
	}
	p.Signature = string(bytes.TrimSpace(signature))
	if p.Key, err = verifier.Verify(p.Signature, p.Body); err != nil {
		return fault(FaultSignature, "it was changed, cut, or signed with a key that is not known here: send it again or exchange keys", err)
	}
	p.Message, err = wire.Decode(p.Body, p.Encoding)
	if w, bad := errors.AsType[*wire.Error](err); bad {
		return fault(w.Code, "the message breaks the contract at "+strconv.Quote(w.Place)+": send it again, corrected, under the same number", err)
	}
	if p.Sheet == nil || p.Sheet.Number != number {
		return fault(FaultNumber, "the number in the message is missing or another one: send it under its own number", nil)
	}
	return p, true, nil
}

const maxSignature = 4 << 10

var errContent = errors.New("too long or no plain file")

// content reads a plain file, whole.
func (b *Box) content(name string, most int64) ([]byte, error) {
	info, err := b.root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > most {
		return nil, errContent
	}
	f, err := b.root.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	body, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(body)) > most {
		err = errContent
	}
	return body, err
}
