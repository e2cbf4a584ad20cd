package engine

import "errors"

// Errors of the store. A command that does not apply is a [Refusal], not an error.
var (
	ErrNotFound = errors.New("engine: no such case")
	ErrConflict = errors.New("engine: the case was changed by somebody else")
)
