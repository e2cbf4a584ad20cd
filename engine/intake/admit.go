package intake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"robotbailiff/engine/intake/proof"
)

// Admission is the [Proof] of an inbox that asks the register: the sender must be admitted by the door that the file came
// in by, and the file must bear the proof that he owes. It is safe for concurrent use.
type Admission struct {
	sources *Sources
	now     func(context.Context) (time.Time, error)
	oneXML  chan struct{}
}

// NewAdmission joins a register with an inbox. now says at which instant certificates must be valid.
func NewAdmission(sources *Sources, now func(context.Context) (time.Time, error)) *Admission {
	return &Admission{sources: sources, now: now, oneXML: make(chan struct{}, 1)}
}

// Prove implements [Proof]. A sender who is not admitted is a *[FatalError], and nothing of his file is kept; a proof that
// fails is a *[ProofError], and the refusal stays with the hash of the file.
func (a *Admission) Prove(ctx context.Context, arrival Arrival, file *File) (Proven, error) {
	src, err := a.sources.Admit(ctx, arrival.Source, doorOf(&arrival))
	if err != nil {
		return Proven{}, err
	}
	policy, err := src.Policy()
	if err != nil {
		return Proven{}, fmt.Errorf("source %s: %w", src.Name, err)
	}
	at, err := a.now(ctx)
	if err != nil {
		return Proven{}, err
	}
	var proven Proven
	switch policy.Kind() {
	case proof.None:
	case proof.CMS:
		proven, err = proveCMS(policy, at, file, arrival.Signature)
	case proof.XMLSig:
		proven, err = a.proveXML(ctx, policy, at, file)
	default:
		err = fmt.Errorf("source %s: no verifier of %q is built in", src.Name, policy.Kind())
	}
	if refused, ok := errors.AsType[*proof.Error](err); ok {
		return Proven{}, &ProofError{Code: refused.Code, Remedy: proof.Message(refused.Code, arrival.Language)}
	}
	return proven, err
}

// doorOf says which door an arrival came in by. Who has a signature beside the file stands no worse at a terminal than at
// the folder.
func doorOf(a *Arrival) Door {
	switch {
	case a.Via == ViaAPI:
		return DoorAPI
	case a.Via == ViaDrop, len(a.Signature) > 0:
		return DoorDrop
	}
	return DoorOperator
}

// proveCMS verifies the bytes as they came: they are what is parsed, and nobody can change them in between.
func proveCMS(p proof.Policy, at time.Time, file *File, signature []byte) (Proven, error) {
	signer, err := proof.VerifyCMS(p, at, file, signature)
	if err != nil {
		return Proven{}, err
	}
	return Proven{Signer: signerName(&signer)}, nil
}

// proveXML gives back the canonical form that was verified, and nothing else is parsed. A tree of a large document takes
// much memory, so there is one at a time.
func (a *Admission) proveXML(ctx context.Context, p proof.Policy, at time.Time, file *File) (Proven, error) {
	select {
	case a.oneXML <- struct{}{}:
		defer func() { <-a.oneXML }()
	case <-ctx.Done():
		return Proven{}, ctx.Err()
	}
	verified, signer, err := proof.VerifyXML(p, at, file)
	if err != nil {
		return Proven{}, err
	}
	return Proven{Signer: signerName(&signer), Content: bytes.NewReader(verified)}, nil
}

// signerName is how people find out who signed: the organisation, which is no personal data, and the certificate.
func signerName(s *proof.Signer) string {
	if s.Organization == "" {
		return s.String()
	}
	return s.Organization + ", " + s.String()
}

var _ Proof = (*Admission)(nil)
