package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"robotbailiff/internal/app/portal"
	"robotbailiff/internal/app/signing"
	"robotbailiff/internal/pades"
	"robotbailiff/internal/sandbox"
)

// noSigners says that nobody signs, also in a sandbox, which otherwise signs as itself.
const noSigners = "none"

// signers are those who sign decrees: the heads of territorial bodies, by the files of BAILIFF_SIGNERS; in a sandbox a certificate of its own,
// that says so; otherwise nobody.
func signers(p *parts) (map[string]*pades.Signer, error) {
	dir := os.Getenv("BAILIFF_SIGNERS")
	switch {
	case dir == noSigners:
		return nil, nil
	case p.sandbox != nil && dir != "":
		return nil, usagef("BAILIFF_SIGNERS is for production: nothing in a sandbox is signed by the ministry. Leave it away, or say none")
	case p.sandbox != nil:
		chain, key, err := sandbox.Signer(p.keys.Blind("sandbox.signer", "authority"), p.keys.Blind("sandbox.signer", "signer"))
		if err != nil {
			return nil, err
		}
		s, err := pades.New(chain, key)
		return map[string]*pades.Signer{signing.All: s}, err
	case dir == "":
		return nil, nil
	}
	all, err := readSigners(dir)
	if err != nil {
		return nil, fmt.Errorf("BAILIFF_SIGNERS: %w", err)
	}
	return all, nil
}

var signerFile = regexp.MustCompile(`^([0-9]{2}|` + signing.All + `)\.pem$`)

// readSigners reads NAME.pem, a certificate with its intermediates, and NAME.key for each signer. All faults are told together.
func readSigners(dir string) (map[string]*pades.Signer, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.pem"))
	if err != nil {
		return nil, err
	}
	slices.Sort(files)
	out := map[string]*pades.Signer{}
	var errs []error
	for _, file := range files {
		base := filepath.Base(file)
		s, err := readSigner(file)
		switch {
		case !signerFile.MatchString(base):
			errs = append(errs, fmt.Errorf("%s: a signer is named after a region, as 75.pem, or all.pem", base))
		case err != nil:
			errs = append(errs, fmt.Errorf("%s: %w", base, err))
		default:
			out[strings.TrimSuffix(base, ".pem")] = s
		}
	}
	if len(files) == 0 {
		errs = append(errs, fmt.Errorf("no signer in %s: REGION.pem or all.pem is wanted, and REGION.key or all.key", dir))
	}
	return out, errors.Join(errs...)
}

func readSigner(file string) (*pades.Signer, error) {
	cert, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	name := strings.TrimSuffix(file, ".pem") + ".key"
	if err := private(name); err != nil {
		return nil, err
	}
	key, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return pades.Parse(cert, key)
}

// signer joins those who sign decrees with what is to be signed; nil: nobody signs.
func (p *parts) signer(here string) (*signing.Signing, error) {
	all, err := signers(p)
	if err != nil || all == nil {
		return nil, err
	}
	docs, err := documents(p, portal.Timetable{}, p.base(here)) // without bank details: a slip is not signed
	if err != nil {
		return nil, err
	}
	return signing.New(signing.Config{Pool: p.db.pool, Keys: p.keys, Clock: p.clock, Papers: docs, Signers: all, Log: p.log})
}
