package desk

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine/intake"
	"robotbailiff/rules/calendar"
)

// ErrCrowded says that nobody more can be told live figures.
var ErrCrowded = errors.New("desk: too many people listen already")

// How many listen at most, and one visit with all its windows; how often one process reads for all of them, in real time.
const (
	mostListeners  = 300
	mostOfOneVisit = 12
	readEvery      = 3 * time.Second
	readWithin     = 10 * time.Second
)

// liveDays is how many days back the live figures know: the longest period with a name, and as many before it.
const liveDays = 60

// liveBatches is how many of the newest court batches are told.
const liveBatches = 50

// tidings is what one reading found. It is never changed, so all listeners share it.
type tidings struct {
	board   board
	batches []intake.Batch
}

// live tells open pages new figures: one reader a process while anybody listens, and none when nobody does. A visit that has ended hears
// no more.
type live struct {
	s    *Service
	stop chan struct{} // closed when the process ends
	work sync.WaitGroup
	mu   sync.Mutex
	// All below is under mu.
	heard   map[*Listener]struct{}
	reading bool
	hushed  bool
}

// Listener is one open page.
type Listener struct {
	live  *live
	visit [32]byte
	news  chan *tidings // the newest reading; closed when the visit has ended, or the process ends
	ended bool          // the visit has ended; read after news is closed
}

// Listen begins to tell a visit live figures.
func (s *Service) Listen(actor Actor, session string) (*Listener, error) {
	if err := actor.check(); err != nil {
		return nil, err
	}
	n := &Listener{live: &s.live, news: make(chan *tidings, 1)}
	copy(n.visit[:], sessionHash(session))
	return n, s.live.join(n)
}

func (l *live) join(n *Listener) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	windows := 0
	for other := range l.heard {
		if other.visit == n.visit {
			windows++
		}
	}
	if l.hushed || len(l.heard) >= mostListeners || windows >= mostOfOneVisit {
		return ErrCrowded
	}
	l.heard[n] = struct{}{}
	if !l.reading {
		l.reading = true
		l.work.Go(l.read)
	}
	return nil
}

// Leave ends the listening. It may be called more than once.
func (n *Listener) Leave() {
	n.live.mu.Lock()
	defer n.live.mu.Unlock()
	n.live.drop(n, false)
}

// drop is called under mu.
func (l *live) drop(n *Listener, ended bool) {
	if _, there := l.heard[n]; there {
		delete(l.heard, n)
		n.ended = ended
		close(n.news)
	}
}

// Hush ends all listening, for the end of the process: pages ask another one.
func (s *Service) Hush() {
	s.live.hush()
	s.live.work.Wait()
}

func (l *live) hush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.hushed {
		l.hushed = true
		close(l.stop)
	}
	for n := range l.heard {
		l.drop(n, false)
	}
}

// read reads for all until nobody listens any more.
func (l *live) read() {
	ticker := time.NewTicker(readEvery)
	defer ticker.Stop()
	for {
		if err := l.tellWithin(readWithin); err != nil {
			l.s.fault(err)
		}
		l.mu.Lock()
		if len(l.heard) == 0 {
			l.reading = false
			l.mu.Unlock()
			return
		}
		l.mu.Unlock()
		select {
		case <-l.stop:
		case <-ticker.C:
		}
	}
}

// tellWithin tells, and gives up when it takes too long. The end of the process is no fault.
func (l *live) tellWithin(most time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), most)
	defer cancel()
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		err = l.tell(ctx)
	}()
	select {
	case <-done:
		return err
	case <-l.stop:
		cancel()
		<-done
		return nil
	}
}

// tell reads once and gives it to everybody whose visit goes on.
func (l *live) tell(ctx context.Context) error {
	l.mu.Lock()
	visits := make([][]byte, 0, len(l.heard))
	for n := range l.heard {
		visits = append(visits, n.visit[:])
	}
	l.mu.Unlock()
	if len(visits) == 0 {
		return nil
	}
	going, err := l.s.visitsGoing(ctx, visits)
	if err != nil {
		return err
	}
	news, err := l.s.readTidings(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	for n := range l.heard {
		if !going[n.visit] {
			l.drop(n, true)
			continue
		}
		if err != nil {
			continue
		}
		select { // who is slow gets the newest alone
		case <-n.news:
		default:
		}
		n.news <- news
	}
	return err
}

func (s *Service) readTidings(ctx context.Context) (t *tidings, err error) {
	now, err := s.cfg.Cases.Now(ctx)
	if err != nil {
		return nil, fmt.Errorf("desk: legal time: %w", err)
	}
	t, today := &tidings{}, calendar.DateOf(now)
	err = s.read(ctx, func(tx pgx.Tx) error {
		t.board, err = readBoard(ctx, tx, now, Period{From: today.AddDays(1 - liveDays), To: today}, s.cfg.Cases.Pack().RefusalUndo(today))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("desk: live figures: %w", err)
	}
	t.batches, err = s.cfg.Inbox.List(ctx, intake.Filter{Limit: liveBatches})
	return t, err
}

const visitsGoingSQL = `SELECT id_hash FROM desk_sessions WHERE id_hash = ANY ($1) AND expires_at > now() AND seen_at > now() - $2::interval AND way = ANY ($3)`

func (s *Service) visitsGoing(ctx context.Context, visits [][]byte) (map[[32]byte]bool, error) {
	rows, err := s.cfg.Pool.Query(ctx, visitsGoingSQL, visits, IdleFor, s.ways())
	if err != nil {
		return nil, fmt.Errorf("desk: visits: %w", err)
	}
	going := map[[32]byte]bool{}
	var hash []byte
	_, err = pgx.ForEachRow(rows, []any{&hash}, func() error {
		going[[32]byte(hash)] = true
		return nil
	})
	return going, err
}

// News is what a listener is told.
type News struct {
	Today   Today
	KPIs    bool // the figures of the period are among it: those of days chosen by hand do not live
	Batches []intake.Batch
}

// Next waits for the next reading, or for the end of the wait: then ok is true and news is nil. When ok is false, nothing more comes;
// ended says that the visit is over, so that there is no use in asking again.
func (n *Listener) Next(ctx context.Context, wait <-chan time.Time, actor Actor, q TodayQuery) (news *News, ok, ended bool) {
	select {
	case <-ctx.Done():
		return nil, false, false
	case <-wait:
		return nil, true, false
	case t, more := <-n.news:
		if !more {
			return nil, false, n.ended
		}
		today := calendar.DateOf(t.board.now)
		period := PeriodOf(q.Period, "", "", today)
		in := areaOf(actor, q.Region)
		v := todayOf(&t.board, n.live.s.cfg.Cases.Pack(), period, in, in)
		return &News{Today: v, KPIs: q.Period != "", Batches: t.batches}, true, false
	}
}

// fault tells of what went wrong where nobody asked, if there is anybody to tell.
func (s *Service) fault(err error) {
	if s.cfg.Fault != nil {
		s.cfg.Fault(err)
	}
}
