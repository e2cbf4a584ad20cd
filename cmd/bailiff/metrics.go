package main

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"robotbailiff/engine/orders"
)

// metrics are what a run counts, and what the database says at each scrape.
type metrics struct {
	parts *parts
	acts  *prometheus.CounterVec

	cases, orders, notices, jobs                *prometheus.Desc
	oldestDue, dueNow, suspense, chunks, unlift *prometheus.Desc
	coercion, stops, scrape                     *prometheus.Desc
	lifts, oldestLift, findings, compared       *prometheus.Desc
	unmaskRefused                               *prometheus.Desc
}

// newMetrics registers the product's metrics; labels are bounded words, never ids or personal data.
func newMetrics(p *parts) *metrics {
	d := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("bailiff_"+name, help, labels, nil)
	}
	m := &metrics{
		parts:         p,
		acts:          prometheus.NewCounterVec(prometheus.CounterOpts{Name: "bailiff_acts_total", Help: "What this process did: orders, notices, receipts, payments, webhooks, sweeps, by outcome."}, []string{"what", "outcome"}),
		cases:         d("cases", "Cases by state.", "state"),
		orders:        d("orders", "Orders by purpose and status.", "purpose", "status"),
		notices:       d("notices", "Notices by channel and status.", "channel", "status"),
		jobs:          d("jobs_lag_seconds", "Age of the oldest job that waits, by queue.", "queue"),
		oldestDue:     d("oldest_due_seconds", "For how long the oldest due case has been due, in legal time."),
		dueNow:        d("due_cases", "Cases that are due now."),
		suspense:      d("suspense_tenge", "Money that no case has yet."),
		chunks:        d("open_chunks", "Outside work that waits or is under way, by kind.", "kind"),
		unlift:        d("oldest_unlifted_seconds", "For how long the oldest ended case has waited for its release, in legal time."),
		coercion:      d("coercion_on", "1 while the robot may take measures, 0 while everything is stopped."),
		stops:         d("stops_open", "Stops of the switch that are in force, by people and breakers, of whatever scope."),
		lifts:         d("lifts_waiting", "Lifts, reductions and recalls that a bank has not confirmed yet, by how long they wait in legal time.", "age"),
		oldestLift:    d("oldest_lift_seconds", "For how long the oldest of them has waited, in legal time."),
		findings:      d("bank_findings", "Differences between banks' lists and our arrests that stand, by kind.", "kind"),
		compared:      d("compared_seconds_ago", "Age of the last whole compare, by bank, in legal time.", "bank"),
		unmaskRefused: d("desk_unmask_refused", "Looks at the person of a case that were refused within the last hour, as somebody had looked at too many."),
		scrape:        d("scrape_ok", "1 if the database could be read for this scrape."),
	}
	p.registry.MustRegister(m, m.acts)
	return m
}

func (m *metrics) observe(what, outcome string, n int) {
	if n > 0 {
		m.acts.WithLabelValues(what, outcome).Add(float64(n))
	}
}

// Describe implements prometheus.Collector.
func (m *metrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.cases, m.orders, m.notices, m.jobs, m.oldestDue, m.dueNow, m.suspense, m.chunks, m.unlift, m.coercion, m.stops, m.scrape, m.lifts, m.oldestLift, m.findings, m.compared, m.unmaskRefused} {
		ch <- d
	}
}

// Collect implements prometheus.Collector. A database that cannot be read shows as scrape_ok 0, not as zeros.
func (m *metrics) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	ok := 1.0
	for _, q := range m.queries() {
		if err := m.collect(ctx, ch, q); err != nil {
			ok = 0
		}
	}
	if err := m.collectLifts(ctx, ch); err != nil {
		ok = 0
	}
	ch <- prometheus.MustNewConstMetric(m.scrape, prometheus.GaugeValue, ok)
}

// collectLifts counts what waits for a bank's word, by the two levels at which somebody is told.
func (m *metrics) collectLifts(ctx context.Context, ch chan<- prometheus.Metric) error {
	now, err := m.parts.clock.Now(ctx)
	if err != nil {
		return err
	}
	l, err := orders.ReadLifts(ctx, m.parts.db.pool, now)
	if err != nil {
		return err
	}
	age := 0.0
	if !l.Oldest.IsZero() {
		age = max(0, now.Sub(l.Oldest).Seconds())
	}
	for name, n := range map[string]int64{"in_time": l.Count - l.Late - l.VeryLate, "over_15m": l.Late, "over_1h": l.VeryLate} {
		ch <- prometheus.MustNewConstMetric(m.lifts, prometheus.GaugeValue, float64(n), name)
	}
	ch <- prometheus.MustNewConstMetric(m.oldestLift, prometheus.GaugeValue, age)
	return nil
}

type gaugeQuery struct {
	desc   *prometheus.Desc
	labels int
	sql    string
	args   []any
}

func (m *metrics) queries() []gaugeQuery {
	now := time.Time{}
	if t, err := m.parts.clock.Now(context.Background()); err == nil {
		now = t
	}
	return []gaugeQuery{
		{m.cases, 1, `SELECT state, sum(cases)::float8 FROM case_totals GROUP BY state`, nil},
		{m.orders, 2, `SELECT purpose, status, count(*)::float8 FROM orders GROUP BY purpose, status`, nil},
		{m.notices, 2, `SELECT channel, status, count(*)::float8 FROM notices GROUP BY channel, status`, nil},
		{m.jobs, 1, `SELECT queue, extract(epoch FROM now() - min(scheduled_at))::float8 FROM river_job WHERE state IN ('available', 'retryable') GROUP BY queue`, nil},
		{m.oldestDue, 0, `SELECT COALESCE(greatest(extract(epoch FROM $1::timestamptz - min(at)), 0), 0)::float8 FROM due`, []any{now}},
		{m.unmaskRefused, 0, `SELECT count(*)::float8 FROM desk_access WHERE what = 'unmask_refused' AND at > clock_timestamp() - interval '1 hour'`, nil},
		{m.dueNow, 0, `SELECT count(*)::float8 FROM due WHERE at <= $1`, []any{now}},
		{m.suspense, 0, `SELECT COALESCE(sum(amount - allocated - refund_due - reversed - refunded - moved), 0)::float8 / 100 FROM payments WHERE amount > allocated + refund_due + reversed + refunded + moved`, nil},
		{m.chunks, 1, `SELECT kind, count(*)::float8 FROM chunks WHERE done_at IS NULL GROUP BY kind`, nil},
		{m.unlift, 0, `SELECT COALESCE(extract(epoch FROM $1::timestamptz - min(c.ended_at)), 0)::float8 FROM due d JOIN cases c ON c.id = d.case_id WHERE c.ended_at IS NOT NULL AND c.released_at IS NULL`, []any{now}},
		{m.stops, 0, `SELECT count(*)::float8 FROM stops WHERE released_at IS NULL`, nil},
		{m.coercion, 0, `SELECT (NOT EXISTS (SELECT 1 FROM stops WHERE released_at IS NULL AND scope = 'all') AND NOT EXISTS (SELECT 1 FROM restores WHERE released_at IS NULL))::int::float8`, nil},
		{m.findings, 1, `SELECT kind, count(*)::float8 FROM bank_findings WHERE resolved_at IS NULL GROUP BY kind`, nil},
		{m.compared, 1, `SELECT bank, extract(epoch FROM $1::timestamptz - max(finished_at))::float8 FROM daily_runs WHERE finished_at IS NOT NULL GROUP BY bank`, []any{now}},
	}
}

func (m *metrics) collect(ctx context.Context, ch chan<- prometheus.Metric, q gaugeQuery) error {
	rows, err := m.parts.db.pool.Query(ctx, q.sql, q.args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		labels := make([]string, q.labels)
		var v float64
		dest := make([]any, 0, q.labels+1)
		for i := range labels {
			dest = append(dest, &labels[i])
		}
		if err := rows.Scan(append(dest, &v)...); err != nil {
			return err
		}
		ch <- prometheus.MustNewConstMetric(q.desc, prometheus.GaugeValue, v, labels...)
	}
	return rows.Err()
}
