package main

import (
	"context"
	"net/http"

	"robotbailiff/internal/app/statistics"
	webstatistics "robotbailiff/internal/web/statistics"
)

// publicFigures serves the figures that everybody may see.
func (e *env) publicFigures(mux *http.ServeMux, p *parts) error {
	pages, err := webstatistics.Handler(webstatistics.Config{
		App: p.figures, Secure: p.sandbox == nil, Key: p.keys.Blind("web.form", "statistics"), Log: e.log,
	})
	if err != nil {
		return err
	}
	mux.Handle(webstatistics.Path, pages)
	mux.Handle(webstatistics.Path+".csv", pages)
	return nil
}

// monthCounter gives the robot, which is made first, the counting of months.
type monthCounter func() *statistics.Service

// Due implements jobs.Figures.
func (m monthCounter) Due(ctx context.Context) (bool, error) { return m().Due(ctx) }

// Count implements jobs.Figures.
func (m monthCounter) Count(ctx context.Context) error { return m().Count(ctx) }
