package seal

import "errors"

// The number in the check code of a decree is that of its case, and that of the event that it is of, in 40 bits together.
const (
	decreeSeqBits = 10
	decreeCases   = 1 << (8*receiptNumber - decreeSeqBits)
)

// ErrDecree says that the number of a decree is beyond what a check code can hold.
var ErrDecree = errors.New("seal: no check code for such a decree")

// DecreeCode makes the check code of a decree, which is of one event of a case, in the form of that of a receipt. Without the key nobody
// can make one, and a code of the one kind is never genuine for the other.
func (k *Keys) DecreeCode(caseID int64, seq int) (string, error) {
	if caseID <= 0 || caseID >= decreeCases || seq <= 0 || seq >= 1<<decreeSeqBits {
		return "", ErrDecree
	}
	mac := codeMAC(k.decree, caseID, int64(seq))
	return written(append(covered(k.decreeCover, caseID<<decreeSeqBits|int64(seq), mac), mac...)), nil
}

// ReadDecree reads the check code of a decree as people type it; genuine is false when we did not make it.
func (k *Keys) ReadDecree(code string) (caseID int64, seq int, genuine bool) {
	number, mac := readCode(k.decreeCover, code)
	caseID, seq = number>>decreeSeqBits, int(number&(1<<decreeSeqBits-1))
	return caseID, seq, Equal(mac, codeMAC(k.decree, caseID, int64(seq)))
}
