package smsc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
)

// Command ids (SMPP 3.4, 5.1.2.1). Answers have the highest bit.
const (
	answerBit uint32 = 0x80000000

	genericNack            = answerBit
	bindReceiver    uint32 = 0x01
	bindTransmitter uint32 = 0x02
	querySM         uint32 = 0x03
	submitSM        uint32 = 0x04
	deliverSM       uint32 = 0x05
	unbind          uint32 = 0x06
	replaceSM       uint32 = 0x07
	cancelSM        uint32 = 0x08
	bindTransceiver uint32 = 0x09
	enquireLink     uint32 = 0x15
)

// Optional parameters (5.3.2).
const (
	tagReceiptedID  uint16 = 0x001E
	tagReference    uint16 = 0x020C // sar_msg_ref_num
	tagTotal        uint16 = 0x020E // sar_total_segments
	tagNumber       uint16 = 0x020F // sar_segment_seqnum
	tagVersion      uint16 = 0x0210
	tagNetworkError uint16 = 0x0423
	tagPayload      uint16 = 0x0424
	tagState        uint16 = 0x0427
)

const (
	headSize = 16
	maxUnit  = 70 << 10 // a payload has 64 KB at most
	version  = 0x34
)

// unit is one PDU.
type unit struct {
	command  uint32
	status   Status
	sequence uint32
	body     []byte // valid until the next unit is read
}

// errLength says that a unit's length cannot be right, so that nobody knows where the next one begins.
var errLength = errors.New("not SMPP")

// readHead reads the head of a unit, and the length of its body.
func readHead(r io.Reader) (u unit, length int, err error) {
	var head [headSize]byte
	if _, err = io.ReadFull(r, head[:]); err != nil {
		return u, 0, err
	}
	whole := binary.BigEndian.Uint32(head[0:])
	u.command, u.status, u.sequence = binary.BigEndian.Uint32(head[4:]), Status(binary.BigEndian.Uint32(head[8:])), binary.BigEndian.Uint32(head[12:])
	if whole < headSize || whole > maxUnit {
		return u, 0, errLength
	}
	return u, int(whole) - headSize, nil
}

// appendUnit writes a unit behind b.
func appendUnit(b []byte, command uint32, status Status, sequence uint32, body []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(headSize+len(body)))
	b = binary.BigEndian.AppendUint32(b, command)
	b = binary.BigEndian.AppendUint32(b, uint32(status))
	b = binary.BigEndian.AppendUint32(b, sequence)
	return append(b, body...)
}

// appendString writes a C-octet string.
func appendString(b []byte, s string) []byte { return append(append(b, s...), 0) }

func appendParameter(b []byte, tag uint16, value ...byte) []byte {
	b = binary.BigEndian.AppendUint16(b, tag)
	b = binary.BigEndian.AppendUint16(b, uint16(len(value)))
	return append(b, value...)
}

// fields reads a body from its beginning. The first fault stays in wrong, and everything after it reads as empty.
type fields struct {
	rest  []byte
	wrong Status
}

func (f *fields) fail(s Status) {
	if f.wrong == OK {
		f.wrong = s
	}
	f.rest = nil
}

func (f *fields) octet() byte {
	if len(f.rest) == 0 {
		f.fail(InvalidCommandLength)
		return 0
	}
	b := f.rest[0]
	f.rest = f.rest[1:]
	return b
}

func (f *fields) octets(n int) []byte {
	if len(f.rest) < n {
		f.fail(InvalidCommandLength)
		return nil
	}
	b := f.rest[:n]
	f.rest = f.rest[n:]
	return b
}

// text reads a C-octet string of at most size octets, its end included; a longer one is the fault that is named.
func (f *fields) text(size int, long Status) string {
	end := bytes.IndexByte(f.rest, 0)
	switch {
	case end < 0:
		f.fail(InvalidCommandLength)
		return ""
	case end >= size:
		f.fail(long)
		return ""
	}
	s := string(f.rest[:end])
	f.rest = f.rest[end+1:]
	return s
}

// parameters reads the optional parameters, which are all that is left. Of two with one tag the first counts.
func (f *fields) parameters() map[uint16][]byte {
	var all map[uint16][]byte
	for len(f.rest) > 0 && f.wrong == OK {
		if len(f.rest) < 4 {
			f.fail(InvalidParameter)
			break
		}
		tag, n := binary.BigEndian.Uint16(f.rest), int(binary.BigEndian.Uint16(f.rest[2:]))
		if len(f.rest) < 4+n {
			f.fail(InvalidParameter)
			break
		}
		if all == nil {
			all = map[uint16][]byte{}
		}
		if _, again := all[tag]; !again {
			all[tag] = f.rest[4 : 4+n]
		}
		f.rest = f.rest[4+n:]
	}
	return all
}
