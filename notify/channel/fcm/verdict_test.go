package fcm

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"robotbailiff/notify"
)

// refusal is an error as FCM's reference shows it.
func refusal(status, code string) string {
	return `{"error":{"code":1,"message":"Words of Google, to +77010000001","status":"` + status +
		`","details":[{"@type":"type.googleapis.com/google.firebase.fcm.v1.FcmError","errorCode":"` + code + `"}]}}`
}

func TestJudge_everyAnswerOfTheReference(t *testing.T) {
	t.Parallel()
	const (
		notToken = `{"error":{"code":400,"message":"The registration token is not a valid FCM registration token","status":"INVALID_ARGUMENT",
			"details":[{"@type":"type.googleapis.com/google.firebase.fcm.v1.FcmError","errorCode":"INVALID_ARGUMENT"}]}}`
		badToken = `{"error":{"code":400,"message":"Request contains an invalid argument.","status":"INVALID_ARGUMENT","details":[
			{"@type":"type.googleapis.com/google.firebase.fcm.v1.FcmError","errorCode":"INVALID_ARGUMENT"},
			{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"message.token","description":"Invalid registration token"}]}]}}`
		badTTL = `{"error":{"code":400,"message":"Not a valid FCM registration token, says the text of a notice","status":"INVALID_ARGUMENT","details":[
			{"@type":"type.googleapis.com/google.firebase.fcm.v1.FcmError","errorCode":"INVALID_ARGUMENT"},
			{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"message.android.ttl","description":"not a valid FCM registration token"}]}]}}`
		badData = `{"error":{"code":400,"message":"Invalid value at 'message.data[0].value' (TYPE_STRING), 12","status":"INVALID_ARGUMENT",
			"details":[{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"message.data[0].value","description":"Invalid value"}]}]}}`
		badAccess = `{"error":{"code":401,"message":"Request had invalid authentication credentials.","status":"UNAUTHENTICATED"}}`
		denied    = `{"error":{"code":403,"message":"Permission 'cloudmessaging.messages.create' denied","status":"PERMISSION_DENIED"}}`
		noProject = `{"error":{"code":404,"message":"Requested entity was not found.","status":"NOT_FOUND"}}`
	)
	for name, c := range map[string]struct {
		status int
		body   string
		want   verdict
	}{
		"taken":                      {200, `{"name":"projects/a/messages/0:17%3"}`, verdict{status: notify.Accepted, name: "0:17%3"}},
		"taken, without a number":    {200, `{"name":"projects/a/messages/"}`, verdict{status: notify.Unknown, detail: "answer_unreadable"}},
		"a page of somebody else":    {200, `<html>Sign in to the network</html>`, verdict{status: notify.Unknown, detail: "answer_unreadable"}},
		"UNREGISTERED":               {404, refusal("NOT_FOUND", "UNREGISTERED"), verdict{status: notify.Rejected, detail: "UNREGISTERED", gone: true}},
		"SENDER_ID_MISMATCH":         {403, refusal("PERMISSION_DENIED", "SENDER_ID_MISMATCH"), verdict{status: notify.Rejected, detail: "SENDER_ID_MISMATCH"}},
		"INVALID_ARGUMENT, in words": {400, notToken, verdict{status: notify.Rejected, detail: "INVALID_ARGUMENT", gone: true}},
		"INVALID_ARGUMENT, by field": {400, badToken, verdict{status: notify.Rejected, detail: "INVALID_ARGUMENT", gone: true}},
		"INVALID_ARGUMENT, of ours":  {400, badTTL, verdict{status: notify.NotFound, detail: "INVALID_ARGUMENT"}},
		"INVALID_ARGUMENT, plain":    {400, badData, verdict{status: notify.NotFound, detail: "INVALID_ARGUMENT"}},
		"INVALID_ARGUMENT, a 500":    {500, badToken, verdict{status: notify.Unknown, detail: "INVALID_ARGUMENT"}},
		"QUOTA_EXCEEDED":             {429, refusal("RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"), verdict{status: notify.NotFound, detail: "QUOTA_EXCEEDED", pause: time.Minute}},
		"UNAVAILABLE":                {503, refusal("UNAVAILABLE", "UNAVAILABLE"), verdict{status: notify.Unknown, detail: "UNAVAILABLE", pause: 10 * time.Second}},
		"INTERNAL":                   {500, refusal("INTERNAL", "INTERNAL"), verdict{status: notify.Unknown, detail: "INTERNAL"}},
		"UNSPECIFIED_ERROR":          {500, refusal("UNKNOWN", "UNSPECIFIED_ERROR"), verdict{status: notify.Unknown, detail: "UNSPECIFIED_ERROR"}},
		"THIRD_PARTY_AUTH_ERROR":     {401, refusal("UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"), verdict{status: notify.NotFound, detail: "THIRD_PARTY_AUTH_ERROR"}},
		"access token":               {401, badAccess, verdict{status: notify.NotFound, detail: "UNAUTHENTICATED", access: true}},
		"right to send":              {403, denied, verdict{status: notify.NotFound, detail: "PERMISSION_DENIED", access: true}},
		"no such project":            {404, noProject, verdict{status: notify.NotFound, detail: "NOT_FOUND"}},
		"UNREGISTERED, but a 503":    {503, refusal("UNAVAILABLE", "UNREGISTERED"), verdict{status: notify.Unknown, detail: "UNREGISTERED", pause: 10 * time.Second}},
		"a proxy is in trouble":      {502, `<html>Bad gateway</html>`, verdict{status: notify.Unknown, detail: "http_502"}},
		"moved":                      {307, ``, verdict{status: notify.NotFound, detail: "http_307"}},
		"nothing was said":           {204, ``, verdict{status: notify.Unknown, detail: "http_204"}},
		"word of the future":         {400, refusal("NEW_STATUS", "NEW_CODE_77010000001"), verdict{status: notify.NotFound, detail: "http_400"}},
	} {
		if got := judge(c.status, []byte(c.body)); got != c.want {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
}

func FuzzReadFailure(f *testing.F) {
	f.Add(404, []byte(refusal("NOT_FOUND", "UNREGISTERED")))
	f.Add(400, []byte(`{"error":{"details":[{"fieldViolations":[{"field":"message.token"}]}]}}`))
	f.Add(200, []byte(`{"name":"projects/a/messages/1"}`))
	f.Add(503, []byte(`<html>`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		failed := readFailure(body)
		if failed.code != "" && !slices.Contains(codes, failed.code) || failed.status != "" && !slices.Contains(statuses, failed.status) {
			t.Errorf("words of others are kept: %+v", failed)
		}
		v := judge(status, body)
		switch {
		case v.status == notify.Accepted && status != http.StatusOK, v.status == notify.Rejected && (status < 400 || status > 499):
			t.Errorf("%d gives %+v", status, v)
		case status >= 500 && v.status != notify.Unknown:
			t.Errorf("%d may have been taken: %+v", status, v)
		case v.gone && v.status != notify.Rejected, v.access && v.status != notify.NotFound:
			t.Errorf("%d gives %+v", status, v)
		}
	})
}

func FuzzReadName(f *testing.F) {
	f.Add([]byte(`{"name":"projects/a/messages/0:17%3"}`))
	f.Add([]byte(`{"name":"/"}`))
	f.Add([]byte(`{"name":null}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		name, ok := readName(body)
		if ok != (name != "") || strings.Contains(name, "/") {
			t.Errorf("%q %t", name, ok)
		}
	})
}
