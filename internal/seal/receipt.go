package seal

import (
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"strings"
)

// A check code of a receipt is 15 bytes: the number of a payment in 5, covered, and 10 bytes of an HMAC over the payment and its case. So
// nothing has to be stored of a receipt, and a code can be checked for as long as the payment is kept. That of a decree has the same form.
const (
	receiptNumber = 5
	receiptMAC    = 10
	receiptLength = (receiptNumber + receiptMAC) * 8 / 5 // characters
	receiptGroup  = 4
)

// crockford has no letters that are mistaken for a digit or for each other.
var crockford = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// ErrReceipt says that a payment's number is beyond what a check code can hold.
var ErrReceipt = errors.New("seal: no check code for such a payment")

// ReceiptCode makes the check code of the receipt for a payment of a case, in groups that people can read out. Without the key nobody
// can make one.
func (k *Keys) ReceiptCode(paymentID, caseID int64) (string, error) {
	if paymentID < 0 || paymentID >= 1<<(8*receiptNumber) {
		return "", ErrReceipt
	}
	mac := k.receiptMAC(paymentID, caseID)
	return written(append(covered(k.cover, paymentID, mac), mac...)), nil
}

// written puts a code in groups.
func written(raw []byte) string {
	text := crockford.EncodeToString(raw)
	groups := make([]string, 0, receiptLength/receiptGroup)
	for i := 0; i < len(text); i += receiptGroup {
		groups = append(groups, text[i:i+receiptGroup])
	}
	return strings.Join(groups, "-")
}

// Receipt is a check code that somebody shows. The zero one is genuine for nothing.
type Receipt struct {
	PaymentID int64 // to be looked up, and believed only when Genuine says so
	mac       []byte
	keys      *Keys
}

// ReadReceipt reads a check code as people type it: in any case, with or without dashes, with O for 0 and I or L for 1. What is no code
// at all gives the zero receipt, so that it can be treated as one that is not known.
func (k *Keys) ReadReceipt(code string) Receipt {
	number, mac := readCode(k.cover, code)
	if mac == nil {
		return Receipt{}
	}
	return Receipt{PaymentID: number, mac: mac, keys: k}
}

// readCode takes a code apart; no mac: it is none.
func readCode(cover *macPool, code string) (number int64, mac []byte) {
	code = strings.Map(func(r rune) rune {
		switch r {
		case ' ', '-', '–', '\u00a0':
			return -1
		case 'O', 'o':
			return '0'
		case 'I', 'i', 'L', 'l':
			return '1'
		}
		return r
	}, code[:min(len(code), 4*receiptLength)])
	raw, err := crockford.DecodeString(strings.ToUpper(code))
	if err != nil || len(raw) != receiptNumber+receiptMAC {
		return 0, nil
	}
	var plain [8]byte
	mac = raw[receiptNumber:]
	subtle.XORBytes(plain[8-receiptNumber:], raw[:receiptNumber], cover.sum(mac))
	return int64(binary.BigEndian.Uint64(plain[:])), mac
}

// Genuine says whether we made the code for this payment of this case.
func (r Receipt) Genuine(caseID int64) bool {
	return r.keys != nil && Equal(r.mac, r.keys.receiptMAC(r.PaymentID, caseID))
}

func (k *Keys) receiptMAC(paymentID, caseID int64) []byte {
	return codeMAC(k.receipt, paymentID, caseID)
}

func codeMAC(key *macPool, a, b int64) []byte {
	var message [16]byte
	binary.BigEndian.PutUint64(message[:8], uint64(a))
	binary.BigEndian.PutUint64(message[8:], uint64(b))
	return key.sum(message[:])[:receiptMAC]
}

// covered hides the number: codes tell nothing of how many payments there are, nor which came first.
func covered(cover *macPool, n int64, mac []byte) []byte {
	var number [8]byte
	binary.BigEndian.PutUint64(number[:], uint64(n))
	out := make([]byte, receiptNumber, receiptNumber+receiptMAC)
	subtle.XORBytes(out, number[8-receiptNumber:], cover.sum(mac))
	return out
}
