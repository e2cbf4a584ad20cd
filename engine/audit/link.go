// Package audit proves that the record of a case was not changed: it links the events of a case by hash and verifies the
// links. It must not decide anything or know what an event means; to it an event is bytes.
package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// Record is one event as the chain sees it.
type Record struct {
	CaseID int64
	Seq    int
	Kind   string
	At     time.Time // to the microsecond
	Actor  string
	Pack   string // hash of the rule pack, hex
	Data   []byte // exactly as stored
}

// Link returns the hash of a record that follows prev. Every field goes in with its length, so no two records share an
// encoding. The first record of a case follows the zero hash.
func Link(prev [32]byte, r Record) [32]byte {
	b := make([]byte, 0, 192+len(r.Data))
	b = append(b, prev[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(r.CaseID))
	b = binary.BigEndian.AppendUint64(b, uint64(r.Seq))
	b = binary.BigEndian.AppendUint64(b, uint64(r.At.UnixMicro()))
	for _, s := range [...]string{r.Kind, r.Actor, r.Pack} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
		b = append(b, s...)
	}
	b = binary.BigEndian.AppendUint32(b, uint32(len(r.Data)))
	b = append(b, r.Data...)
	return sha256.Sum256(b)
}
