package ui

import (
	"errors"
	"io"
	"net/http"
	"net/url"
)

// UploadFunc answers a form with a file. The fields are those before the file, which must come last; it is nil when none came.
type UploadFunc func(w http.ResponseWriter, r *http.Request, fields url.Values, fileName string, file io.Reader) error

// HandleUpload makes a handler of a form with a file of at most so many bytes. The file is never written to the disk here and
// never in memory as a whole; the form's token is checked before a byte of it is read.
func (s *Site) HandleUpload(most int64, f UploadFunc, explain func(error) *Failure) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, most+maxForm)
		fields, name, file, err := readFields(r)
		switch {
		case err != nil:
			s.fail(w, r, &Failure{Status: http.StatusBadRequest, Name: "form"})
			return
		case !s.forms.match(r, fields.Get(FormField)):
			s.fail(w, r, &Failure{Status: http.StatusForbidden, Name: "form"})
			return
		}
		if err := f(w, r, fields, name, file); err != nil {
			s.explain(w, r, err, explain)
		}
	})
}

// readFields reads a form up to its file.
func readFields(r *http.Request) (fields url.Values, name string, file io.Reader, err error) {
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, "", nil, err
	}
	fields = url.Values{}
	for left := int64(maxForm); ; {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return fields, "", nil, nil
		}
		if err != nil {
			return nil, "", nil, err
		}
		if part.FormName() == "file" {
			return fields, part.FileName(), part, nil
		}
		text, err := io.ReadAll(io.LimitReader(part, left+1))
		if left -= int64(len(text)); left < 0 && err == nil {
			err = errors.New("ui: the form is too long")
		}
		if err != nil {
			return nil, "", nil, err
		}
		fields.Add(part.FormName(), string(text))
	}
}
