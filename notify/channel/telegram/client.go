package telegram

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/go-telegram/bot"

	"robotbailiff/internal/outcall"
	"robotbailiff/notify"
)

// client has the library's requests made by our own way out.
type client struct{ calls *outcall.Caller }

// Do implements bot.HttpClient.
func (c client) Do(r *http.Request) (*http.Response, error) {
	a, err := c.calls.Do(r.Context(), func(ctx context.Context) (*http.Request, error) { return r.WithContext(ctx), nil })
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: a.Status, Header: a.Header, Body: io.NopCloser(bytes.NewReader(a.Body)), Request: r}, nil
}

// Errors in words that name no chat and no token: the library's hold what Telegram said, and addresses.
var (
	errForbidden = errors.New("forbidden")
	errNoChat    = errors.New("chat_not_found")
	errRequest   = errors.New("bad_request")
	errToken     = errors.New("unauthorized")
	errBusy      = errors.New("too_many_requests")
	errUnclear   = errors.New("answer_unclear")
)

// meaning gives one of the errors above, or one of package outcall, for what the library says.
func meaning(err error) error {
	_, migrated := errors.AsType[*bot.MigrateError](err)
	_, busy := errors.AsType[*bot.TooManyRequestsError](err)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, bot.ErrorForbidden):
		return errForbidden
	case migrated, errors.Is(err, bot.ErrorBadRequest) && strings.Contains(err.Error(), "chat not found"):
		return errNoChat
	case errors.Is(err, bot.ErrorBadRequest):
		return errRequest
	case errors.Is(err, bot.ErrorUnauthorized), errors.Is(err, bot.ErrorNotFound):
		return errToken
	case busy:
		return errBusy
	}
	for _, known := range []error{outcall.ErrPaused, outcall.ErrNoTime, outcall.ErrNotSent, outcall.ErrNoAnswer} {
		if errors.Is(err, known) {
			return known
		}
	}
	return errUnclear
}

// verdict says what an error of a send means for its message, and whether the chat is no more.
func verdict(err error) (status notify.Answer, gone bool) {
	switch {
	case err == nil:
		return notify.Accepted, false
	case errors.Is(err, errForbidden), errors.Is(err, errNoChat): // blocked, deactivated, or never begun
		return notify.Rejected, true
	case errors.Is(err, outcall.ErrNoAnswer), errors.Is(err, errUnclear): // a 5xx too: it may have been taken
		return notify.Unknown, false
	}
	return notify.NotFound, false
}
