// Package queue says what people may see of the queue of jobs and do to it: shapes and the list of acts, and nothing that works.
//
// It must not know the library of the queue, the database or a page: whoever drives jobs fills these shapes, and whoever shows them reads
// nothing else. A job holds ids; its errors come without personal data.
package queue

import (
	"errors"
	"slices"
	"time"
)

// States of jobs, in the order in which people look at them: what will be tried again stands apart from what is dead.
const (
	Running   = "running"
	Available = "available" // waits for a worker
	Scheduled = "scheduled" // waits for its time
	Retryable = "retryable" // has failed and will be tried again
	Discarded = "discarded" // has failed for good: dead
	Cancelled = "cancelled"
	Completed = "completed"
)

// States lists them.
var States = []string{Running, Available, Scheduled, Retryable, Discarded, Cancelled, Completed}

// Over says whether a job in this state is done with.
func Over(state string) bool {
	return slices.Contains([]string{Discarded, Cancelled, Completed}, state)
}

// Errors of acts.
var (
	ErrNoJob    = errors.New("queue: there is no such job")
	ErrNoQueue  = errors.New("queue: there is no such queue")
	ErrKept     = errors.New("queue: this queue gives money and holds back: it is never paused")
	ErrAlready  = errors.New("queue: it is so already")
	ErrNoReason = errors.New("queue: no reason was given")
)

// Queue is one queue.
type Queue struct {
	Name   string
	Kept   bool      // it can never be paused
	Paused time.Time // since when; zero: it is not
	Seen   time.Time // when a worker of it was last seen; zero: never
}

// Count is how many jobs of a kind are in a state. Completed ones are not counted.
type Count struct {
	Kind, Queue, State string
	N                  int64
	Oldest             time.Time // when the oldest may or might have begun
}

// Filter chooses jobs. Empty words mean all.
type Filter struct {
	Kind, Queue, State string
	Args               []string // parts of arguments as JSON, of which one has to be there; nil: any
	Before             int64    // only jobs with a lower id; 0: from the newest on
	Limit              int
}

// Job is one job.
type Job struct {
	ID                                       int64
	Kind, Queue, State                       string
	Args                                     string // JSON
	Attempt, MaxAttempts                     int
	Created, Scheduled, Attempted, Finalized time.Time // real time; zero: not yet
	Errors                                   []Failure // the last attempts, the newest first
}

// Failure is what became of one attempt.
type Failure struct {
	At      time.Time
	Attempt int
	Text    string // without personal data
}

// Acts of people on the queue.
const (
	ActRetry  = "retry"
	ActCancel = "cancel"
	ActPause  = "pause"
	ActResume = "resume"
)

// Act is what a person did, when and why.
type Act struct {
	Act    string
	Job    int64  // 0: it was about a queue
	Kind   string // of the job
	Queue  string
	Actor  string
	Reason string
	At     time.Time // real time
}
