package fcm

import (
	"encoding/json"
	"strconv"
	"time"

	"robotbailiff/notify"
)

// maxTTL is the longest life that FCM gives to a message.
const maxTTL = 28 * 24 * time.Hour

// request is the body of a send.
type request struct {
	Message message `json:"message"`
}

type message struct {
	Token        string            `json:"token"`
	Notification notification      `json:"notification"`
	Data         map[string]string `json:"data"`
	Android      android           `json:"android"`
	APNS         apns              `json:"apns"`
}

type notification struct {
	Title string `json:"title"`
	Body  string `json:"body"`
}

type android struct {
	CollapseKey  string `json:"collapse_key"`
	TTL          string `json:"ttl,omitempty"`
	Notification struct {
		Tag string `json:"tag"`
	} `json:"notification"`
}

type apns struct {
	Headers map[string]string `json:"headers"`
}

// compose writes the body. left is the time until the message's end, which is rounded down, so that nothing is shown after it;
// false says that it is over. Apple wants the moment of the end, by the clock of the world, which world shows: legal time may
// be another, in a trial. A message without an end has none, and FCM gives it four weeks.
func compose(m notify.Message, left time.Duration, world time.Time) ([]byte, bool) {
	r := request{Message: message{
		Token: m.To, Notification: notification{Title: m.Title, Body: m.Text}, Data: map[string]string{"ref": m.Ref},
		Android: android{CollapseKey: m.Ref}, APNS: apns{Headers: map[string]string{"apns-collapse-id": m.Ref}},
	}}
	r.Message.Android.Notification.Tag = m.Ref
	if !m.ExpiresAt.IsZero() {
		left = min(left, maxTTL)
		seconds := int64(left / time.Second)
		if seconds < 1 {
			return nil, false
		}
		r.Message.Android.TTL = strconv.FormatInt(seconds, 10) + "s"
		r.Message.APNS.Headers["apns-expiration"] = strconv.FormatInt(world.Add(left).Unix(), 10)
	}
	body, err := json.Marshal(r)
	return body, err == nil // strings can always be written
}
