package seal

import (
	"encoding/binary"
	"errors"
	"strings"

	"github.com/mr-tron/base58"
)

// TokenLength is the number of characters of a link token: 22 base58 characters hold 128 bits.
const TokenLength = 22

const (
	alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
	maxToken = "YcVfxkQb6JRzqk5kF2tNLv" //nolint:gosec // 2^128 - 1, no secret
)

// ErrToken says that a text cannot be a link token. It tells nothing more, since the answer to
// a wrong token must not help to guess a right one.
var ErrToken = errors.New("seal: no link token")

// LinkToken makes the token of a case's n-th personal link. It is a pseudo-random function of
// both numbers, so the same letter can be printed again without the token being stored, and
// nobody without the key can make or guess one.
func (k *Keys) LinkToken(caseID int64, ordinal int) string {
	var message [16]byte
	binary.BigEndian.PutUint64(message[:8], uint64(caseID)) // the bits matter, not the sign
	binary.BigEndian.PutUint64(message[8:], uint64(ordinal))
	token := base58.Encode(k.link.sum(message[:])[:16])
	// base58 writes a small number in fewer characters; its zero digit is 1.
	return strings.Repeat("1", TokenLength-len(token)) + token
}

// LinkHash gives what is stored of a token, and all that is: the first 128 bits, as many as the
// token has, of HMAC-SHA-256 under a key that only this purpose uses.
func (k *Keys) LinkHash(token string) []byte { return k.linkSum.sum([]byte(token))[:16] }

// ParseToken checks that a text has the shape of a link token, before anything is looked up.
func ParseToken(token string) error {
	if len(token) != TokenLength {
		return ErrToken
	}
	for i := range len(token) {
		if strings.IndexByte(alphabet, token[i]) < 0 {
			return ErrToken
		}
	}
	// The alphabet is in byte order, so texts of one length compare as their numbers do.
	if token > maxToken {
		return ErrToken
	}
	return nil
}
