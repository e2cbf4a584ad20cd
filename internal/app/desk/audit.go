package desk

import (
	"context"

	"robotbailiff/internal/app/trail"
	"robotbailiff/internal/i18n"
)

// auditor is an actor as the trail knows him.
func auditor(actor Actor) (trail.Who, error) {
	return trail.Who{Name: actor.Name, Regions: actor.Regions}, actor.check()
}

// AuditEvents lists events of the record.
func (s *Service) AuditEvents(ctx context.Context, actor Actor, f trail.EventFilter) (trail.EventPage, error) {
	who, err := auditor(actor)
	if err != nil {
		return trail.EventPage{}, err
	}
	return s.trail.Events(ctx, who, f)
}

// AuditEvent shows one event of a case.
func (s *Service) AuditEvent(ctx context.Context, actor Actor, number string, seq int, lang i18n.Lang) (trail.Event, error) {
	who, err := auditor(actor)
	if err != nil {
		return trail.Event{}, err
	}
	return s.trail.Event(ctx, who, number, seq, lang)
}

// AuditActs lists what people did.
func (s *Service) AuditActs(ctx context.Context, actor Actor, f trail.ActFilter) (trail.ActPage, error) {
	who, err := auditor(actor)
	if err != nil {
		return trail.ActPage{}, err
	}
	return s.trail.Acts(ctx, who, f)
}

// TakeAuditEvents gives the events of a filter as a file.
func (s *Service) TakeAuditEvents(ctx context.Context, actor Actor, f trail.EventFilter, lang i18n.Lang) (trail.File, error) {
	who, err := auditor(actor)
	if err != nil {
		return trail.File{}, err
	}
	return s.trail.TakeEvents(ctx, who, f, lang)
}

// TakeAuditActs gives the acts of a filter as a file.
func (s *Service) TakeAuditActs(ctx context.Context, actor Actor, f trail.ActFilter, lang i18n.Lang) (trail.File, error) {
	who, err := auditor(actor)
	if err != nil {
		return trail.File{}, err
	}
	return s.trail.TakeActs(ctx, who, f, lang)
}

// Chain lists the runs of the verifier. They are of the whole record, so only those see them who see all regions.
func (s *Service) Chain(ctx context.Context, actor Actor, before int64) (trail.Chain, error) {
	if err := actor.whole(); err != nil {
		return trail.Chain{}, err
	}
	return s.trail.Chain(ctx, before)
}

// AskChain asks for a run of the verifier.
func (s *Service) AskChain(ctx context.Context, actor Actor, reason string) error {
	if err := actor.whole(); err != nil {
		return err
	}
	return s.trail.AskChain(ctx, trail.Who{Name: actor.Name}, reason)
}
