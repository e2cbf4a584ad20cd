package contact

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// Device is one to which a push can go.
type Device struct {
	ID       int64
	Platform string
	Since    time.Time
}

// Platforms lists the kinds of device.
var Platforms = []string{"android", "ios", "web"}

const (
	maxDevices = 5 // of one debtor; the one that was not seen for longest makes room
	minToken   = 16
	maxToken   = 4096
	tokenPlace = "devices.token_sealed"
	tokenBlind = "device.token"
)

// Errors of a registration. Their texts hold nothing of the token.
var (
	ErrPlatform = errors.New("contact: the platform is android, ios or web")
	ErrToken    = errors.New("contact: a registration token has 16 to 4096 letters, digits and signs, without spaces and commas")
)

// CheckDevice says whether a registration can be taken.
func CheckDevice(platform, token string) error {
	if !slices.Contains(Platforms, platform) {
		return ErrPlatform
	}
	if len(token) < minToken || len(token) > maxToken {
		return ErrToken
	}
	for i := range len(token) {
		if c := token[i]; c <= ' ' || c > '~' || c == ',' {
			return ErrToken
		}
	}
	return nil
}

// Registrations of one token go one after the other.
const lockDeviceSQL = `SELECT pg_advisory_xact_lock(hashtextextended('bailiff.device.' || encode($1, 'hex'), 0))`

// goneSQL begins what takes devices out of use: the condition follows. $1 is now, $2 who says so, $3 why, $4 the case.
const goneSQL = `WITH d AS (UPDATE devices SET gone_at = $1, token_sealed = NULL WHERE gone_at IS NULL AND %s RETURNING id, debtor_id, platform)
INSERT INTO contact_acts (debtor_id, case_id, actor, act, data, at)
SELECT debtor_id, $4, $2, 'device_gone', json_build_object('device', id, 'platform', platform, 'reason', $3::text), $1 FROM d`

var (
	goneByTokenSQL = fmt.Sprintf(goneSQL, `token_blind = $5`)
	goneElseSQL    = fmt.Sprintf(goneSQL, `token_blind = $5 AND debtor_id <> $6`)
	goneByIDSQL    = fmt.Sprintf(goneSQL, `id = $5 AND debtor_id = $6`)
	goneOldestSQL  = fmt.Sprintf(goneSQL, `id IN (SELECT id FROM devices WHERE debtor_id = $5 AND gone_at IS NULL ORDER BY seen_at DESC, id DESC OFFSET $6)`)
)

const addDeviceSQL = `WITH d AS (
    INSERT INTO devices AS d (debtor_id, platform, token_blind, token_sealed, since, seen_at) VALUES ($1, $3, $4, $5, $6, $6)
    ON CONFLICT (token_blind) WHERE gone_at IS NULL DO UPDATE SET platform = $3, seen_at = greatest(d.seen_at, $6)
    RETURNING id, debtor_id, platform, (xmax = 0) AS fresh)
INSERT INTO contact_acts (debtor_id, case_id, actor, act, data, at)
SELECT debtor_id, $2, 'debtor', 'device_added', json_build_object('device', id, 'platform', platform), $6 FROM d WHERE fresh`

// AddDevice registers a device, or notes that it is still there. A device that another debtor had registered is his no longer:
// whoever has passed the gate on it last gets what is sent to it.
func (s *Store) AddDevice(ctx context.Context, tx pgx.Tx, who Who, platform, token string, now time.Time) error {
	if err := CheckDevice(platform, token); err != nil {
		return err
	}
	blind := s.keys.Blind(tokenBlind, token)
	for _, step := range []struct {
		sql  string
		args []any
	}{
		{lockDeviceSQL, []any{blind}},
		{goneElseSQL, []any{now, "debtor", "another_debtor", who.CaseID, blind, who.DebtorID}},
		{addDeviceSQL, []any{who.DebtorID, who.CaseID, platform, blind, s.keys.Seal([]byte(token), tokenPlace), now}},
		{goneOldestSQL, []any{now, "robot", "too_many", who.CaseID, who.DebtorID, maxDevices}},
	} {
		if _, err := tx.Exec(ctx, step.sql, step.args...); err != nil {
			return fmt.Errorf("contact: device of debtor %d: %w", who.DebtorID, err)
		}
	}
	return nil
}

// ErrNoDevice says that a debtor has no such device, whoever else may have it.
var ErrNoDevice = errors.New("contact: the debtor has no such device")

// RemoveDevice takes a debtor's device out of use, since he says so. One that is not his, or no more, is left alone: ErrNoDevice.
func (s *Store) RemoveDevice(ctx context.Context, q Querier, who Who, id int64, now time.Time) error {
	done, err := q.Exec(ctx, goneByIDSQL, now, "debtor", "removed", who.CaseID, id, who.DebtorID)
	if err != nil {
		return fmt.Errorf("contact: device %d: %w", id, err)
	}
	if done.RowsAffected() == 0 {
		return ErrNoDevice
	}
	return nil
}

// DeviceGone takes a device out of use for good, since its gateway says that it is nobody's any more.
func (s *Store) DeviceGone(ctx context.Context, q Querier, token string, now time.Time) error {
	if _, err := q.Exec(ctx, goneByTokenSQL, now, "gateway", "unregistered", nil, s.keys.Blind(tokenBlind, token)); err != nil {
		return fmt.Errorf("contact: a device that is gone: %w", err)
	}
	return nil
}

const devicesSQL = `SELECT id, platform, since FROM devices WHERE debtor_id = $1 AND gone_at IS NULL ORDER BY seen_at DESC, id DESC`

// Devices lists a debtor's devices, the one that pushes go to first.
func (s *Store) Devices(ctx context.Context, q Querier, debtorID int64) ([]Device, error) {
	rows, err := q.Query(ctx, devicesSQL, debtorID)
	if err != nil {
		return nil, fmt.Errorf("contact: devices of debtor %d: %w", debtorID, err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Device])
	if err != nil {
		return nil, fmt.Errorf("contact: devices of debtor %d: %w", debtorID, err)
	}
	return all, nil
}

const newestSQL = `SELECT DISTINCT ON (debtor_id) debtor_id, token_sealed FROM devices WHERE debtor_id = ANY ($1) AND gone_at IS NULL
ORDER BY debtor_id, seen_at DESC, id DESC`

// Tokens gives the registration token of the newest device of each debtor who has one.
func (s *Store) Tokens(ctx context.Context, q Querier, debtorIDs []int64) (map[int64]string, error) {
	return s.opened(ctx, q, newestSQL, tokenPlace, debtorIDs)
}

// opened reads and opens one sealed value of each debtor who has one.
func (s *Store) opened(ctx context.Context, q Querier, sql, place string, debtorIDs []int64) (map[int64]string, error) {
	rows, err := q.Query(ctx, sql, debtorIDs)
	if err != nil {
		return nil, fmt.Errorf("contact: %s: %w", place, err)
	}
	out := make(map[int64]string)
	var id int64
	var sealed []byte
	_, err = pgx.ForEachRow(rows, []any{&id, &sealed}, func() error {
		clear, err := s.keys.Open(sealed, place)
		out[id] = string(clear)
		if err != nil {
			return fmt.Errorf("debtor %d: %w: %w", id, ErrSealed, err)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("contact: %s: %w", place, err)
	}
	return out, nil
}
