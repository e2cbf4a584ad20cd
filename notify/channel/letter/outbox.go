package letter

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"time"
)

const (
	registerName = "register.csv"
	sentEnd      = ".csv"
	partEnd      = ".part"
	stampForm    = "20060102T150405Z"
)

// remembered is for how long references are looked up: longer than a letter waits for its answer.
const remembered = 60 * 24 * time.Hour

var (
	registerColumns = []string{"id", "case_number", "language", "addressee", "address", "pages", "file", "sha256"}
	sentColumns     = []string{"id", "sha256"}
)

// put makes a batch of letters.
func (g *Gateway) put(root *os.Root, now time.Time, letters []printed) error {
	if len(letters) == 0 {
		return nil
	}
	batch := now.UTC().Format(stampForm) + "-" + rand.Text()[:8]
	dir := path.Join(workDir, batch)
	if err := root.Mkdir(dir, 0o750); err != nil {
		return err
	}
	register, sent := [][]string{registerColumns}, [][]string{sentColumns}
	for _, l := range letters {
		sum := sha256.Sum256(l.pdf)
		hash, file := hex.EncodeToString(sum[:]), l.Ref+".pdf"
		if err := write(root, path.Join(dir, file), l.pdf); err != nil {
			return errors.Join(err, root.RemoveAll(dir))
		}
		register = append(register, []string{l.Ref, l.Case, l.Language, l.Addressee, l.Address, strconv.Itoa(l.pages), file, hash})
		sent = append(sent, []string{l.Ref, hash})
	}
	text, err := table(register)
	if err == nil {
		err = errors.Join(write(root, path.Join(dir, registerName), text), persist(root, dir, workDir))
	}
	if err != nil {
		return errors.Join(err, root.RemoveAll(dir))
	}
	if text, err = table(sent); err != nil {
		return err
	}
	// From here on the letters are sent. A failure leaves that open: who asks later, learns it from the folder.
	if err := appear(root, path.Join(sentDir, batch+sentEnd), text); err != nil {
		return err
	}
	for _, l := range letters {
		g.sent[l.Ref] = true
	}
	g.batches[batch] = true
	return publish(root, batch)
}

// publish lets the provider have a batch; that it has it already is as good.
func publish(root *os.Root, batch string) error {
	err := root.Rename(path.Join(workDir, batch), path.Join(outDir, batch))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return errors.Join(err, persist(root, outDir, workDir))
}

// catchUp learns what other processes, or this one in an earlier life, have sent, and brings to an end what was cut off.
func (g *Gateway) catchUp(root *os.Root, now time.Time) error {
	entries, err := fs.ReadDir(root.FS(), sentDir)
	if err != nil {
		return err
	}
	oldest := now.Add(-remembered).UTC().Format(stampForm)
	for _, e := range entries {
		batch, ok := strings.CutSuffix(e.Name(), sentEnd)
		if !ok || e.Name()[0] == '.' || g.batches[batch] || batch < oldest {
			continue
		}
		if err := publish(root, batch); err != nil {
			return err
		}
		text, err := root.ReadFile(path.Join(sentDir, e.Name()))
		if err != nil {
			return err
		}
		lines, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
		if err != nil {
			return err
		}
		for _, l := range lines[min(1, len(lines)):] {
			g.sent[l[0]] = true
		}
		g.batches[batch] = true
	}
	return nil
}

func table(lines [][]string) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	err := w.WriteAll(lines)
	return b.Bytes(), err
}

// write writes a new file, and has it on the disk.
func write(root *os.Root, name string, content []byte) error {
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if err != nil {
		return err
	}
	if _, err = f.Write(content); err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// appear makes a file be there as a whole.
func appear(root *os.Root, name string, content []byte) error {
	temp := path.Join(path.Dir(name), "."+rand.Text()+partEnd)
	err := write(root, temp, content)
	if err == nil {
		err = root.Rename(temp, name)
	}
	if err != nil {
		return errors.Join(err, root.RemoveAll(temp))
	}
	return persist(root, path.Dir(name))
}

// persist makes renames last.
func persist(root *os.Root, dirs ...string) error {
	for _, dir := range dirs {
		d, err := root.Open(dir)
		if err != nil {
			return err
		}
		if err := errors.Join(d.Sync(), d.Close()); err != nil {
			return err
		}
	}
	return nil
}
