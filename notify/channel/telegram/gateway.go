package telegram

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"
	"golang.org/x/sync/errgroup"

	"robotbailiff/internal/clock"
	"robotbailiff/internal/outcall"
	"robotbailiff/notify"
)

// Config is what a gateway needs.
type Config struct {
	Token    string // of the bot, as BotFather gave it; never logged
	Name     string // of the bot, without @: what deep links lead to
	Hook     string // where Telegram tells updates: our address as seen from outside
	Secret   string // that Telegram shows with every update
	Endpoint string // empty: https://api.telegram.org
	Abreast  int    // requests under way at most; 0: 10
	Rate     int    // messages a second at most; 0: 25, of the 30 that Telegram takes

	// Gone hears of a chat to which nothing can be sent any more. It is called by several goroutines at once, and may be nil.
	Gone      func(ctx context.Context, chat int64)
	Clock     clock.Clock
	Log       *slog.Logger
	Observe   func(what, outcome string, n int) // for metrics; may be nil
	Transport http.RoundTripper                 // nil: TLS with the roots of the system
}

// Gateway implements notify.Gateway over a bot. Any number of callers may use it.
type Gateway struct {
	cfg   Config
	bot   *bot.Bot
	calls *outcall.Caller
}

var _ notify.Gateway = (*Gateway)(nil)

const (
	official     = "https://api.telegram.org"
	answerWithin = 10 * time.Second
	maxAnswer    = 64 << 10
	pauseBusy    = 5 * time.Second  // where Telegram says no other
	pauseToken   = time.Minute      // after the bot's token was refused
	firstRetry   = 5 * time.Second  // of the announcement of the hook
	lastRetry    = 10 * time.Minute // it doubles up to that
)

var (
	tokenForm  = regexp.MustCompile(`^[0-9]{3,20}:[A-Za-z0-9_-]{20,100}$`)
	nameForm   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{2,28}(bot|Bot|BOT)$`)
	secretForm = regexp.MustCompile(`^[A-Za-z0-9_-]{32,256}$`)
)

// errOver says that a message's time was over before its turn.
var errOver = errors.New("expired")

// New checks the settings. Nothing is connected before the first call.
func New(cfg Config) (*Gateway, error) {
	switch {
	case !tokenForm.MatchString(cfg.Token):
		return nil, errors.New("telegram: a bot's token is NUMBER:LETTERS, as BotFather gave it")
	case !nameForm.MatchString(cfg.Name):
		return nil, fmt.Errorf("telegram: %q is no name of a bot: it has letters, digits and _, and ends with bot", cfg.Name)
	case !secretForm.MatchString(cfg.Secret):
		return nil, errors.New("telegram: the secret of the hook has 32 to 256 letters, digits, _ and -")
	}
	if cfg.Endpoint == "" {
		cfg.Endpoint = official
	}
	base, err := outcall.Base(cfg.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("telegram: endpoint: %w", err)
	}
	if _, err := outcall.Base(cfg.Hook); err != nil {
		return nil, fmt.Errorf("telegram: hook: %w", err)
	}
	if cfg.Abreast <= 0 {
		cfg.Abreast = 10
	}
	if cfg.Rate <= 0 {
		cfg.Rate = 25
	}
	if cfg.Observe == nil {
		cfg.Observe = func(string, string, int) {}
	}
	if cfg.Gone == nil {
		cfg.Gone = func(context.Context, int64) {}
	}
	g := &Gateway{cfg: cfg, calls: outcall.New(outcall.Config{Abreast: cfg.Abreast, Rate: cfg.Rate, Within: answerWithin, MaxAnswer: maxAnswer, Transport: cfg.Transport})}
	g.bot, err = bot.New(cfg.Token, bot.WithSkipGetMe(), bot.WithServerURL(strings.TrimSuffix(base.String(), "/")), bot.WithHTTPClient(answerWithin, client{g.calls}),
		bot.WithErrorsHandler(func(error) {})) // what it would log by itself is about pipes in memory
	if err != nil {
		return nil, errors.New("telegram: the library does not take these settings") // its words may hold the token
	}
	return g, nil
}

// Ready is nil when Telegram knows the bot by its token and its name.
func (g *Gateway) Ready(ctx context.Context) error {
	me, err := g.bot.GetMe(ctx)
	if err = meaning(err); err != nil {
		return fmt.Errorf("telegram: %w", err)
	}
	if !strings.EqualFold(me.Username, g.cfg.Name) {
		return fmt.Errorf("telegram: the token is of another bot than %s", g.cfg.Name)
	}
	return nil
}

// Run tells Telegram where to tell updates, and tries again until it is told. Every process may: all say the same.
func (g *Gateway) Run(ctx context.Context) error {
	for pause := firstRetry; ; pause = min(2*pause, lastRetry) {
		err := g.announce(ctx)
		if err == nil || ctx.Err() != nil {
			return nil
		}
		g.cfg.Observe("telegram_hook", "failed", 1)
		g.cfg.Log.WarnContext(ctx, "Telegram does not know where to tell updates, trying again", "error", err, "after", pause)
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
	}
}

// updates are those that a [Hook] understands.
var updates = []string{"message", "my_chat_member"}

func (g *Gateway) announce(ctx context.Context) error {
	_, err := g.bot.SetWebhook(ctx, &bot.SetWebhookParams{URL: g.cfg.Hook, SecretToken: g.cfg.Secret, AllowedUpdates: updates, MaxConnections: g.cfg.Abreast})
	return meaning(err)
}

// Send implements notify.Gateway. Every message gets an answer.
func (g *Gateway) Send(ctx context.Context, messages []notify.Message) ([]notify.Sent, error) {
	now, err := g.cfg.Clock.Now(ctx)
	if err != nil {
		return nil, fmt.Errorf("telegram: %w", err)
	}
	since := clock.StartStopwatch()
	answers := make([]notify.Sent, len(messages))
	var all errgroup.Group
	all.SetLimit(g.cfg.Abreast)
	for i, m := range messages {
		all.Go(func() error {
			answers[i] = g.send(ctx, m, func() time.Time { return now.Add(since.Elapsed()) })
			g.cfg.Observe("telegram", string(answers[i].Status), 1)
			return nil
		})
	}
	return answers, all.Wait()
}

func (g *Gateway) send(ctx context.Context, m notify.Message, now func() time.Time) notify.Sent {
	sent := notify.Sent{Ref: m.Ref, Status: notify.NotFound}
	chat, err := strconv.ParseInt(m.To, 10, 64)
	switch {
	case err != nil:
		sent.Status, sent.Detail = notify.Rejected, errNoChat.Error()
		return sent
	case !m.ExpiresAt.IsZero() && !now().Before(m.ExpiresAt): // Telegram itself knows no end
		sent.Detail = errOver.Error()
		return sent
	}
	no := true
	said, err := g.bot.SendMessage(ctx, &bot.SendMessageParams{ChatID: chat, Text: m.Text, LinkPreviewOptions: &models.LinkPreviewOptions{IsDisabled: &no}})
	g.heed(ctx, err)
	gone := false
	if err = meaning(err); err == nil {
		sent.ProviderRef = strconv.Itoa(said.ID)
	} else {
		sent.Detail = err.Error()
	}
	if sent.Status, gone = verdict(err); gone {
		g.cfg.Gone(ctx, chat)
	}
	return sent
}

// heed keeps everybody still for as long as Telegram wants it, or for as long as is wise.
func (g *Gateway) heed(ctx context.Context, err error) {
	pause := time.Duration(0)
	if busy, ok := errors.AsType[*bot.TooManyRequestsError](err); ok {
		pause = pauseBusy
		if busy.RetryAfter > 0 {
			pause = time.Duration(busy.RetryAfter) * time.Second
		}
	} else if errors.Is(meaning(err), errToken) {
		pause = pauseToken
	}
	if pause == 0 {
		return
	}
	g.calls.Pause(pause)
	g.cfg.Observe("telegram", "pause", 1)
	g.cfg.Log.WarnContext(ctx, "Telegram is left alone for a while", "why", meaning(err), "pause", pause)
}

// Pace implements notify.Pacer.
func (g *Gateway) Pace() int { return g.cfg.Rate }

// Query implements notify.Gateway. A bot cannot ask what became of a message, so that every answer is Unknown, which says nothing.
func (g *Gateway) Query(_ context.Context, refs []string) ([]notify.Sent, error) {
	answers := make([]notify.Sent, len(refs))
	for i, ref := range refs {
		answers[i] = notify.Sent{Ref: ref, Status: notify.Unknown, Detail: "no_query"}
	}
	return answers, nil
}
