package smsc

import (
	"encoding/binary"
	"encoding/hex"
	"strings"
	"time"
)

// Address is a number with its type and plan.
type Address struct {
	TON, NPI byte
	Number   string // as it was written, without a plus
}

// Submission is one submit_sm as the centre understood it.
type Submission struct {
	ID         string // as its answer has it; empty: it was not taken
	Account    string // system_id
	From, To   Address
	Text       string // of this part; of a binary one its octets in hex
	Coding     byte   // data_coding
	Header     string // the user data header in hex, its length included
	Reference  uint16 // of the message that it is a part of
	Number, Of int    // it is part Number of Of; 1 of 1 where it is the whole
	Validity   string // as it was written
	ValidUntil time.Time
	Receipt    byte // registered_delivery
	At         time.Time
	Status     Status // of the answer
}

const (
	esmMode   byte = 0x03
	esmUDH    byte = 0x40
	tonLetter byte = 5
)

// readSubmission reads the body of a submit_sm.
func readSubmission(body []byte, now time.Time) (s Submission, wrong Status) {
	f := &fields{rest: body}
	s.At, s.Number, s.Of = now, 1, 1
	f.text(6, InvalidServiceType)
	s.From = f.address(InvalidSource)
	s.To = f.address(InvalidDestination)
	class := f.octet()
	f.octet() // protocol_id
	f.octet() // priority_flag
	schedule := f.text(17, InvalidSchedule)
	s.Validity = f.text(17, InvalidExpiry)
	s.Receipt = f.octet()
	f.octet() // replace_if_present_flag
	s.Coding = f.octet()
	f.octet() // sm_default_msg_id
	words := f.octets(int(f.octet()))
	more := f.parameters()
	if f.wrong != OK {
		return s, f.wrong
	}
	payload, paid := more[tagPayload]
	if paid && len(words) > 0 || len(words) > 254 {
		return s, InvalidMessageLength
	}
	if class&esmMode > 0 && class&esmMode != 3 || class&0x3C != 0 { // neither the default nor "store and forward", or no message
		return s, InvalidESMClass
	}
	if schedule != "" { // everything is delivered at once
		return s, InvalidSchedule
	}
	if s.Validity != "" {
		var ok bool
		if s.ValidUntil, ok = readMoment(s.Validity, now); !ok || !s.ValidUntil.After(now) {
			return s, InvalidExpiry
		}
	}
	if wrong = checkAddresses(s.From, s.To); wrong != OK {
		return s, wrong
	}
	if paid {
		words = payload
	}
	return s, s.readWords(words, class&esmUDH != 0, paid, more)
}

func (f *fields) address(long Status) Address {
	ton, npi := f.octet(), f.octet()
	return Address{TON: ton, NPI: npi, Number: f.text(21, long)}
}

// checkAddresses holds the rules of a centre of one country: a phone has an international number or a national one, and a sender
// is a number or a word of at most eleven letters.
func checkAddresses(from, to Address) Status {
	digits := func(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
	switch {
	case to.TON > 2:
		return InvalidDestTON
	case !digits(to.Number) || len(to.Number) > 15 || to.TON == 1 && len(to.Number) < 8:
		return InvalidDestination
	case from.TON > 6:
		return InvalidSourceTON
	case from.TON == tonLetter && (from.Number == "" || len(from.Number) > 11):
		return InvalidSource
	case from.TON != tonLetter && !digits(from.Number):
		return InvalidSource
	default:
		return OK
	}
}

// readWords reads the header and the text. A payload goes to the phone in as many pieces as it needs; everything else is one part.
func (s *Submission) readWords(words []byte, hasHeader, payload bool, more map[uint16][]byte) Status {
	header := 0
	if hasHeader {
		if len(words) == 0 || int(words[0])+1 > len(words) {
			return InvalidESMClass
		}
		header = int(words[0]) + 1
		s.Header = hex.EncodeToString(words[:header])
		if !s.readElements(words[1:header]) {
			return InvalidESMClass
		}
	} else if !s.readSegments(more) {
		return InvalidParameter
	}
	if !payload && !fits(s.Coding, header, len(words)-header) {
		return InvalidMessageLength
	}
	var ok bool
	if s.Text, ok = decode(s.Coding, words[header:]); !ok {
		return SubmitFailed
	}
	return OK
}

// readElements reads a user data header (3GPP TS 23.040, 9.2.3.24).
func (s *Submission) readElements(rest []byte) bool {
	for len(rest) > 0 {
		if len(rest) < 2 || len(rest) < 2+int(rest[1]) {
			return false
		}
		id, value := rest[0], rest[2:2+int(rest[1])]
		rest = rest[2+len(value):]
		switch {
		case id == 0x00 && len(value) == 3:
			s.Reference, s.Of, s.Number = uint16(value[0]), int(value[1]), int(value[2])
		case id == 0x08 && len(value) == 4:
			s.Reference, s.Of, s.Number = binary.BigEndian.Uint16(value), int(value[2]), int(value[3])
		case id == 0x00 || id == 0x08:
			return false
		}
	}
	return s.Number >= 1 && s.Number <= s.Of
}

// readSegments reads the same from optional parameters; all three are there, or none.
func (s *Submission) readSegments(more map[uint16][]byte) bool {
	reference, a := more[tagReference]
	total, b := more[tagTotal]
	number, c := more[tagNumber]
	if !a && !b && !c {
		return true
	}
	if len(reference) != 2 || len(total) != 1 || len(number) != 1 {
		return false
	}
	s.Reference, s.Of, s.Number = binary.BigEndian.Uint16(reference), int(total[0]), int(number[0])
	return s.Number >= 1 && s.Number <= s.Of
}
