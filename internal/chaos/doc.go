// Package chaos is the kill campaign: real worker processes and a real PostgreSQL server are killed with SIGKILL while
// thousands of cases live through their whole terms, and everything must end as in a run that nobody disturbed.
//
// It is tests only. CHAOS=full, CHAOS_SEED, CHAOS_CASES, CHAOS_WORKERS and CHAOS_POSTGRES set seed and size, and a failed run
// prints the command that repeats it.
package chaos
