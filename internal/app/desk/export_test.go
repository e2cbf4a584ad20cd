package desk

import "context"

// LatestSQL lets a test look at its plan.
const LatestSQL = latestSQL

// AboutSent gives the estimate of the notices sent with each version.
func AboutSent(ctx context.Context, s *Service) (map[int]int64, error) {
	return byVersion(ctx, s.cfg.Pool, sentAboutSQL)
}
