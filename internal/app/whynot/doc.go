// Package whynot tells of one case what comes next, and why not yet: it gathers what the question needs from the database, asks the engine,
// and gives each answer as sentences with the articles behind them.
//
// It must not decide: every date and every condition is the engine's, which asks the guards by which the robot acts. It must not write,
// and it knows nothing of the person.
//
// The entry point is [Read].
package whynot
