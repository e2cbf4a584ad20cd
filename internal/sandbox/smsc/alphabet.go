package smsc

import (
	"encoding/binary"
	"encoding/hex"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Data codings (5.2.19).
const (
	codingDefault byte = 0x00 // the GSM alphabet, an octet for each septet
	codingASCII   byte = 0x01
	codingOctets  byte = 0x02
	codingLatin1  byte = 0x03
	codingBinary  byte = 0x04
	codingUCS2    byte = 0x08
)

// What one part may have, its header included (3GPP TS 23.040).
const (
	maxOctets  = 140
	maxSeptets = 160
)

const escape = 0x1B

// gsm is the alphabet of 3GPP TS 23.038, 6.2.1, by code.
var gsm = []rune("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà")

// gsmMore is what follows an escape.
var gsmMore = map[byte]rune{0x0A: '\f', 0x14: '^', 0x28: '{', 0x29: '}', 0x2F: '\\', 0x3C: '[', 0x3D: '~', 0x3E: ']', 0x40: '|', 0x65: '€'}

// gsmCode is gsm the other way round.
var gsmCode = func() map[rune]byte {
	m := make(map[rune]byte, len(gsm))
	for code, letter := range gsm {
		m[letter] = byte(code)
	}
	return m
}()

// decode reads a part's text. false says that a phone could not show it.
func decode(coding byte, raw []byte) (string, bool) {
	switch coding {
	case codingDefault:
		return decodeGSM(raw)
	case codingASCII:
		for _, b := range raw {
			if b >= utf8.RuneSelf {
				return "", false
			}
		}
		return string(raw), true
	case codingLatin1:
		var s strings.Builder
		for _, b := range raw {
			s.WriteRune(rune(b))
		}
		return s.String(), true
	case codingUCS2:
		return decodeUCS2(raw)
	case codingOctets, codingBinary:
		return hex.EncodeToString(raw), true
	default:
		return "", false
	}
}

func decodeGSM(raw []byte) (string, bool) {
	var s strings.Builder
	s.Grow(len(raw))
	for i := 0; i < len(raw); i++ {
		switch b := raw[i]; {
		case int(b) >= len(gsm):
			return "", false
		case b != escape:
			s.WriteRune(gsm[b])
		default:
			i++
			if i == len(raw) {
				return "", false
			}
			letter, ok := gsmMore[raw[i]]
			if !ok {
				return "", false
			}
			s.WriteRune(letter)
		}
	}
	return s.String(), true
}

// decodeUCS2 reads UTF-16, which is what phones make of UCS-2. Half a pair is a fault: it was cut at the end of a part.
func decodeUCS2(raw []byte) (string, bool) {
	if len(raw)%2 != 0 {
		return "", false
	}
	var s strings.Builder
	s.Grow(len(raw))
	for ; len(raw) > 0; raw = raw[2:] {
		letter := rune(binary.BigEndian.Uint16(raw))
		if utf16.IsSurrogate(letter) {
			if len(raw) < 4 {
				return "", false
			}
			raw = raw[2:]
			if letter = utf16.DecodeRune(letter, rune(binary.BigEndian.Uint16(raw))); letter == utf8.RuneError {
				return "", false
			}
		}
		s.WriteRune(letter)
	}
	return s.String(), true
}

// encodeGSM writes a receipt's text; what the alphabet does not have becomes a question mark.
func encodeGSM(b []byte, s string) []byte {
	for _, letter := range s {
		code, ok := gsmCode[letter]
		if !ok || code == escape {
			code = '?'
		}
		b = append(b, code)
	}
	return b
}

// fits says whether a part of this length, with a header of that length, goes to a phone in one piece.
func fits(coding byte, header, words int) bool {
	if coding == codingDefault || coding == codingASCII {
		return (header*8+6)/7+words <= maxSeptets
	}
	return header+words <= maxOctets
}
