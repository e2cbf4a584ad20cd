package fcm

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"strings"
	"time"
)

// request is the body of a send. What is not in it is an unknown name, as it is to Google.
type request struct {
	ValidateOnly bool     `json:"validate_only"`
	Message      *message `json:"message"`
}

type message struct {
	Name         string            `json:"name"`
	Token        string            `json:"token"`
	Topic        string            `json:"topic"`
	Condition    string            `json:"condition"`
	Data         map[string]string `json:"data"`
	Notification struct {
		Title string `json:"title"`
		Body  string `json:"body"`
		Image string `json:"image"`
	} `json:"notification"`
	Android struct {
		CollapseKey  string            `json:"collapse_key"`
		Priority     string            `json:"priority"`
		TTL          *string           `json:"ttl"`
		Package      string            `json:"restricted_package_name"`
		Data         map[string]string `json:"data"`
		Notification struct {
			Title       string `json:"title"`
			Body        string `json:"body"`
			Icon        string `json:"icon"`
			Color       string `json:"color"`
			Sound       string `json:"sound"`
			Tag         string `json:"tag"`
			ClickAction string `json:"click_action"`
			ChannelID   string `json:"channel_id"`
		} `json:"notification"`
	} `json:"android"`
	APNS struct {
		Headers map[string]string `json:"headers"`
		Payload json.RawMessage   `json:"payload"`
	} `json:"apns"`
	Webpush json.RawMessage `json:"webpush"`
}

// Limits of the API.
const (
	maxPayload    = 4096
	maxTTL        = 28 * 24 * time.Hour
	maxCollapseID = 64
)

var (
	tokenForm    = regexp.MustCompile(`^[A-Za-z0-9_:.\-]{16,1000}$`)
	durationForm = regexp.MustCompile(`^[0-9]{1,10}(\.[0-9]{1,9})?s$`)
	numberForm   = regexp.MustCompile(`^[0-9]{1,12}$`)
)

// readMessage reads and checks the body of a send. dry says that nothing is to be sent.
func readMessage(body []byte) (t Taken, dry bool, wrong *problem) {
	var r request
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if d.Decode(&r) != nil {
		return t, false, &problem{Message: "Invalid JSON payload received.", Details: []detail{{Type: detailBadRequest}}}
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return t, false, &problem{Message: "Invalid JSON payload received.", Details: []detail{{Type: detailBadRequest}}}
	}
	m := r.Message
	if m == nil || m.Token == "" && m.Topic == "" && m.Condition == "" {
		return t, false, badField("message", "Recipient of the message is not set.")
	}
	if m.Topic != "" || m.Condition != "" {
		return t, false, badField("message", "the sandbox sends to tokens only")
	}
	if !tokenForm.MatchString(m.Token) {
		p := badField("message.token", "Invalid registration token")
		p.Message = "The registration token is not a valid FCM registration token"
		return t, false, p
	}
	ttl := time.Duration(-1)
	if m.Android.TTL != nil {
		var err error
		if !durationForm.MatchString(*m.Android.TTL) {
			return t, false, badField("message.android.ttl", "Invalid duration")
		}
		if ttl, err = time.ParseDuration(*m.Android.TTL); err != nil || ttl > maxTTL {
			return t, false, badField("message.android.ttl", "Invalid TTL")
		}
	}
	if p := m.checkRest(); p != nil {
		return t, false, p
	}
	return Taken{
		Token: m.Token, Title: m.Notification.Title, Body: m.Notification.Body, Data: m.Data, TTL: ttl, CollapseKey: m.Android.CollapseKey,
		Tag: m.Android.Notification.Tag, APNSExpiration: m.APNS.Headers["apns-expiration"], APNSCollapseID: m.APNS.Headers["apns-collapse-id"],
	}, r.ValidateOnly, nil
}

func (m *message) checkRest() *problem {
	size := len(m.Notification.Title) + len(m.Notification.Body)
	for k, v := range m.Data {
		size += len(k) + len(v)
		if k == "" || k == "from" || k == "message_type" || strings.HasPrefix(k, "google") || strings.HasPrefix(k, "gcm") {
			return badField("message.data", "Invalid data payload key")
		}
	}
	if size > maxPayload {
		return badField("message", "Android message is too big")
	}
	if p := m.Android.Priority; p != "" && !strings.EqualFold(p, "normal") && !strings.EqualFold(p, "high") {
		return badField("message.android.priority", "Invalid value")
	}
	if e, given := m.APNS.Headers["apns-expiration"]; given && !numberForm.MatchString(e) {
		return badField("message.apns.headers", "Invalid apns-expiration")
	}
	if len(m.APNS.Headers["apns-collapse-id"]) > maxCollapseID {
		return badField("message.apns.headers", "Invalid apns-collapse-id")
	}
	return nil
}

func badField(field, why string) *problem {
	return &problem{Message: "Request contains an invalid argument.", Details: []detail{
		{Type: detailFCM, ErrorCode: "INVALID_ARGUMENT"},
		{Type: detailBadRequest, Violations: []violation{{Field: field, Description: why}}},
	}}
}
