package portal_test

import (
	"context"
	"strings"
	"testing"
	"time"

	app "robotbailiff/internal/app/portal"
	"robotbailiff/internal/testkit"
	"robotbailiff/internal/web/portal"
	"robotbailiff/internal/web/ui/uitest"
)

func TestPay_waitsCalmlyAndNotForEver(t *testing.T) {
	t.Parallel()
	s, _ := atTill(t)
	path, _, _ := strings.Cut(s.begin(t, "20155"), "?")
	for _, c := range []struct{ query, next string }{{"?new=1", "?look=1"}, {"", "?look=1"}, {"?look=3", "?look=4"}, {"?look=99", "?look=99"}, {"?look=-1", "?look=1"}, {"?look=x", "?look=1"}} {
		page := s.Get(path + c.query)
		if page.Has(`meta[http-equiv="refresh"]`) || !page.Has(`main a[href="`+path+c.next+`"]`) {
			t.Errorf("%q does not lead to %q, or loads itself again", c.query, c.next)
		}
	}
	s.wants(t, s.Get(path+"?look=5"), "Мы пока не знаем, прошёл ли платёж", "Страницу можно закрыть")
}

// clocked tells when somebody asks for the time, which the reading of a payment does after it has read what became of it.
type clocked struct {
	app.Cases
	asked chan struct{}
}

func (c clocked) Now(ctx context.Context) (time.Time, error) {
	select {
	case c.asked <- struct{}{}:
	default:
	}
	return c.Cases.Now(ctx)
}

// A visitor who looks again is kept waiting and gets the news when there is some.
func TestPay_aLookWaitsForNews(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{})
	s := setupWith(t, testkit.DB(t), func(use *app.Config, pages *portal.Config) {
		use.Cases, pages.Patience = clocked{use.Cases, asked}, time.Hour
	})
	s.toTill(t)
	path, _, _ := strings.Cut(s.begin(t, "20155"), "?")
	page := make(chan *uitest.Page)
	go func() { page <- s.Get(path + "?look=1") }()
	<-asked // it was not paid when it was read first
	s.message(t, "alpha", paidBy(s.tills["alpha"].begun[0], "K-1"))
	s.wants(t, <-page, "Платёж пришёл")
}
