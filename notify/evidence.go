package notify

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Part is one part of a message by a provider that speaks of parts, with what its receipt said.
type Part struct {
	ProviderRef string     `json:"provider_ref"`
	Attempt     int        `json:"attempt"`
	Part        int        `json:"part"`             // from 1
	Of          int        `json:"of"`               // 0: the provider has not named all of them
	Status      Status     `json:"status,omitempty"` // delivered, failed, or nothing yet
	At          *time.Time `json:"at,omitempty"`     // by the receipt
}

const partsOfSQL = `SELECT ordinal, channel, provider_ref, attempt, part, parts, status, at
FROM notice_parts WHERE case_id = $1 ORDER BY ordinal, channel, attempt, part`

// PartsOf returns the parts of a case's messages by reference (see [Ref]). Providers that speak of whole messages leave
// none, and a message whose parts have all been proven keeps none.
func (s *Store) PartsOf(ctx context.Context, q Querier, caseID int64) (map[string][]Part, error) {
	rows, err := q.Query(ctx, partsOfSQL, caseID)
	if err != nil {
		return nil, fmt.Errorf("notify: reading parts: %w", err)
	}
	parts := map[string][]Part{}
	var p Part
	var k key
	_, err = pgx.ForEachRow(rows, []any{&k.Ordinal, &k.Channel, &p.ProviderRef, &p.Attempt, &p.Part, &p.Of, &p.Status, &p.At}, func() error {
		k.CaseID = caseID
		parts[k.ref()] = append(parts[k.ref()], p)
		p.At = nil
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("notify: reading parts: %w", err)
	}
	return parts, nil
}
