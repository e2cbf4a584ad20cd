package feed

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// State is how far the webhook of a source has been told, in real time of the database.
type State struct {
	Told         int64      `json:"told"`                    // events that were taken, repeated ones included
	LastAt       *time.Time `json:"last_at,omitempty"`       // of the last attempt
	LastStatus   int        `json:"last_status,omitempty"`   // of its answer; 0: nobody answered
	Attempts     int        `json:"attempts,omitempty"`      // in vain, since the last one that was taken
	FailingSince *time.Time `json:"failing_since,omitempty"` // unset: it does not fail
	Stopped      bool       `json:"stopped"`                 // after 72 hours in vain, or by an answer of 410; a replay starts it again
}

const stateSQL = `SELECT told, last_at, last_status, attempts, failing_since, stopped FROM webhook_deliveries WHERE source = $1`

// State gives the state of a source's webhook. One that was never told anything has the zero State.
func (s *Service) State(ctx context.Context, source string) (State, error) {
	var st State
	err := s.cfg.Pool.QueryRow(ctx, stateSQL, source).Scan(&st.Told, &st.LastAt, &st.LastStatus, &st.Attempts, &st.FailingSince, &st.Stopped)
	if errors.Is(err, pgx.ErrNoRows) {
		return st, nil
	}
	if err != nil {
		return st, fmt.Errorf("feed: state of a webhook: %w", err)
	}
	return st, nil
}
