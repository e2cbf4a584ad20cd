package sms

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"
)

// unit is one PDU as it came. body is nil where there is none: a refusal mostly has no body (SMPP 3.4, 4.1.2), which the codec
// takes for a broken stream, and what the codec cannot read otherwise is not worth a bind either.
type unit struct {
	pdu.Header

	body pdu.PDU
}

// maxUnit is the longest unit that is read: a payload is 64 KB at most.
const maxUnit = 80 << 10

const headerSize = 16

var errUnit = errors.New("not SMPP")

// readUnit reads one unit.
func readUnit(r io.Reader) (u unit, err error) {
	var head [headerSize]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return u, err
	}
	u.Header = pdu.ParseHeader(head)
	if u.CommandLength < headerSize || u.CommandLength > maxUnit {
		return u, fmt.Errorf("%w: a unit of %d bytes", errUnit, uint32(u.CommandLength))
	}
	whole := make([]byte, u.CommandLength)
	copy(whole, head[:])
	if _, err := io.ReadFull(r, whole[headerSize:]); err != nil {
		return u, err
	}
	if u.isAnswer() && u.CommandStatus != data.ESME_ROK {
		return u, nil
	}
	if p, err := pdu.Parse(bytes.NewReader(whole)); err == nil {
		u.body = p
	}
	return u, nil
}

// isAnswer says that the highest bit of the command id is set.
func (u unit) isAnswer() bool { return uint32(u.CommandID)&0x80000000 != 0 }
