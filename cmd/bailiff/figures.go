package main

import (
	"net/http"

	"robotbailiff/internal/app/statistics"
	webstatistics "robotbailiff/internal/web/statistics"
)

// publicFigures serves the figures that everybody may see.
func (e *env) publicFigures(mux *http.ServeMux, p *parts) error {
	pages, err := webstatistics.Handler(webstatistics.Config{
		App: statistics.New(p.db.pool, p.robot.Engine), Secure: p.sandbox == nil, Key: p.keys.Blind("web.form", "statistics"), Log: e.log,
	})
	if err != nil {
		return err
	}
	mux.Handle(webstatistics.Path, pages)
	mux.Handle(webstatistics.Path+".csv", pages)
	return nil
}
