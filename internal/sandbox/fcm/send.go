package fcm

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

const (
	detailFCM        = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
	detailBadRequest = "type.googleapis.com/google.rpc.BadRequest"
	maxBody          = 64 << 10
)

// refusals are FCM's error codes with their status in HTTP and in the answer, and Google's words.
var refusals = map[string]struct {
	http         int
	status, text string
}{
	"UNREGISTERED":           {http.StatusNotFound, "NOT_FOUND", "Requested entity was not found."},
	"SENDER_ID_MISMATCH":     {http.StatusForbidden, "PERMISSION_DENIED", "SenderId mismatch"},
	"THIRD_PARTY_AUTH_ERROR": {http.StatusUnauthorized, "UNAUTHENTICATED", "Auth error from APNS or Web Push Service"},
	"QUOTA_EXCEEDED":         {http.StatusTooManyRequests, "RESOURCE_EXHAUSTED", "Quota exceeded for quota metric 'Messages' and limit 'Messages per minute'."},
	"UNAVAILABLE":            {http.StatusServiceUnavailable, "UNAVAILABLE", "The service is currently unavailable."},
	"INTERNAL":               {http.StatusInternalServerError, "INTERNAL", "Internal error encountered."},
}

// problem is an error of a Google API.
type problem struct {
	Code    int      `json:"code"`
	Message string   `json:"message"`
	Status  string   `json:"status"`
	Details []detail `json:"details,omitempty"`
}

type detail struct {
	Type       string      `json:"@type"`
	ErrorCode  string      `json:"errorCode,omitempty"`
	Violations []violation `json:"fieldViolations,omitempty"`
}

type violation struct {
	Field       string `json:"field"`
	Description string `json:"description"`
}

func answer(w http.ResponseWriter, status int, what any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(what)
}

func fail(w http.ResponseWriter, p problem) { answer(w, p.Code, map[string]problem{"error": p}) }

// failWith refuses with a code of FCM.
func failWith(w http.ResponseWriter, code string) {
	r, known := refusals[code]
	if !known {
		r = refusals["INTERNAL"]
	}
	fail(w, problem{Code: r.http, Message: r.text, Status: r.status, Details: []detail{{Type: detailFCM, ErrorCode: code}}})
}

// send is POST /v1/projects/{project}/messages:send.
func (s *Service) send(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("method") != "messages:send" {
		http.NotFound(w, r)
		return
	}
	if !s.authorized(r) {
		w.Header().Set("Www-Authenticate", `Bearer realm="https://accounts.google.com/", error="invalid_token"`)
		fail(w, problem{Code: http.StatusUnauthorized, Status: "UNAUTHENTICATED", Message: "Request had invalid authentication credentials."})
		return
	}
	if r.PathValue("project") != s.cfg.Project {
		fail(w, problem{Code: http.StatusForbidden, Status: "PERMISSION_DENIED", Message: "Permission 'cloudmessaging.messages.create' denied."})
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		fail(w, problem{Code: http.StatusBadRequest, Status: "INVALID_ARGUMENT", Message: "Request payload cannot be read."})
		return
	}
	m, dry, wrong := readMessage(body)
	if wrong != nil {
		wrong.Code, wrong.Status = http.StatusBadRequest, "INVALID_ARGUMENT"
		fail(w, *wrong)
		return
	}
	f, lost, delay := s.fate(m.Token)
	if f.code != "" {
		if f.retryAfter != "" {
			w.Header().Set("Retry-After", f.retryAfter)
		}
		failWith(w, f.code)
		return
	}
	name := s.take(m, dry)
	if lost {
		panic(http.ErrAbortHandler) // taken, and nobody is told
	}
	if delay > 0 {
		limit := time.NewTimer(delay)
		defer limit.Stop()
		select {
		case <-r.Context().Done():
			return
		case <-limit.C:
		}
	}
	answer(w, http.StatusOK, map[string]string{"name": name})
}

// fate says what becomes of a message that is in order.
func (s *Service) fate(token string) (f failure, lost bool, delay time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.failures) > 0 {
		f = s.failures[0]
		s.failures = s.failures[1:]
		return f, false, 0
	}
	return failure{code: s.gone[token]}, s.lost[token], s.delay
}

// take writes a message into the book, unless it was only to be looked at.
func (s *Service) take(m Taken, dry bool) string {
	if dry {
		return fmt.Sprintf("projects/%s/messages/fake_message_id", s.cfg.Project)
	}
	s.mu.Lock()
	m.Name = fmt.Sprintf("projects/%s/messages/0:%016d%%sandbox", s.cfg.Project, len(s.book)+1)
	s.book = append(s.book, m)
	s.mu.Unlock()
	if s.cfg.Took != nil {
		s.cfg.Took(m)
	}
	return m.Name
}
