package wire

import (
	"time"

	"github.com/google/uuid"
)

// Evidence is what a bank has signed, whole, with the request that it answers.
type Evidence struct {
	Bank      string
	Kind      Kind      // of the request; of the answer itself where it came in a file
	Message   uuid.UUID // of the answer: the same one may be told again
	Request   uuid.UUID // zero where a file does not say
	At        time.Time // when the bank wrote it
	Key       string    // thumbprint of the bank's key
	Encoding  Encoding
	Signature string
	Body      []byte // may hold IINs: to be sealed
	Orders    []uuid.UUID
}

// Finding is something that was not believed. It is worth a person's look.
type Finding struct {
	Bank string
	Kind Kind // of the request; of the answer itself where it came in a file
	Code string
	ID   uuid.UUID // of the order; zero: it is about the whole answer
}
