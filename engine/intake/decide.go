package intake

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"robotbailiff/engine"
	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
)

// known is what is known of documents and persons while rows are decided: what the database says about those of the
// chunk, and what earlier rows have added. A dry run keeps it from chunk to chunk, since nothing gets into the database.
type known struct {
	docs    map[docKey]document
	persons map[personKey]*person
	// suspects are the IINs that the file gives to two persons: none of their rows is accepted.
	suspects suspects
	// doubted are the debtors whose IIN a row has given to somebody else: their cases wait for a person.
	doubted map[int64]bool
}

func newKnown(s suspects) *known {
	return &known{docs: map[docKey]document{}, persons: map[personKey]*person{}, suspects: s, doubted: map[int64]bool{}}
}

// lookUp asks the database about the documents and persons of the rows, settles the rows whose document is known, and
// returns the others.
func lookUp(ctx context.Context, q engine.Querier, items []*item, k *known) ([]*item, error) {
	if len(items) == 0 {
		return nil, nil
	}
	sources, numbers := make([]string, len(items)), make([]string, len(items))
	for i, it := range items {
		sources[i], numbers[i] = it.writ.Source, it.writ.DocumentNumber
	}
	if err := readKnown(ctx, q, sources, numbers, k.docs); err != nil {
		return nil, err
	}
	rest := make([]*item, 0, len(items))
	for _, it := range items {
		if seen, ok := k.docs[it.doc]; ok {
			it.repeats(seen)
			continue
		}
		rest = append(rest, it)
	}
	return rest, lookUpPersons(ctx, q, rest, k)
}

// readKnown adds the documents that have a case.
func readKnown(ctx context.Context, q engine.Querier, sources, numbers []string, into map[docKey]document) error {
	if len(numbers) == 0 {
		return nil
	}
	rows, err := q.Query(ctx, knownWritsSQL, sources, numbers)
	if err != nil {
		return fmt.Errorf("intake: known writs: %w", err)
	}
	var (
		source, number string
		content        []byte
		caseID         int64
	)
	_, err = pgx.ForEachRow(rows, []any{&source, &number, &content, &caseID}, func() error {
		into[keyOfDocument(source, number)] = document{[16]byte(content[:16]), caseID}
		return nil
	})
	if err != nil {
		return fmt.Errorf("intake: known writs: %w", err)
	}
	return nil
}

func lookUpPersons(ctx context.Context, q engine.Querier, items []*item, k *known) error {
	blinds := make([][]byte, 0, len(items))
	for _, it := range items {
		if it.blind != nil && k.persons[it.person] == nil {
			k.persons[it.person] = &person{}
			blinds = append(blinds, it.blind)
		}
	}
	if len(blinds) == 0 {
		return nil
	}
	rows, err := q.Query(ctx, knownDebtorsSQL, blinds)
	if err != nil {
		return fmt.Errorf("intake: known debtors: %w", err)
	}
	var (
		blind []byte
		id    int64
		name  string
		born  pgtype.Date
		mail  bool
	)
	_, err = pgx.ForEachRow(rows, []any{&blind, &id, &name, &born, &mail}, func() error {
		p := k.persons[personKey(blind[:16])]
		p.id, p.mail = id, mail
		p.learn(name, fromDate(born))
		return nil
	})
	if err != nil {
		return fmt.Errorf("intake: known debtors: %w", err)
	}
	return nil
}

// open makes the commands for the engine.
func open(items []*item, k *known) []engine.For {
	cmds := make([]engine.For, len(items))
	for i, it := range items {
		w := &it.writ
		o := engine.Open{Region: w.Region, Language: w.DebtorLanguage, Mail: it.reachableByMail(k), Source: w.Source, Facts: w.facts()}
		actor := engine.ActorCourt
		if it.by != "" {
			actor, o.Facts.IdentityConfirmed = it.by, true
		}
		if it.blind != nil {
			o.DebtorID = k.persons[it.person].id
		}
		cmds[i] = engine.For{CaseID: it.caseID, Actor: actor, Command: o}
	}
	return cmds
}

// walk gives every row its verdict in the order of the file, as if the rows had come one by one: a writ received before
// is told first, then what the rules refuse, then a doubt about the person. It returns the rows that begin a case.
func walk(items []*item, outcomes []engine.Outcome, k *known) (winners []*item) {
	for i, it := range items {
		refusal := outcomes[i].Refusal
		if seen, ok := k.docs[it.doc]; ok {
			it.repeats(seen)
			continue
		}
		switch {
		case refusal != nil:
			it.settle(Problem{Code: refusal.Code, Field: refusal.Field})
			it.trace = refusal.Trace
			continue
		case it.blind == nil: // the rules never let such a number pass; nobody gets a case without a person
			it.settle(Problem{Code: rules.CodeIINInvalid, Field: rules.FieldIIN})
			continue
		}
		p, born := k.persons[it.person], it.writ.birthDate()
		if it.by == "" && (k.suspects[it.person] || p.stored && p.other(it.writ.DebtorName, born)) {
			if p.stored {
				k.doubted[p.id] = true
			}
			it.settle(Problem{Code: rules.CodeIdentityConflict, Field: FieldDebtorName.String()})
			continue
		}
		if !p.stored {
			p.learn(it.writ.DebtorName, born)
		}
		it.settle(Problem{})
		k.docs[it.doc] = document{[16]byte(it.hash[:16]), it.caseID}
		winners = append(winners, it)
	}
	return winners
}

func toInstant(t time.Time) pgtype.Timestamptz {
	return pgtype.Timestamptz{Time: t, Valid: !t.IsZero()}
}

func fromDate(d pgtype.Date) calendar.Date {
	if !d.Valid {
		return 0
	}
	return calendar.FromUTC(d.Time)
}
