package seal

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

const keyFileMax = 64 << 10

// Load reads the master keys from a file: one key per line in base64, with the key's id and a
// colon before it when there are several. Lines that begin with # are comments. A file that
// others may read is refused.
func Load(path string) (*Keys, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("the key file: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > keyFileMax {
		return nil, fmt.Errorf("%s is no key file", path)
	}
	if info.Mode().Perm()&^0o600 != 0 {
		return nil, fmt.Errorf("the key file %s has mode %04o, others may read it: chmod 0400 %s", path, info.Mode().Perm(), path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("the key file: %w", err)
	}
	masters, err := parseKeys(string(text))
	if err != nil {
		return nil, fmt.Errorf("the key file %s: %w", path, err)
	}
	keys, err := NewRotated(masters)
	if err != nil {
		return nil, fmt.Errorf("the key file %s: %w", path, err)
	}
	return keys, nil
}

// LoadOrCreate reads the key file and makes a new one with a random key when there is none. It
// is for the embedded database, whose data is lost with its directory anyway; a server's key
// is made once by its operator and kept in two places.
func LoadOrCreate(path string) (*Keys, error) {
	keys, err := Load(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return keys, err
	}
	master := make([]byte, MasterSize)
	_, _ = rand.Read(master) // never fails: without randomness the program ends
	if err := create(path, base64.StdEncoding.EncodeToString(master)+"\n"); err != nil {
		return nil, fmt.Errorf("making the key file: %w", err)
	}
	return Load(path)
}

// create writes the whole file under another name and links it into place, so that of several
// processes exactly one makes the key and none reads half of it.
func create(path, text string) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".key-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, writeErr := f.WriteString(text)
	if err := errors.Join(writeErr, f.Chmod(0o400), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// parseKeys never quotes a line in an error, since the line is a secret.
func parseKeys(text string) (map[byte][]byte, error) {
	masters := map[byte][]byte{}
	line := 0
	for raw := range strings.Lines(text) {
		line++
		raw = strings.TrimSpace(raw)
		if raw == "" || strings.HasPrefix(raw, "#") {
			continue
		}
		id := byte(1)
		if before, after, found := strings.Cut(raw, ":"); found {
			n, err := strconv.ParseUint(before, 10, 8)
			if err != nil || n == 0 {
				return nil, fmt.Errorf("line %d: the id before the colon must be 1 to 255", line)
			}
			id, raw = byte(n), after
		}
		master, err := base64.StdEncoding.DecodeString(raw)
		if err != nil {
			return nil, fmt.Errorf("line %d: the key is not base64", line)
		}
		if _, twice := masters[id]; twice {
			return nil, fmt.Errorf("line %d: key %d is there twice", line, id)
		}
		for _, other := range masters {
			if bytes.Equal(other, master) {
				return nil, fmt.Errorf("line %d: the same key is there twice", line)
			}
		}
		masters[id] = master
	}
	if len(masters) == 0 {
		return nil, ErrWeakKey
	}
	return masters, nil
}
