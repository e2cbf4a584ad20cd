// Package migrations is the history of the database's schema: ours as timestamped SQL files,
// and the job queue's, which comes with its library.
//
// It must not read or change business data from Go, and a file that has been released is
// never edited: a mistake is corrected by the next one.
//
// The entry points are [Up] and [Status].
package migrations

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

//go:embed *.sql
var files embed.FS

// Files gives the SQL files.
func Files() fs.FS { return files }

// names gives the SQL files in the order in which they are applied.
func names() []string {
	found, err := fs.Glob(files, "*.sql")
	if err != nil {
		panic("migrations: " + err.Error()) // the pattern is a constant
	}
	slices.Sort(found)
	return found
}

// versions gives the version numbers of the SQL files, which are the digits before the first _.
func versions() ([]int64, error) {
	var all []int64
	for _, name := range names() {
		digits, _, _ := strings.Cut(name, "_")
		v, err := strconv.ParseInt(digits, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("migration %s does not begin with a timestamp: %w", name, err)
		}
		all = append(all, v)
	}
	return all, nil
}

// Fingerprint names the schema that [Up] makes: it changes with any SQL file, with the queue's
// schema and with the settings applied afterwards. Tests name their template database by it.
var Fingerprint = sync.OnceValue(func() string {
	h := sha256.New()
	for _, name := range names() {
		text, err := files.ReadFile(name)
		if err != nil {
			panic("migrations: " + err.Error()) // it is in the program
		}
		_, _ = fmt.Fprintf(h, "%s %d\n%s\n", name, len(text), text) // a hash never fails
	}
	queue, err := rivermigrate.New(riverpgxv5.New(nil), nil)
	if err != nil {
		panic("migrations: " + err.Error()) // its files are in the program
	}
	for _, m := range queue.AllVersions() {
		_, _ = fmt.Fprintf(h, "river %d\n%s\n", m.Version, m.SQLUp)
	}
	_, _ = fmt.Fprintln(h, queueSettings)
	return hex.EncodeToString(h.Sum(nil)[:8])
})
