package papers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"robotbailiff/internal/i18n"
	"robotbailiff/internal/paper"
	"robotbailiff/notify"
	"robotbailiff/notify/text"
)

// sent are the notices that have left, oldest first.
func (f *file) sent() []Document {
	var out []Document
	for _, n := range f.notices {
		if n.SentAt == nil {
			continue
		}
		out = append(out, Document{
			Name: fmt.Sprintf("notice-%d-%s.pdf", n.Ordinal, n.Channel), Kind: Notice, On: day(*n.SentAt), Language: f.lang,
			Title: i18n.Say("documents.notice", "kind", i18n.Say("notice."+string(n.Kind)), "channel", i18n.Say("channel."+string(n.Channel)), "on", day(*n.SentAt)),
			make: func(context.Context) ([]byte, error) {
				return paper.Notice(paper.NoticePaper{Lang: f.lang, Region: f.now.Region, Case: f.number, Notice: f.proof(n)})
			},
		})
	}
	return out
}

// proof is what is known of a notice: its text without the secret of the link, and the hash of the exact bytes.
func (f *file) proof(n notify.Notice) paper.EvidenceNotice {
	exact, shown, parts := n.Text, n.Masked, 0
	switch n.Channel {
	case notify.Push, notify.Letter:
		exact, shown = n.Title+"\n"+n.Text, n.Title+"\n"+n.Masked
	case notify.SMS:
		parts = text.Parts(n.Text)
	case notify.Telegram:
	}
	sum, ref := sha256.Sum256([]byte(exact)), notify.Ref(n.CaseID, n.Ordinal, n.Channel)
	p := paper.EvidenceNotice{
		Ordinal: n.Ordinal, Channel: string(n.Channel), Kind: string(n.Kind), Rung: n.Rung, Language: n.Language, TextVersion: n.TextVersion, Text: shown, Bytes: len(exact),
		SHA256: hex.EncodeToString(sum[:]), SMSParts: parts, Status: string(n.Status), Detail: n.Detail, Attempts: n.Attempts, WantedAt: n.CreatedAt, NotBefore: n.NotBefore,
		ExpiresAt: n.ExpiresAt, SentAt: n.SentAt, DeliveredAt: n.DeliveredAt, Ref: ref, ProviderRef: n.ProviderRef,
	}
	for _, r := range f.parts[ref] {
		p.Receipts = append(p.Receipts, paper.EvidenceReceipt{ProviderRef: r.ProviderRef, Attempt: r.Attempt, Part: r.Part, Of: r.Of, Status: string(r.Status), At: r.At})
	}
	return p
}
