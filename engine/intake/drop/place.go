package drop

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"syscall"
)

// The folders of one sender.
const (
	inDir, workDir, outDir, doneDir, quarantineDir = "in", "work", "out", "done", "quarantine"
)

// place is the folder of one sender. Everything goes through an [os.Root], so no name leads out of it, and through lstat, so
// no symbolic link is followed inside it either.
type place struct {
	root   *os.Root
	source string
}

// openPlace opens the folder of a sender and makes what is missing in it. Rights are those of the operator: a sender needs
// to write into in/ and to read out/, and nothing else.
func openPlace(root *os.Root, source string) (*place, error) {
	sub, err := root.OpenRoot(source)
	if err != nil {
		return nil, err
	}
	p := &place{sub, source}
	for _, dir := range []string{inDir, workDir, outDir, doneDir, quarantineDir} {
		err := sub.Mkdir(dir, 0o750)
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, errors.Join(err, sub.Close())
		}
		info, err := sub.Lstat(dir)
		if err == nil && !info.IsDir() {
			err = fmt.Errorf("drop: %s of %s is not a folder", dir, source)
		}
		if err != nil {
			return nil, errors.Join(err, sub.Close())
		}
	}
	return p, nil
}

// entry is one regular file.
type entry struct {
	name string
	info fs.FileInfo
}

// list gives the regular files of a folder whose names are finished, at most as many as one pass takes.
func (p *place) list(dir string, most int) ([]entry, error) {
	d, err := p.root.Open(dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = d.Close() }() // it was only read
	var out []entry
	for len(out) < most {
		names, err := d.Readdirnames(256)
		for _, name := range names {
			if name[0] == '.' || path.Ext(name) == partEnd {
				continue
			}
			info, err := p.root.Lstat(path.Join(dir, name))
			if err == nil && info.Mode().IsRegular() {
				out = append(out, entry{name, info})
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// open opens a regular file for reading. What was swapped for a link or a pipe between the look and the opening is refused.
func (p *place) open(name string) (*os.File, fs.FileInfo, error) {
	seen, err := p.root.Lstat(name)
	if err != nil {
		return nil, nil, err
	}
	if !seen.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("drop: %w: not a regular file", fs.ErrNotExist)
	}
	f, err := p.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && !os.SameFile(seen, info) {
		err = fmt.Errorf("drop: %w: swapped while it was opened", fs.ErrNotExist)
	}
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return f, info, nil
}

// errTooLong is a small file that is not small.
var errTooLong = errors.New("drop: the file is too long")

// read gives a small file.
func (p *place) read(name string, most int64) ([]byte, error) {
	f, _, err := p.open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(text)) > most {
		err = errTooLong
	}
	return text, err
}

// move renames a file; that it is gone already is as good, since whoever was faster has done the same.
func (p *place) move(from, to string) error {
	if err := p.root.Rename(from, to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// write makes a file appear as a whole, on the disk before its name.
func (p *place) write(name string, fill func(io.Writer) error) error {
	temp := path.Join(path.Dir(name), "."+rand.Text()+partEnd)
	f, err := p.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if err != nil {
		return err
	}
	err = fill(f)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = p.root.Rename(temp, name)
	}
	if err != nil {
		return errors.Join(err, p.root.Remove(temp))
	}
	return p.sync(path.Dir(name))
}

// sync makes renames last.
func (p *place) sync(dirs ...string) error {
	for _, dir := range dirs {
		d, err := p.root.Open(dir)
		if err != nil {
			return err
		}
		if err := errors.Join(d.Sync(), d.Close()); err != nil {
			return err
		}
	}
	return nil
}
