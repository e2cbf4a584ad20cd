package api

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"time"

	"robotbailiff/engine/intake"
	"robotbailiff/engine/intake/proof"
)

// receipt is what we confirm of a file.
type receipt struct {
	Batch       int64        `json:"batch"`
	Source      string       `json:"source"`
	FileName    string       `json:"file_name"`
	SHA256      string       `json:"sha256"`
	Size        int64        `json:"size"`
	DryRun      bool         `json:"dry_run"`
	State       intake.State `json:"state"`
	Code        string       `json:"code,omitempty"` // why the file as a whole was not taken in
	Rows        int          `json:"rows"`
	Accepted    int          `json:"accepted"`
	Duplicate   int          `json:"duplicate"`
	Rejected    int          `json:"rejected"`
	Quarantined int          `json:"quarantined"`
	ReceivedAt  time.Time    `json:"received_at"`
	FinishedAt  *time.Time   `json:"finished_at,omitempty"`
}

// signedReceipt bears the bytes that were signed, so that nobody has to write the same JSON as we do to verify them.
type signedReceipt struct {
	Receipt   receipt `json:"receipt"`
	Payload   []byte  `json:"payload"` // base64: the receipt as it was signed
	Type      string  `json:"signature_type"`
	Signature string  `json:"signature"`
}

// receipt answers with the receipt of a file that is done with.
func (h *handler) receipt(w http.ResponseWriter, r *http.Request, src *intake.Source) error {
	b, err := h.own(r, src)
	if err != nil {
		return err
	}
	if !b.State.Final() {
		return &problem{Status: http.StatusConflict, Code: codeNotFinished, Batch: b.ID}
	}
	s := statusOf(&b)
	out := signedReceipt{Receipt: receipt{
		Batch: b.ID, Source: b.Source, FileName: b.FileName, SHA256: b.SHA256, Size: b.Size, DryRun: b.DryRun, State: b.State,
		Rows: b.Rows, Accepted: b.Accepted, Duplicate: b.Duplicate, Rejected: b.Rejected, Quarantined: b.Quarantined,
		ReceivedAt: s.ReceivedAt, FinishedAt: s.FinishedAt,
	}}
	if b.Fault != nil {
		out.Receipt.Code = b.Fault.Code
	}
	at := s.ReceivedAt
	if s.FinishedAt != nil {
		at = *s.FinishedAt
	}
	if out.Payload, err = json.Marshal(out.Receipt); err != nil {
		return err
	}
	signature, err := h.Signer.Sign(at, out.Payload)
	if err != nil {
		return err
	}
	out.Type, out.Signature = signature.Type, string(signature.Bytes)
	if signature.Type == proof.TypeCMS {
		out.Signature = base64.StdEncoding.EncodeToString(signature.Bytes)
	}
	return reply(w, http.StatusOK, out)
}
