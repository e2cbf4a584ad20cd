package restored

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/internal/pg"
)

// Mark is the file in which a process keeps the furthest beat of each database that it has worked with. It belongs beside the
// secret key, never into the backup of the database.
type Mark struct {
	path string
	mu   sync.Mutex
}

// NewMark keeps the beats in a file, which need not exist.
func NewMark(path string) *Mark { return &Mark{path: path} }

// Beat moves the database one beat on and notes it. A database that lies behind what was noted is an older copy: then coercion is
// off when Beat returns, and the open restore is returned. Its beat jumps ahead, so that the files of other processes find
// it only once.
func (m *Mark) Beat(ctx context.Context, pool *pgxpool.Pool, now time.Time) (found *Restore, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	beats, err := m.read()
	if err != nil {
		return nil, err
	}
	var (
		epoch string
		beat  int64
	)
	err = pg.InTx(ctx, pool, func(tx pgx.Tx) error {
		found = nil
		if err := tx.QueryRow(ctx, beatSQL).Scan(&epoch, &beat); err != nil {
			return err
		}
		if beat > beats[epoch] {
			return nil
		}
		r, err := Declare(ctx, tx, ByMark, "robot", now)
		if err != nil {
			return err
		}
		found = &r
		return tx.QueryRow(ctx, jumpSQL, beats[epoch]+jump).Scan(&beat)
	})
	if err != nil {
		return nil, fmt.Errorf("restored: beat: %w", err)
	}
	beats[epoch] = beat
	return found, m.write(beats)
}

// jump is by how much a restored database overtakes what was noted of its lost past: years of beats.
const jump = 1 << 40

func (m *Mark) read() (map[string]int64, error) {
	raw, err := os.ReadFile(m.path)
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]int64{}, nil
	}
	var beats map[string]int64
	if err == nil {
		err = json.Unmarshal(raw, &beats)
	}
	if err != nil || beats == nil {
		return nil, fmt.Errorf("restored: the mark %s cannot be read (%w): it says whether the database is an older copy; if it is broken, run 'bailiff restored declare', then delete it", m.path, err)
	}
	return beats, nil
}

// write replaces the file as a whole.
func (m *Mark) write(beats map[string]int64) error {
	raw, err := json.Marshal(beats)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(m.path), ".mark-*")
	if err != nil {
		return fmt.Errorf("restored: mark: %w", err)
	}
	_, err = f.Write(append(raw, '\n'))
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), m.path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("restored: mark: %w", err), os.Remove(f.Name()))
	}
	return nil
}

const beatSQL = `UPDATE instance SET beat = beat + 1 RETURNING epoch::text, beat`

const jumpSQL = `UPDATE instance SET beat = $1 RETURNING beat`
