package desk

// LatestSQL lets a test look at its plan.
const LatestSQL = latestSQL
