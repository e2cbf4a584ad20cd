package sandbox

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"
)

// InstallBailiffs registers three invented private bailiffs in every region of the simulated country. It may be repeated.
func InstallBailiffs(ctx context.Context, pool *pgxpool.Pool) error {
	var codes, names, licences, contacts []string
	for _, region := range regions {
		for i, name := range [...]string{"Ахметов Б. С.", "Ковалёва Н. П.", "Сейтқали Г. М."} {
			codes, names, licences = append(codes, region.code), append(names, name), append(licences, fmt.Sprintf("DEMO-%s-%d", region.code, i+1))
			contacts = append(contacts, fmt.Sprintf("+7 700 000 %s %02d", region.code, i+1))
		}
	}
	if _, err := pool.Exec(ctx, insertBailiffsSQL, codes, names, licences, contacts); err != nil {
		return fmt.Errorf("sandbox: bailiffs: %w", err)
	}
	return nil
}

const insertBailiffsSQL = `INSERT INTO bailiffs (region, name, licence, contact)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) ON CONFLICT (licence) DO NOTHING`
