package main

import (
	"context"

	"robotbailiff/internal/obs"
)

// versionReport is what version prints.
type versionReport struct {
	Version  string `json:"version"`
	Commit   string `json:"commit"`
	Modified bool   `json:"modified"` // built from a work tree with changes
	Go       string `json:"go"`
}

func runVersion(_ context.Context, e *env, args []string) error {
	rest, err := e.parse(args)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return usagef("version takes no arguments, got %q", rest[0])
	}
	b := obs.BuildInfo()
	r := versionReport{Version: b.Version, Commit: b.Revision, Modified: b.Modified, Go: b.Go}
	return e.print(r, func() {
		changed := ""
		if r.Modified {
			changed = ", with changes"
		}
		e.sayf("bailiff %s (commit %s%s, %s)\n", r.Version, r.Commit, changed, r.Go)
	})
}
