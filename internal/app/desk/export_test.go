package desk

import "context"

// LatestSQL lets a test look at its plan.
const LatestSQL = latestSQL

// BanksSQL lets a test look at the plans of the page of banks; its other readings are those of package peers.
var BanksSQL = []string{bankOrdersSQL, bankComparesSQL}

// AboutSent gives the estimate of the notices sent with each version.
func AboutSent(ctx context.Context, s *Service) (map[int]int64, error) {
	return byVersion(ctx, s.cfg.Pool, sentAboutSQL)
}
