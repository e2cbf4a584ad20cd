// Package seal protects personal data at rest: it seals column values, makes blind indexes to
// find them by, makes and hashes the tokens of personal links, and makes the check codes of receipts and decrees.
//
// It must not know which columns exist, write to a database or a log, or give out a key. There
// is no way to switch it off.
//
// The entry points are [Load] and [LoadOrCreate], which read the master key, and [Keys].
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"hash"
	"log/slog"
	"maps"
	"slices"
	"sync"
)

// MasterSize is the length of a master key in bytes.
const MasterSize = 32

// overhead is what Seal adds: key id, nonce and tag.
const overhead = 1 + 12 + 16

var (
	// ErrUnknownKey says that a value was sealed under a key that is not loaded.
	ErrUnknownKey = errors.New("seal: the value was sealed under a key that is not in the key file")
	// ErrOpen says that a sealed value was altered, cut, or moved to another column.
	ErrOpen = errors.New("seal: the sealed value is damaged or does not belong here")
	// ErrWeakKey says that a master key has the wrong length or is no random key.
	ErrWeakKey = errors.New("seal: a master key must be 32 random bytes")
)

// Keys holds the working keys, each derived from a master key for one purpose. It is safe for
// concurrent use, and it prints as a placeholder.
type Keys struct {
	sealers map[byte]cipher.AEAD // by key id
	current byte                 // seals; the others only open
	blind   []byte               // root of the blind-index keys
	blinds  sync.Map             // purpose → *macPool
	link    *macPool
	linkSum *macPool
	receipt *macPool
	cover   *macPool

	decree, decreeCover *macPool
}

// New derives the working keys from one master key, whose id is 1.
func New(master []byte) (*Keys, error) { return NewRotated(map[byte][]byte{1: master}) }

// NewRotated derives the working keys from several master keys by id. The highest id seals,
// all open. Blind indexes, links and check codes always come from the lowest, since what they made is
// stored or printed and cannot be made again under another key.
func NewRotated(masters map[byte][]byte) (*Keys, error) {
	if len(masters) == 0 {
		return nil, ErrWeakKey
	}
	ids := slices.Sorted(maps.Keys(masters))
	k := &Keys{sealers: make(map[byte]cipher.AEAD, len(ids)), current: ids[len(ids)-1]}
	for _, id := range ids {
		if err := checkMaster(masters[id]); err != nil {
			return nil, fmt.Errorf("key %d: %w", id, err)
		}
		aead, err := newAEAD(masters[id])
		if err != nil {
			return nil, fmt.Errorf("key %d: %w", id, err)
		}
		k.sealers[id] = aead
	}
	first := masters[ids[0]]
	var err error
	if k.blind, err = derive(first, "blind index"); err != nil {
		return nil, err
	}
	if k.link, err = newMACPool(first, "link token"); err != nil {
		return nil, err
	}
	if k.linkSum, err = newMACPool(first, "link hash"); err != nil {
		return nil, err
	}
	if k.receipt, err = newMACPool(first, "receipt code"); err != nil {
		return nil, err
	}
	if k.cover, err = newMACPool(first, "receipt number"); err != nil {
		return nil, err
	}
	if k.decree, err = newMACPool(first, "decree code"); err != nil {
		return nil, err
	}
	if k.decreeCover, err = newMACPool(first, "decree number"); err != nil {
		return nil, err
	}
	return k, nil
}

// checkMaster also refuses keys that somebody typed to get past the length.
func checkMaster(master []byte) error {
	if len(master) != MasterSize {
		return ErrWeakKey
	}
	seen := map[byte]bool{}
	for _, b := range master {
		seen[b] = true
	}
	if len(seen) < 8 { // 32 random bytes have about 30 different values
		return ErrWeakKey
	}
	return nil
}

func newAEAD(master []byte) (cipher.AEAD, error) {
	key, err := derive(master, "column")
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

func derive(secret []byte, purpose string) ([]byte, error) {
	return hkdf.Key(sha256.New, secret, nil, "robot bailiff v1: "+purpose, MasterSize)
}

// Seal encrypts plaintext with AES-256-GCM. The aad names the place it belongs to as
// "table.column"; only the same aad opens it. The result is the key id, a random nonce and the
// ciphertext, 29 bytes longer than the plaintext and different each time.
func (k *Keys) Seal(plaintext []byte, aad string) []byte {
	out := make([]byte, 1, overhead+len(plaintext))
	out[0] = k.current
	return k.sealers[k.current].Seal(out, nil, plaintext, place(k.current, aad)) //nolint:gosec // this AEAD makes its own random nonce
}

// Open decrypts what Seal made for the same aad. It fails with [ErrUnknownKey] or [ErrOpen].
func (k *Keys) Open(sealed []byte, aad string) ([]byte, error) {
	if len(sealed) < overhead {
		return nil, ErrOpen
	}
	id := sealed[0]
	aead, ok := k.sealers[id]
	if !ok {
		return nil, ErrUnknownKey
	}
	plaintext, err := aead.Open(nil, nil, sealed[1:], place(id, aad))
	if err != nil {
		return nil, ErrOpen
	}
	return plaintext, nil
}

// place binds the key id as well, so that a value cannot be passed off as one of another key.
func place(id byte, aad string) []byte {
	b := make([]byte, 1, 1+len(aad))
	b[0] = id
	return append(b, aad...)
}

// Blind gives the 32 bytes by which a sealed value is found again: HMAC-SHA-256 under a key of
// that purpose alone. Equal values give equal results only within one purpose, so two columns
// cannot be joined on them. The purpose is a constant of the program, and the value must have
// been normalised by the caller.
func (k *Keys) Blind(purpose, value string) []byte {
	pool, ok := k.blinds.Load(purpose)
	if !ok {
		fresh, err := newMACPool(k.blind, purpose)
		if err != nil {
			panic("seal: " + err.Error()) // HKDF fails only when asked for more than 8 KB
		}
		pool, _ = k.blinds.LoadOrStore(purpose, fresh)
	}
	return pool.(*macPool).sum([]byte(value)) //nolint:forcetypeassert // only macPools are stored
}

// Equal compares two hashes or tokens without telling by its duration where they differ.
func Equal(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }

// String hides the keys.
func (k *Keys) String() string { return "seal.Keys(hidden)" }

// GoString hides the keys.
func (k *Keys) GoString() string { return k.String() }

// LogValue hides the keys.
func (k *Keys) LogValue() slog.Value { return slog.StringValue(k.String()) }

// macPool reuses keyed hash states, which saves half of the work on short inputs.
type macPool struct{ pool sync.Pool }

func newMACPool(secret []byte, purpose string) (*macPool, error) {
	key, err := derive(secret, purpose)
	if err != nil {
		return nil, err
	}
	return &macPool{pool: sync.Pool{New: func() any { return hmac.New(sha256.New, key) }}}, nil
}

func (p *macPool) sum(message []byte) []byte {
	h := p.pool.Get().(hash.Hash) //nolint:forcetypeassert // New makes nothing else
	defer p.pool.Put(h)
	h.Reset()
	_, _ = h.Write(message) // a hash never fails
	return h.Sum(make([]byte, 0, sha256.Size))
}
