package contact_test

import (
	"bytes"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"

	"robotbailiff/internal/testkit"
	"robotbailiff/notify"
	"robotbailiff/notify/contact"
)

func TestChat_isLinkedByACodeAndEnds(t *testing.T) {
	t.Parallel()
	tx, s := testkit.Tx(t), contact.New(testkit.Keys(t))
	const chat, another = int64(7700112233), int64(7700445566)
	must(t, s.Prefer(t.Context(), tx, person, contact.Preference{Language: "uz", Channel: notify.Telegram}, morning))
	link := func(code string, chat int64, wantOK bool, wantLanguage string) {
		t.Helper()
		language, ok, err := s.LinkChat(t.Context(), tx, code, chat, morning)
		if err != nil || ok != wantOK || language != wantLanguage {
			t.Errorf("%q %t %v, want %q %t", language, ok, err, wantLanguage, wantOK)
		}
	}
	chats := func(want map[int64]string) {
		t.Helper()
		got, err := s.Chats(t.Context(), tx, []int64{person.DebtorID, other.DebtorID})
		if err != nil || !maps.Equal(got, want) {
			t.Errorf("%v, %v; want %v", got, err, want)
		}
	}
	code, err := s.NewCode(t.Context(), tx, person)
	must(t, err)
	link("not-a-code", chat, false, "")
	link("", chat, false, "")
	link(code, chat, true, "uz")
	link(code, chat, true, "uz") // our answer was lost
	link(code, another, false, "")
	chats(map[int64]string{7: "7700112233"})
	late, err := s.NewCode(t.Context(), tx, other)
	must(t, err)
	_, err = tx.Exec(t.Context(), `UPDATE telegram_codes SET expires_at = now() - interval '1 second' WHERE debtor_id = $1`, other.DebtorID)
	must(t, err)
	link(late, chat, false, "")
	family, err := s.NewCode(t.Context(), tx, other)
	must(t, err)
	link(family, chat, true, "") // one telephone of two debtors
	chats(map[int64]string{7: "7700112233", 8: "7700112233"})
	var sealed []byte
	must(t, tx.QueryRow(t.Context(), `SELECT chat_sealed || chat_blind FROM telegram_chats LIMIT 1`).Scan(&sealed))
	if bytes.Contains(sealed, []byte("7700112233")) {
		t.Error("a chat stands in the clear")
	}
	must(t, s.UnlinkChat(t.Context(), tx, other, morning))
	chats(map[int64]string{7: "7700112233"})
	must(t, s.ChatGone(t.Context(), tx, chat, true, morning))
	must(t, s.ChatGone(t.Context(), tx, chat, true, morning)) // told twice
	chats(map[int64]string{})
	if linked, err := s.HasChat(t.Context(), tx, person.DebtorID); err != nil || linked {
		t.Errorf("%t, %v", linked, err)
	}
	if p, err := s.Preference(t.Context(), tx, person.DebtorID); err != nil || p != (contact.Preference{Language: "uz", Channel: notify.SMS}) {
		t.Errorf("the wish for a chat that is gone: %+v, %v", p, err)
	}
	want := []string{
		`7 260000001 debtor preferred {"language" : "uz", "channel" : "telegram"} 04:00`,
		`7 260000001 debtor telegram_linked {} 04:00`,
		`8 260000002 debtor telegram_linked {} 04:00`,
		`8 260000002 debtor telegram_gone {"reason" : "removed"} 04:00`,
		`7 gateway telegram_gone {"reason" : "blocked"} 04:00`,
	}
	if diff := cmp.Diff(want, acts(t, tx)); diff != "" {
		t.Error(diff)
	}
}
