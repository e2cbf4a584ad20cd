package desk

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"

	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/web/ui"
)

// guarded is a page of those who are signed in and may see it.
type guarded func(w http.ResponseWriter, r *http.Request, a app.Actor) error

// inside lets only those in who are signed in and have the right of the route, shows the others the way to sign in, and tells those without
// the right who has it.
func (h *handler) inside(f guarded) ui.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		actor, err := h.admit(r)
		if errors.Is(err, app.ErrSignedOut) {
			return h.showSignIn(w, r, http.StatusForbidden, r.URL.RequestURI(), "")
		}
		if err != nil {
			return err
		}
		if r.Method == http.MethodPost && Fresh(h.need[r.Pattern]) && !actor.Proved {
			return h.showSignIn(w, r, http.StatusForbidden, r.URL.RequestURI(), problemAgain)
		}
		return f(w, r.WithContext(context.WithValue(r.Context(), actorKey{}, actor)), actor)
	}
}

// insideUpload is the same for a form with a file. Nobody who is not let in has a byte of the file read.
func (h *handler) insideUpload(f func(w http.ResponseWriter, r *http.Request, a app.Actor, fields url.Values, fileName string, file io.Reader) error) ui.UploadFunc {
	return func(w http.ResponseWriter, r *http.Request, fields url.Values, fileName string, file io.Reader) error {
		return h.inside(func(w http.ResponseWriter, r *http.Request, a app.Actor) error {
			return f(w, r, a, fields, fileName, file)
		})(w, r)
	}
}

// admit gives the actor of a request, if he has the right of its route. What asks by itself, as an open page does for its figures, does not
// prolong a visit.
func (h *handler) admit(r *http.Request) (app.Actor, error) {
	actor, err := h.app.Who(r.Context(), h.Cookies.Get(r, sessionCookie), !streams(r))
	if err != nil {
		return actor, err
	}
	if !May(actor, h.need[r.Pattern]) {
		return actor, &ui.Failure{Status: http.StatusForbidden, Name: "no_right", Out: "/desk/access"}
	}
	return actor, nil
}

type actorKey struct{}

// actorOf gives the actor whom [handler.inside] has let in.
func actorOf(r *http.Request) app.Actor {
	a, _ := r.Context().Value(actorKey{}).(app.Actor) // nobody was let in: the zero actor may do nothing
	return a
}
