package sandbox

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"

	"robotbailiff/internal/caseno"
	"robotbailiff/notify"
	"robotbailiff/notify/passcode"
	"robotbailiff/rules/calendar"
)

// Messages is the port of one channel: an SMS centre or a push service.
func (w *World) Messages(channel notify.Channel) notify.Gateway { return messagePort{w, channel} }

type messagePort struct {
	*World

	channel notify.Channel
}

// Delivers says whether an SMS under a reference will reach a telephone of this world at once.
func (w *World) Delivers(phone, ref string, now time.Time) bool {
	fate, done, told, _, _ := messagePort{w, notify.SMS}.fate(notify.Message{Ref: ref, To: phone}, now)
	return fate == fateDelivered && told.Equal(done)
}

// What becomes of a message.
const (
	fateDelivered = "delivered"
	fateFailed    = "failed"
	fateUnknown   = "unknown" // nobody will ever say
)

// Send implements notify.Gateway: every call for a reference puts one more physical message on its way.
func (m messagePort) Send(ctx context.Context, messages []notify.Message) ([]notify.Sent, error) {
	if len(messages) > MaxBatch {
		return nil, fmt.Errorf("sandbox: %d messages in one call, at most %d", len(messages), MaxBatch)
	}
	return steady(ctx, func(again bool) ([]notify.Sent, error) { return m.send(ctx, messages, again) })
}

func (m messagePort) send(ctx context.Context, messages []notify.Message, again bool) ([]notify.Sent, error) {
	now, err := m.now(ctx)
	if err != nil || len(messages) == 0 {
		return nil, err
	}
	state := m.line(string(m.channel), now)
	if state == lineDown {
		return nil, errBroken
	}
	want := Want{}
	facts := make([]facts, len(messages))
	for i, msg := range messages {
		facts[i] = read(msg.Title + "\n" + msg.Text)
		want.Messages = append(want.Messages, msg.Ref)
		if facts[i].caseID != 0 {
			want.Cases = append(want.Cases, facts[i].caseID)
		}
	}
	var sent []notify.Sent
	err = m.books.Change(ctx, want, func(p *Page) error {
		sent = make([]notify.Sent, 0, len(messages))
		for i, msg := range messages {
			rec := m.take(p, msg, facts[i], now, again)
			d := roll(m.seed, "lost-message", msg.Ref)
			if rec.Count > 1 || !d.in(m.faults.LostAnswer) {
				sent = append(sent, m.sent(rec))
			}
		}
		return nil
	})
	if err != nil || state == lineMute {
		return nil, cmp.Or(err, errBroken)
	}
	return sent, nil
}

// Query implements notify.Gateway. A reference that the provider does not know never left.
func (m messagePort) Query(ctx context.Context, refs []string) ([]notify.Sent, error) {
	if len(refs) > MaxBatch {
		return nil, fmt.Errorf("sandbox: %d references in one call, at most %d", len(refs), MaxBatch)
	}
	return steady(ctx, func(bool) ([]notify.Sent, error) { return m.query(ctx, refs) })
}

func (m messagePort) query(ctx context.Context, refs []string) ([]notify.Sent, error) {
	now, err := m.now(ctx)
	if err != nil || len(refs) == 0 {
		return nil, err
	}
	if m.line(string(m.channel), now) != lineUp {
		return nil, errBroken
	}
	out := make([]notify.Sent, len(refs))
	err = m.books.Change(ctx, Want{Messages: refs}, func(p *Page) error {
		for i, ref := range refs {
			out[i] = notify.Sent{Ref: ref, Status: notify.NotFound}
			if rec := p.Messages.Get(ref); rec != nil {
				out[i] = m.sent(rec)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (m messagePort) sent(rec *Message) notify.Sent {
	return notify.Sent{Ref: rec.Ref, Status: notify.Accepted, ProviderRef: m.providerRef(rec.Ref)}
}

func (w *World) providerRef(ref string) string {
	d := roll(w.seed, "provider", ref)
	return d.name()
}

// told is the body of a receipt.
type told struct {
	Ref    string    `json:"ref"`
	Status string    `json:"status"`
	At     time.Time `json:"at"`
	Detail string    `json:"detail,omitempty"`
}

// take puts a message on its way. A code that its reader has asked for may leave at night, and moves nobody to anything. A second message under the same reference has the fate of the first; again says that it
// may be the same call of which only the end was not heard.
func (m messagePort) take(p *Page, msg notify.Message, f facts, now time.Time, again bool) *Message {
	_, _, code := passcode.ParseRef(msg.Ref)
	if !code && m.channel != notify.Letter && (wakes(now) || !msg.ExpiresAt.IsZero() && wakes(msg.ExpiresAt.Add(-time.Nanosecond)) || msg.ExpiresAt.Sub(now) > waking) {
		p.wrong("night/"+msg.Ref, "INV-N4", f.caseID, "message "+msg.Ref+" may reach its reader in the night", now)
	}
	if code {
		f.owed = 0 // its digits are no sum
		if !msg.ExpiresAt.IsZero() && msg.ExpiresAt.Sub(now) > passcode.Life {
			p.wrong("late/"+msg.Ref, "INV-N4", f.caseID, "message "+msg.Ref+" may arrive when its code is of no use, and wake somebody", now)
		}
	}
	if rec := p.Messages.Get(msg.Ref); rec != nil {
		if again && rec.At.Equal(now) || m.channel == notify.Letter { // the folder of letters has each reference once
			return rec
		}
		if rec.Count++; rec.Count > 2 {
			p.wrong("third/"+msg.Ref, "INV-N2", rec.CaseID, "message "+msg.Ref+" was sent more than twice", now)
		}
		return rec
	}
	to := roll(m.seed, "to", msg.To)
	rec := p.Messages.Add(Message{
		Key: msg.Ref, Channel: string(m.channel), Ref: msg.Ref, To: to.name(), CaseID: f.caseID,
		Token: f.token, Owed: f.owed, Count: 1, At: now,
	})
	if code {
		rec.Words = msg.Text // nobody else has it, and who tries the pages has no telephone
	}
	fate, done, toldAt, twice, detail := m.fate(msg, now)
	rec.Fate, rec.DoneAt = fate, done
	if f.caseID != 0 && !code {
		if d := p.debtor(f.caseID); d.FirstAt.IsZero() {
			d.FirstAt = now
		}
	}
	if !toldAt.IsZero() {
		status := notify.StatusDelivered
		if fate == fateFailed {
			status = notify.StatusFailed
		}
		it := Item{
			Key: "receipt/" + msg.Ref, At: toldAt, Kind: kindReceipt, CaseID: f.caseID,
			Body: encode(told{Ref: msg.Ref, Status: string(status), At: done, Detail: detail}),
		}
		p.schedule(it)
		if twice {
			it.Key, it.At = it.Key+"/again", toldAt.Add(time.Minute)
			p.schedule(it)
		}
	}
	if fate == fateDelivered && f.caseID != 0 && !code {
		p.schedule(Item{Key: "read/" + msg.Ref, At: m.reads(f.caseID, done), Kind: kindRead, Inner: true, CaseID: f.caseID, Body: encode(msg.Ref)})
	}
	return rec
}

// People are awake from nine to nine, by the world's own reckoning.
const (
	wakeHour  = 9
	sleepHour = 21
	waking    = (sleepHour - wakeHour) * time.Hour
)

func wakes(t time.Time) bool {
	hour := t.In(calendar.Almaty).Hour()
	return hour < wakeHour || hour >= sleepHour
}

// reads is when a debtor reads what came in the course of a day: in the evening.
func (w *World) reads(caseID int64, done time.Time) time.Time {
	d := roll(w.seed, "evening", caseKey(caseID))
	if at := dayOf(done).Add(d.after(21*time.Hour+10*time.Minute, 24*time.Hour-time.Second)); at.After(done) {
		return at
	}
	return done
}

// fate decides about a message: what becomes of it and when, when we are told (never: the zero time), and whether twice.
// The last two digits of a phone are magic.
func (m messagePort) fate(msg notify.Message, now time.Time) (fate string, done, toldAt time.Time, again bool, detail string) {
	d := roll(m.seed, "message-fate/"+string(m.channel), msg.Ref)
	quick, slow := d.after(2*time.Second, 3*time.Minute), dayOf(now).AddDate(0, 0, d.between(1, 2)).Add(d.after(8*time.Hour, 21*time.Hour))
	failed, lateReceipt, noReceipt := d.in(m.faults.Failed), d.in(m.faults.LateReceipt), d.in(m.faults.NoReceipt)
	again = d.in(m.faults.TwiceTold)
	if m.channel == notify.Letter {
		return m.letterFate(d, now)
	}
	if m.channel == notify.Push {
		device := roll(m.seed, "device", msg.To)
		if device.in(m.faults.NoDevice) {
			return fateFailed, now.Add(time.Second), now.Add(time.Second), again, "no_device"
		}
	} else if n := len(msg.To); n >= 2 {
		switch msg.To[n-2:] {
		case "01":
			failed = true
		case "02":
			failed, noReceipt, lateReceipt = false, false, true
		case "03":
			failed, noReceipt = false, true
		case "04":
			failed, noReceipt, again = false, false, true
		}
	}
	done = now.Add(quick)
	switch {
	case failed:
		return fateFailed, done, done, again, "undeliverable"
	case noReceipt:
		return fateUnknown, time.Time{}, time.Time{}, false, ""
	case lateReceipt && quick%2 == 0: // the message itself is late
		return fateDelivered, slow, slow, again, ""
	case lateReceipt: // only the receipt is
		return fateDelivered, done, slow, again, ""
	}
	return fateDelivered, done, done, again, ""
}

// letterFate is what becomes of a letter: it is in the letter box after three to seven days, comes back, or is lost. The post says
// so on the evening of that day.
func (m messagePort) letterFate(d dice, now time.Time) (fate string, done, toldAt time.Time, again bool, detail string) {
	day := dayOf(now).AddDate(0, 0, d.between(3, 7))
	done, toldAt = day.Add(d.after(9*time.Hour, 18*time.Hour)), day.Add(d.after(19*time.Hour, 22*time.Hour))
	again = d.in(m.faults.TwiceTold)
	switch n := d.below(whole); {
	case n < m.faults.Returned:
		return fateFailed, done, toldAt, again, []string{"returned", "refused"}[d.below(2)]
	case n < m.faults.Returned+m.faults.LostLetter:
		return fateUnknown, time.Time{}, time.Time{}, false, ""
	}
	return fateDelivered, done, toldAt, again, ""
}

// facts is what a reader finds in a text.
type facts struct {
	caseID int64
	token  string
	owed   int64 // tiyn; 0 when the text names no sum
}

// read reads a message as a person does: the case number, the link, the sum.
func read(text string) facts {
	var f facts
	if ids := caseno.FindAll(text); len(ids) > 0 {
		f.caseID = ids[0]
		text = strings.ReplaceAll(text, caseno.Format(f.caseID), " ")
	}
	if before, rest, ok := strings.Cut(text, "/p/"); ok {
		end := strings.IndexFunc(rest, func(r rune) bool {
			return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && r != '-' && r != '_'
		})
		if end < 0 {
			end = len(rest)
		}
		f.token, text = rest[:end], before+" "+rest[end:]
	}
	f.owed = firstSum(text)
	return f
}

// firstSum finds the first number of 100 or more: 20155 or 20155,50 or 20 155 or 20,155.50. Days and hours are smaller, and 1414.gov.kz is an address.
func firstSum(text string) int64 {
	runes := []rune(text)
	digit := func(i int) bool { return i < len(runes) && runes[i] >= '0' && runes[i] <= '9' }
	for i := 0; i < len(runes); i++ {
		if !digit(i) {
			continue
		}
		n, digits := int64(0), 0
		for digits < 15 {
			if digit(i) {
				n, digits, i = n*10+int64(runes[i]-'0'), digits+1, i+1
				continue
			}
			group := i < len(runes) && strings.ContainsRune(" ,\u00a0\u202f", runes[i])
			if !group || !digit(i+1) || !digit(i+2) || !digit(i+3) || digit(i+4) {
				break
			}
			i++
		}
		cents := int64(0)
		if i < len(runes) && (runes[i] == ',' || runes[i] == '.') && digit(i+1) && digit(i+2) && !digit(i+3) {
			cents = int64(runes[i+1]-'0')*10 + int64(runes[i+2]-'0')
			i += 3
		}
		address := i+1 < len(runes) && runes[i] == '.' && unicode.IsLower(runes[i+1])
		if n >= 100 && !address {
			return n*100 + cents
		}
	}
	return 0
}
