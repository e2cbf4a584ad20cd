package httpsms

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"

	"robotbailiff/notify"
)

// States of a message in contract.json.
const (
	stateAccepted  = "accepted"
	stateSent      = "sent" // to the network
	stateDelivered = "delivered"
	stateFailed    = "failed"
	stateExpired   = "expired"
)

const maxReceipts = 500 // in one push

var (
	errForged  = errors.New("no signature of the gateway")
	errReceipt = errors.New("receipts are not as contract.json wants them")
)

// readReceipts reads the body of a push. Receipts that say nothing new are left out.
func readReceipts(body []byte) ([]notify.Receipt, error) {
	var push struct {
		Receipts []struct {
			Ref    string    `json:"ref"`
			ID     string    `json:"id"`
			Status string    `json:"status"`
			At     time.Time `json:"at"`
			Code   string    `json:"code"`
		} `json:"receipts"`
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	if err := dec.Decode(&push); err != nil {
		return nil, errReceipt // the error may hold a part of what was sent
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) || len(push.Receipts) == 0 || len(push.Receipts) > maxReceipts {
		return nil, errReceipt
	}
	var out []notify.Receipt
	for _, r := range push.Receipts {
		if !validRef(r.Ref) || len(r.Code) > 32 || strings.Trim(r.Code, letters+"_") != "" {
			return nil, errReceipt
		}
		receipt := notify.Receipt{Ref: r.Ref, ProviderRef: r.ID, At: r.At, Detail: r.Code}
		switch r.Status {
		case stateAccepted, stateSent:
			continue
		case stateDelivered:
			receipt.Status = notify.StatusDelivered
		case stateFailed, stateExpired:
			receipt.Status = notify.StatusFailed
		default:
			return nil, errReceipt
		}
		if receipt.Detail == "" {
			receipt.Detail = r.Status
		}
		out = append(out, receipt)
	}
	return out, nil
}
