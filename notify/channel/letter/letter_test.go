package letter

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"robotbailiff/internal/clock"
	"robotbailiff/notify"
)

var noon = time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)

// post is one process with letters in a folder, and what it told.
type post struct {
	*Gateway

	dir  string
	told []notify.Receipt
	fail error // of taking receipts
}

func at(t *testing.T, dir string) *post {
	t.Helper()
	p := &post{dir: dir}
	g, err := New(Config{
		Dir: dir, Clock: clock.NewManual(noon),
		Print: func(s Sheet) ([]byte, int, error) {
			if s.Address == "nowhere" {
				return nil, 0, errors.New("no room")
			}
			return fmt.Appendf(nil, "%s|%s|%s|%s|%s|%s|%s", s.Case, s.On, s.Language, s.Addressee, s.Address, s.Heading, s.Text), 1, nil
		},
		Receive: func(_ context.Context, receipts []notify.Receipt) error {
			if p.fail == nil {
				p.told = append(p.told, receipts...)
			}
			return p.fail
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	p.Gateway = g
	return p
}

func message(ref, to string) notify.Message {
	return notify.Message{
		Ref: ref, Channel: notify.Letter, Language: "kk", To: to, Title: "Іс", Text: "Қарыз", NotBefore: noon, ExpiresAt: noon.Add(24 * time.Hour),
	}
}

const (
	first  = "260000001-3-letter"
	second = "260000002-3-letter"
	home   = "Сейітқали Әлия\n010000, г. Астана, ул. \"Абая\", д. 1"
)

func (p *post) send(t *testing.T, messages ...notify.Message) string {
	t.Helper()
	answers, err := p.Send(t.Context(), messages)
	if err != nil {
		t.Fatal(err)
	}
	return said(answers)
}

func (p *post) ask(t *testing.T, refs ...string) string {
	t.Helper()
	answers, err := p.Query(t.Context(), refs)
	if err != nil {
		t.Fatal(err)
	}
	return said(answers)
}

func said(answers []notify.Sent) string {
	var words []string
	for _, a := range answers {
		words = append(words, strings.TrimSpace(a.Ref+" "+string(a.Status)+" "+a.Detail))
	}
	slices.Sort(words)
	return strings.Join(words, ", ")
}

// files lists what is in a folder, at any depth, without the names of batches.
func (p *post) files(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(p.dir, dir), func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, d.Name())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return names
}

func wants(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func TestSend_putsLettersAndTheirRegister(t *testing.T) {
	t.Parallel()
	p := at(t, t.TempDir())
	wants(t, "answers", p.send(t, message(first, home), message(second, home), message("260000003-3-letter", "X\nnowhere")),
		first+" accepted, "+second+" accepted, 260000003-3-letter rejected not_printable")
	wants(t, "out", strings.Join(p.files(t, outDir), " "), first+".pdf "+second+".pdf register.csv")
	wants(t, "work", strings.Join(p.files(t, workDir), " "), "")
	batch := one(t, filepath.Join(p.dir, outDir, "*"))
	pdf := content1(t, filepath.Join(batch, first+".pdf"))
	wants(t, "the letter", string(pdf), "26-0000001-4|2026-11-23|kk|Сейітқали Әлия|010000, г. Астана, ул. \"Абая\", д. 1|Іс|Қарыз")
	lines, err := csv.NewReader(bytes.NewReader(content1(t, filepath.Join(batch, registerName)))).ReadAll()
	if err != nil || len(lines) != 3 {
		t.Fatalf("%q, %v", lines, err)
	}
	sum := sha256.Sum256(pdf)
	wants(t, "header", strings.Join(lines[0], "|"), "id|case_number|language|addressee|address|pages|file|sha256")
	wants(t, "register", strings.Join(lines[1], "|"),
		first+"|26-0000001-4|kk|Сейітқали Әлия|010000, г. Астана, ул. \"Абая\", д. 1|1|"+first+".pdf|"+hex.EncodeToString(sum[:]))
	for _, name := range p.files(t, sentDir) {
		if text := content1(t, filepath.Join(p.dir, sentDir, name)); strings.Contains(string(text), "Сейітқали") || strings.Contains(string(text), "Астана") {
			t.Error("a name or an address is kept after the provider has the letter")
		}
	}
}

// Whatever is repeated, and wherever a process dies, there is one letter.
func TestSend_onceForAll(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := at(t, dir)
	wants(t, "asked before", p.ask(t, first), first+" not_found")
	p.send(t, message(first, home))
	wants(t, "sent again", p.send(t, message(first, home), message(second, home)), first+" accepted, "+second+" accepted")
	if got := p.files(t, outDir); len(got) != 4 { // two letters, two registers
		t.Errorf("out: %v", got)
	}
	if err := os.RemoveAll(filepath.Join(dir, outDir)); err != nil { // the provider has fetched them
		t.Fatal(err)
	}
	later := at(t, dir)
	wants(t, "asked by another process", later.ask(t, first, second, "260000003-3-letter"), first+" accepted, "+second+" accepted, 260000003-3-letter not_found")
	wants(t, "sent by another process", later.send(t, message(first, home)), first+" accepted")
	if got := later.files(t, outDir); len(got) != 0 {
		t.Errorf("out: %v", got)
	}
}

func TestSend_diesBetweenItsSteps(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := at(t, dir)
	p.send(t, message(first, home))
	batch := filepath.Base(one(t, filepath.Join(dir, outDir, "*")))
	// Before the references were written nothing was sent.
	move(t, filepath.Join(dir, outDir, batch), filepath.Join(dir, workDir, batch))
	sent := filepath.Join(dir, sentDir, batch+sentEnd)
	move(t, sent, sent+".away")
	wants(t, "begun", at(t, dir).ask(t, first), first+" not_found")
	wants(t, "out", strings.Join(p.files(t, outDir), " "), "")
	// After it they are, and the batch is made good.
	move(t, sent+".away", sent)
	wants(t, "complete", at(t, dir).ask(t, first), first+" accepted")
	wants(t, "out", strings.Join(p.files(t, outDir), " "), first+".pdf register.csv")
}

func TestSend_withoutTime(t *testing.T) {
	t.Parallel()
	p := at(t, t.TempDir())
	ctx, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	answers, err := p.Send(ctx, []notify.Message{message(first, home)})
	if err != nil {
		t.Fatal(err)
	}
	wants(t, "answer", said(answers), first+" not_found "+notify.NoTime)
}

func TestNew_saysWhatIsMissing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cfg := at(t, dir).cfg
	cfg.Dir = filepath.Join(dir, "nowhere")
	if _, err := New(cfg); err == nil || strings.Contains(err.Error(), dir) {
		t.Errorf("a folder that is not there: %v", err)
	}
	file := t.TempDir()
	if err := os.WriteFile(filepath.Join(file, outDir), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	cfg.Dir = file
	if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), "out is not a folder") {
		t.Errorf("a file in its place: %v", err)
	}
	if err := at(t, dir).Ready(t.Context()); err != nil {
		t.Error(err)
	}
}

func one(t *testing.T, pattern string) string {
	t.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) != 1 {
		t.Fatalf("%v, %v", found, err)
	}
	return found[0]
}

func content1(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func move(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}
