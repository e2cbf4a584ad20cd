package contact_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/pg"
	"robotbailiff/internal/testkit"
	"robotbailiff/notify/contact"
)

const (
	phone  = "cOfAPhone:APA91b-first_device"
	tablet = "cOfATablet:APA91b-second_device"
)

func TestDevices_theNewestGetsThePushes(t *testing.T) {
	t.Parallel()
	tx, s := testkit.Tx(t), contact.New(testkit.Keys(t))
	at := func(h int) time.Time { return morning.Add(time.Duration(h) * time.Hour) }
	newest := func(want map[int64]string) {
		t.Helper()
		got, err := s.Tokens(t.Context(), tx, []int64{person.DebtorID, other.DebtorID, 99})
		if err != nil || !maps.Equal(got, want) {
			t.Errorf("%v, %v; want %v", got, err, want)
		}
	}
	newest(map[int64]string{})
	must(t, s.AddDevice(t.Context(), tx, person, "android", phone, at(0)))
	must(t, s.AddDevice(t.Context(), tx, person, "ios", tablet, at(1)))
	newest(map[int64]string{7: tablet})
	must(t, s.AddDevice(t.Context(), tx, person, "android", phone, at(2))) // it is still there
	newest(map[int64]string{7: phone})
	must(t, s.DeviceGone(t.Context(), tx, phone, at(3)))
	must(t, s.DeviceGone(t.Context(), tx, phone, at(3))) // told twice
	newest(map[int64]string{7: tablet})
	must(t, s.AddDevice(t.Context(), tx, other, "ios", tablet, at(4))) // somebody else has passed the gate on it
	newest(map[int64]string{8: tablet})
	list, err := s.Devices(t.Context(), tx, other.DebtorID)
	if err != nil || len(list) != 1 || list[0].Platform != "ios" || !list[0].Since.Equal(at(4)) {
		t.Fatalf("%+v, %v", list, err)
	}
	if err := s.RemoveDevice(t.Context(), tx, person, list[0].ID, at(5)); !errors.Is(err, contact.ErrNoDevice) { // not his
		t.Errorf("a device of somebody else: %v", err)
	}
	newest(map[int64]string{8: tablet})
	must(t, s.RemoveDevice(t.Context(), tx, other, list[0].ID, at(6)))
	newest(map[int64]string{})
	want := []string{
		`7 260000001 debtor device_added {"device" : 1, "platform" : "android"} 04:00`,
		`7 260000001 debtor device_added {"device" : 2, "platform" : "ios"} 05:00`,
		`7 gateway device_gone {"device" : 1, "platform" : "android", "reason" : "unregistered"} 07:00`,
		`7 260000002 debtor device_gone {"device" : 2, "platform" : "ios", "reason" : "another_debtor"} 08:00`,
		`8 260000002 debtor device_added {"device" : 3, "platform" : "ios"} 08:00`,
		`8 260000002 debtor device_gone {"device" : 3, "platform" : "ios", "reason" : "removed"} 10:00`,
	}
	got := acts(t, tx)
	for i := range got { // the numbers of the devices are the database's
		for n := range 3 {
			var id int64
			must(t, tx.QueryRow(t.Context(), `SELECT id FROM devices ORDER BY id OFFSET $1 LIMIT 1`, n).Scan(&id))
			got[i] = strings.Replace(got[i], fmt.Sprintf(`"device" : %d,`, id), fmt.Sprintf(`"device" : %d,`, n+1), 1)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	var kept int
	must(t, tx.QueryRow(t.Context(), `SELECT count(token_sealed) FROM devices`).Scan(&kept))
	if kept != 0 {
		t.Errorf("%d tokens of devices that are gone were kept", kept)
	}
}

func TestDevices_areSealedAndBounded(t *testing.T) {
	t.Parallel()
	tx, s := testkit.Tx(t), contact.New(testkit.Keys(t))
	for i := range 8 {
		must(t, s.AddDevice(t.Context(), tx, person, "web", fmt.Sprintf("%s-%d", phone, i), morning.Add(time.Duration(i)*time.Minute)))
	}
	list, err := s.Devices(t.Context(), tx, person.DebtorID)
	if err != nil || len(list) != 5 {
		t.Errorf("%d devices, %v", len(list), err)
	}
	rows, err := tx.Query(t.Context(), `SELECT token_sealed || token_blind FROM devices WHERE gone_at IS NULL`)
	must(t, err)
	stored, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
	must(t, err)
	for _, b := range stored {
		if bytes.Contains(b, []byte("APA91b")) {
			t.Error("a token stands in the clear")
		}
	}
	_, err = tx.Exec(t.Context(), `UPDATE devices SET token_sealed = '\x00' WHERE gone_at IS NULL`)
	must(t, err)
	if _, err := s.Tokens(t.Context(), tx, []int64{person.DebtorID}); !errors.Is(err, contact.ErrSealed) {
		t.Errorf("a broken token: %v", err)
	}
}

// A family registers one telephone from several pages at once: it has one owner in the end, and nobody gets an error.
func TestDevices_oneOwnerWhateverComesAtOnce(t *testing.T) {
	t.Parallel()
	db, s := testkit.DB(t), contact.New(testkit.Keys(t))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			who := contact.Who{DebtorID: int64(1 + i%4), CaseID: 1}
			if err := pg.InTx(t.Context(), db, func(tx pgx.Tx) error { return s.AddDevice(t.Context(), tx, who, "android", phone, morning) }); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	got, err := s.Tokens(t.Context(), db, []int64{1, 2, 3, 4})
	if err != nil || len(got) != 1 {
		t.Errorf("%d owners, %v", len(got), err)
	}
}

func TestCheckDevice(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		platform, token string
		want            error
	}{
		{"android", phone, nil},
		{"ios", strings.Repeat("a", 4096), nil},
		{"nokia", phone, contact.ErrPlatform},
		{"", phone, contact.ErrPlatform},
		{"web", "", contact.ErrToken},
		{"web", "short", contact.ErrToken},
		{"web", strings.Repeat("a", 4097), contact.ErrToken},
		{"web", "with a space in the middle", contact.ErrToken},
		{"web", "with,a,comma,in,the,middle", contact.ErrToken},
		{"web", "with\nanother line of something", contact.ErrToken},
		{"web", "қазақша-таңбалауыш-жарамайды", contact.ErrToken},
	} {
		if got := contact.CheckDevice(c.platform, c.token); !errors.Is(got, c.want) {
			t.Errorf("%s %.20q: %v, want %v", c.platform, c.token, got, c.want)
		}
	}
}
