package desk

import "errors"

// problem is an error of a use case that is told beside the form that met it: by a word of the catalogs, with a status.
type problem struct {
	err    error
	code   string
	status int
}

// problemOf finds what an error is among the problems of a page; nil: it is none, or belongs on a page of its own.
func problemOf(err error, among []problem) *problem {
	for i := range among {
		if errors.Is(err, among[i].err) {
			return &among[i]
		}
	}
	return nil
}
