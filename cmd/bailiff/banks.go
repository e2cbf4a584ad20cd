package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"robotbailiff/engine/orders"
	"robotbailiff/engine/orders/bankapi"
	"robotbailiff/engine/orders/bankapi/wire"
	"robotbailiff/engine/orders/bankfile"
	"robotbailiff/internal/clock"
	"robotbailiff/internal/strictjson"
)

// bankSettings is one file BAILIFF_BANKS/NAME.json. Paths may be relative to its folder. A bank has a url, or a folder for files.
type bankSettings struct {
	URL      string        `json:"url"`
	Folder   string        `json:"folder"`
	Encoding wire.Encoding `json:"encoding"`
	TLSCert  string        `json:"tls_cert"`
	TLSKey   string        `json:"tls_key"`
	TLSRoots string        `json:"tls_roots"`
	SignKey  string        `json:"sign_key"`
	BankKeys []string      `json:"bank_keys"`
	Rate     int           `json:"arrests_an_hour"` // above which the breaker stops this bank; 0: that of the rule pack
}

// bank is one that the settings name.
type bank struct {
	name     string
	peer     orders.Peer
	verifier *wire.Verifier                  // of the bank's keys
	ready    func(ctx context.Context) error // whether it can be reached, as far as is known without asking it
	close    func() error
	until    time.Time // our certificate for it holds; zero: it goes by files
}

// bankHooks is what banks tell of beside their answers.
type bankHooks struct {
	keep    func(context.Context, wire.Evidence) error
	report  func(context.Context, wire.Finding) // may be nil
	observe func(what, outcome string, n int)   // may be nil
}

// openBanks reads the settings of every bank in a folder, or of one. All faults are told together.
func openBanks(dir, only string, hooks bankHooks) (all []bank, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	slices.Sort(files)
	var errs []error
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		if only != "" && name != only {
			continue
		}
		b, err := openBank(dir, name, hooks)
		if err != nil {
			for _, fault := range faultsOf(err) {
				errs = append(errs, fmt.Errorf("%s: %w", filepath.Base(file), fault))
			}
			continue
		}
		all = append(all, b)
	}
	if len(files) == 0 || only != "" && len(all)+len(errs) == 0 {
		errs = append(errs, fmt.Errorf("no settings of a bank in %s: NAME.json is wanted for each", dir))
	}
	if len(errs) == 0 {
		return all, nil
	}
	for _, b := range all {
		errs = append(errs, b.close())
	}
	return nil, errors.Join(errs...)
}

// faultsOf gives what was joined, so that each can be told with its file.
func faultsOf(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}

// openRegister reads the settings of the register of debtors, which are those of a bank with a service.
func openRegister(file string, hooks bankHooks) (*bankapi.RegisterClient, *wire.Verifier, error) {
	dir := filepath.Dir(file)
	s, err := readBank(file)
	switch {
	case err != nil:
		return nil, nil, err
	case s.URL == "" || s.Encoding != "" && s.Encoding != wire.JSON:
		return nil, nil, errors.New("the register has a url and speaks json: leave folder and encoding away")
	}
	side, err := readSide(dir, s)
	if err != nil {
		return nil, nil, err
	}
	c, err := bankapi.NewRegister(bankapi.Config{
		URL: s.URL, TLS: side.tls, Signer: side.signer, Verifier: side.verifier, Clock: clock.System(), Keep: hooks.keep, Report: hooks.report, Observe: hooks.observe,
	})
	return c, side.verifier, err
}

func openBank(dir, name string, hooks bankHooks) (b bank, err error) {
	if name == orders.RegisterName {
		return b, errors.New("no bank has this name: it is that of the register of debtors (BAILIFF_REGISTER)")
	}
	s, err := readBank(filepath.Join(dir, name+".json"))
	if err != nil {
		return b, err
	}
	side, err := readSide(dir, s)
	if err != nil {
		return b, err
	}
	if s.Folder != "" {
		p, err := bankfile.Open(bankfile.Config{Name: name, Dir: in(dir, s.Folder), Encoding: s.Encoding, Signer: side.signer, Verifier: side.verifier, Clock: clock.System(), Keep: hooks.keep, Report: hooks.report})
		if err != nil {
			return b, err
		}
		return bank{name: name, peer: p, verifier: side.verifier, ready: p.Ready, close: p.Close}, nil
	}
	c, err := bankapi.New(bankapi.Config{
		Name: name, URL: s.URL, Encoding: s.Encoding, TLS: side.tls, Signer: side.signer, Verifier: side.verifier, Clock: clock.System(),
		Keep: hooks.keep, Report: hooks.report, Observe: hooks.observe,
	})
	if err != nil {
		return b, err
	}
	return bank{name: name, peer: c, verifier: side.verifier, ready: c.Ready, close: func() error { return nil }, until: side.until()}, nil
}

// side is what both sides of a connection know each other by.
type side struct {
	signer   *wire.Signer
	verifier *wire.Verifier
	tls      *tls.Config // nil: it goes by files
}

// until is when our certificate ends; zero: there is none.
func (b *side) until() time.Time {
	if b.tls == nil || len(b.tls.Certificates) == 0 || b.tls.Certificates[0].Leaf == nil {
		return time.Time{}
	}
	return b.tls.Certificates[0].Leaf.NotAfter
}

func readSide(dir string, s bankSettings) (b side, err error) {
	var errs []error
	content := func(field, path string) []byte {
		if path == "" {
			errs = append(errs, fmt.Errorf("%s: a file is wanted", field))
			return nil
		}
		text, err := os.ReadFile(in(dir, path))
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", field, err))
		}
		return text
	}
	secret := func(field, path string) []byte {
		if err := private(in(dir, path)); err != nil && path != "" {
			errs = append(errs, fmt.Errorf("%s: %w", field, err))
			return nil
		}
		return content(field, path)
	}
	ours := secret("sign_key", s.SignKey)
	var public [][]byte
	for _, path := range s.BankKeys {
		public = append(public, content("bank_keys", path))
	}
	var files bankapi.Files
	if s.URL != "" {
		files = bankapi.Files{Cert: content("tls_cert", s.TLSCert), Key: secret("tls_key", s.TLSKey), Roots: content("tls_roots", s.TLSRoots)}
	}
	if len(errs) > 0 {
		return b, errors.Join(errs...)
	}
	if b.signer, err = wire.NewSigner(ours); err != nil {
		errs = append(errs, fmt.Errorf("sign_key: %w", err))
	}
	if b.verifier, err = wire.NewVerifier(public...); err != nil {
		errs = append(errs, fmt.Errorf("bank_keys: %w", err))
	}
	if s.URL != "" {
		if b.tls, err = files.TLS(); err != nil {
			errs = append(errs, err)
		}
	}
	return b, errors.Join(errs...)
}

// bankRates reads the rates of the banks that have one of their own; without a folder there are none.
func bankRates(dir string) (map[string]int, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || dir == "" {
		return nil, err
	}
	rates := map[string]int{}
	var errs []error
	for _, file := range files {
		s, err := readBank(file)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", filepath.Base(file), err))
		} else if s.Rate > 0 {
			rates[strings.TrimSuffix(filepath.Base(file), ".json")] = s.Rate
		}
	}
	return rates, errors.Join(errs...)
}

// private refuses a file with a secret that others may read. That it is there is looked at when it is read.
func private(path string) error {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Mode().Perm()&^0o600 == 0 {
		return nil
	}
	return fmt.Errorf("%s has mode %04o, others may read it: chmod 0400 %s", path, info.Mode().Perm(), path)
}

func in(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

func readBank(file string) (s bankSettings, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return s, err
	}
	if err := strictjson.Check(text); err != nil {
		return s, fmt.Errorf("it is not one JSON object: %w", err)
	}
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil && !errors.Is(err, io.EOF) {
		return s, fmt.Errorf("it is not as deploy/env.example shows: %w", err)
	}
	if (s.URL == "") == (s.Folder == "") {
		return s, errors.New("url, or folder for a bank without a service: one of them is wanted")
	}
	if s.Rate < 0 {
		return s, fmt.Errorf("arrests_an_hour: %d is no rate: a whole number above 0 is wanted, or nothing for that of the rule pack", s.Rate)
	}
	return s, nil
}
