package drop

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"robotbailiff/engine/intake"
)

// Codes of files that never become a batch, besides those of [intake.FatalError].
const (
	CodeManifestInvalid = "manifest_invalid" // it is no JSON, or does not say what it has to
	CodeManifestMissing = "manifest_missing"
	CodeFileMissing     = "file_missing" // there is a manifest and no file
	codeArrival         = "source_name_invalid"
	codeSignature       = "signature_invalid"
)

// takeAll takes up what lies in in/, the oldest first.
func (f *Folder) takeAll(ctx context.Context, p *place, n *Pass) error {
	entries, err := p.list(inDir, 3*mostPerPass) // a file has two companions
	if err != nil {
		return err
	}
	there := make(map[string]entry, len(entries))
	for _, e := range entries {
		there[e.name] = e
	}
	for _, e := range sorted(entries) {
		count, err := f.look(ctx, p, e, there, n)
		if err := f.outcome(ctx, p, n, count, err); err != nil {
			return err
		}
	}
	return nil
}

// look decides what to do with one file of in/, and gives what it counts as.
func (f *Folder) look(ctx context.Context, p *place, e entry, there map[string]entry, n *Pass) (*int, error) {
	name, isManifest := strings.CutSuffix(e.name, manifestEnd)
	if !isManifest {
		name = strings.TrimSuffix(e.name, signatureEnd)
	}
	_, announced := there[name+manifestEnd]
	file, here := there[name]
	switch {
	case !goodName(name):
		return &n.Quarantined, f.putAside(p, e.name)
	case isManifest && here:
		return f.take(ctx, p, name, e, file, n)
	case announced && here: // it is taken with its manifest
		return new(int), nil
	case f.since(p, e) < orphanWithin:
		return &n.Waiting, nil
	case isManifest:
		return &n.Quarantined, f.refuse(ctx, p, answer{File: name, Code: CodeFileMissing, Remedy: "put the file before its manifest"})
	}
	return &n.Quarantined, f.refuse(ctx, p, answer{File: name, Code: CodeManifestMissing, Remedy: "put " + manifestEnd + " after the file"})
}

// take makes a batch of a file, or finds the one it has, and moves the file on. Killed in between, it does the same again: the
// key of the batch is made of the name and of what the manifest says.
func (f *Folder) take(ctx context.Context, p *place, name string, note, file entry, n *Pass) (*int, error) {
	text, err := p.read(path.Join(inDir, name+manifestEnd), maxManifest)
	var m manifest
	if err == nil {
		m, err = parseManifest(text)
	}
	a := answer{File: name, SHA256: hex.EncodeToString(m.sum[:])}
	switch {
	case errors.Is(err, errUnfinished) && f.since(p, note) < settleWithin:
		return &n.Waiting, nil
	case errors.Is(err, errUnfinished), errors.Is(err, errManifest), errors.Is(err, errTooLong):
		a.SHA256, a.Code, a.Remedy = "", CodeManifestInvalid, "write sha256, size, rows and amount_sum as one JSON object"
		return &n.Quarantined, f.refuse(ctx, p, a)
	case err != nil:
		return nil, err
	}
	if len(m.signature) == 0 {
		m.signature, err = p.read(path.Join(inDir, name+signatureEnd), maxManifest)
		switch {
		case errors.Is(err, errTooLong):
			a.Code, a.Remedy = codeSignature, "send the signature alone, without the file in it"
			return &n.Quarantined, f.refuse(ctx, p, a)
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return nil, err
		}
	}
	if file.info.Size() < m.size && f.since(p, file) < settleWithin {
		return &n.Waiting, nil // it still grows: this sender does not rename
	}
	b, err := f.receive(ctx, p, name, &m)
	var fatal *intake.FatalError
	var wrong *intake.ArrivalError
	switch {
	case errors.As(err, &fatal):
		a.Code, a.Remedy = fatal.Code, fatal.Remedy
		return &n.Quarantined, f.refuse(ctx, p, a)
	case errors.As(err, &wrong):
		a.Code, a.Remedy = codeArrival, wrong.Problem
		return &n.Quarantined, f.refuse(ctx, p, a)
	case err != nil:
		return nil, err
	}
	return &n.Taken, p.bring(name, inDir, workDir, prefix(b.ID))
}

// receive keeps the bytes only when they are those of the manifest.
func (f *Folder) receive(ctx context.Context, p *place, name string, m *manifest) (b intake.Batch, err error) {
	file, info, err := p.open(path.Join(inDir, name))
	if err != nil {
		return b, err
	}
	defer func() { _ = file.Close() }() // it was only read
	switch {
	case m.size > intake.MaxUploadBytes:
		return b, &intake.FatalError{Code: intake.FatalSize, Remedy: fmt.Sprintf("split the file: at most %d MB are taken at once", intake.MaxUploadBytes>>20)}
	case info.Size() != m.size:
		return b, mismatch("size")
	}
	key := sha256.Sum256(fmt.Appendf(nil, "%s\x00%x\x00%d\x00%s", name, m.sum, m.promise.Rows, m.promise.Sum))
	return f.cfg.Inbox.Receive(ctx, intake.Arrival{
		Source: p.source, FileName: name, Key: "drop-" + hex.EncodeToString(key[:]), Via: intake.ViaDrop, By: "drop:" + p.source,
		Signature: m.signature, Promise: &m.promise,
	}, &exactly{r: file, want: m, hash: sha256.New()})
}

func mismatch(field string) error {
	return &intake.FatalError{Code: intake.FatalManifest, Fields: []string{field}, Remedy: "the " + field + " is not that of the manifest: send both again"}
}

// exactly reads a file and fails at its end unless it is what the manifest says, so that nothing else is ever kept, whatever
// a sender does to the file meanwhile.
type exactly struct {
	r    io.Reader
	want *manifest
	hash hash.Hash
	n    int64
}

// Read implements io.Reader.
func (x *exactly) Read(b []byte) (int, error) {
	n, err := x.r.Read(b)
	_, _ = x.hash.Write(b[:n]) // a hash never fails
	x.n += int64(n)
	switch {
	case x.n > x.want.size, errors.Is(err, io.EOF) && x.n < x.want.size:
		return n, mismatch("size")
	case errors.Is(err, io.EOF) && [sha256.Size]byte(x.hash.Sum(nil)) != x.want.sum:
		return n, mismatch("sha256")
	}
	return n, err
}

// prefix of the names of a batch's files.
func prefix(batch int64) string { return strconv.FormatInt(batch, 10) + "~" }

// bring moves a file and its companions from one folder to another. The file goes first on the way in and last on the way
// out: as long as it is in work/, somebody still looks after all of them.
func (p *place) bring(name, from, to, as string) error {
	all := []string{name, name + signatureEnd, name + manifestEnd}
	if from == workDir {
		all[0], all[2] = all[2], all[0]
	}
	for _, x := range all {
		target := x
		if from == inDir {
			target = as + x
		}
		if err := p.move(path.Join(from, x), path.Join(to, target)); err != nil {
			return err
		}
	}
	return p.sync(from, to)
}

// refuse answers that a file is not taken, and puts it aside with its companions.
func (f *Folder) refuse(ctx context.Context, p *place, a answer) error {
	a.State = string(intake.StateRefused)
	if err := f.answer(ctx, p, a); err != nil {
		return err
	}
	return p.bring(a.File, inDir, quarantineDir, rand.Text()[:8]+"~")
}

// putAside moves what has a name that cannot even be answered.
func (f *Folder) putAside(p *place, name string) error {
	if err := p.move(path.Join(inDir, name), path.Join(quarantineDir, rand.Text()[:8]+"~unnamed")); err != nil {
		return err
	}
	return p.sync(inDir, quarantineDir)
}
