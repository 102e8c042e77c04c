package main

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"rollcall/internal/config"
	"rollcall/internal/engine"
	"rollcall/internal/notify"
	"rollcall/internal/rollcall"
	"rollcall/internal/store"
)

// engineStore is the store as the engine asks for it: Begin's result is the
// engine's interface, and the end of a run keeps a notice for the contacts of
// its data sources, in the same transaction.
type engineStore struct {
	*store.Store
	notices *notices
}

// Begin starts a write transaction.
func (s engineStore) Begin(ctx context.Context) (engine.Tx, error) {
	tx, err := s.Store.Begin(ctx)
	if err != nil {
		return nil, err
	}
	return engineTx{tx, s.notices, new(bool)}, nil
}

// FinishRun records the end of a run that was rolled back.
func (s engineStore) FinishRun(ctx context.Context, run *rollcall.Run, problems []rollcall.Problem) error {
	tx, err := s.Begin(ctx)
	if err != nil {
		return err
	}
	if err := tx.FinishRun(ctx, run, problems); err != nil {
		_ = tx.Rollback() // the first error says more
		return err
	}
	return tx.Commit()
}

type engineTx struct {
	*store.Tx
	notices *notices
	told    *bool // there may be something to send once this is committed
}

// FinishRun records the end of a run within its own transaction.
func (t engineTx) FinishRun(ctx context.Context, run *rollcall.Run, problems []rollcall.Problem) error {
	if err := t.Tx.FinishRun(ctx, run, problems); err != nil {
		return err
	}
	*t.told = true
	return t.notices.keep(ctx, t.Tx, run)
}

// Commit makes the transaction last.
func (t engineTx) Commit() error {
	err := t.Tx.Commit()
	if err == nil && *t.told {
		t.notices.outbox.Wake()
	}
	return err
}

// notices tells the contacts of data sources, and whomever the configuration
// names, how runs ended.
type notices struct {
	store  *store.Store
	model  *rollcall.Model
	rules  []notify.Rule
	mails  bool // there is a mail server
	outbox *notify.Outbox
	now    func() time.Time
}

func newNotices(s setup, db *store.Store) (*notices, error) {
	p, m := s.program, s.config.Mail
	n := &notices{store: db, model: s.model, rules: noticeRules(s.config.Notices), mails: m.Host != "", now: p.now}
	senders := map[rollcall.Channel]notify.Sender{}
	if n.mails {
		mailer, err := notify.NewMailer(notify.Server{
			Host: m.Host, Port: m.Port, TLS: m.TLS, CA: m.CA, User: m.User, Password: m.Password, From: m.From,
		})
		if err != nil {
			return nil, s.config.Explain(m.Line, fmt.Errorf("mail: %w", err))
		}
		senders[rollcall.ChannelMail] = mailer
	}
	if len(s.config.Webhooks) > 0 {
		hooks := make([]notify.Hook, len(s.config.Webhooks))
		for i := range s.config.Webhooks {
			w := &s.config.Webhooks[i]
			hooks[i] = notify.Hook{Name: w.Name, URL: w.URL, Secret: w.Secret, CA: w.CA, Internal: w.Internal, Timeout: w.Timeout}
		}
		calls, err := notify.NewHooks(hooks, p.now)
		if err != nil {
			return nil, s.config.Explain(s.config.Webhooks[0].Line, err)
		}
		senders[rollcall.ChannelWebhook] = calls
	}
	n.outbox = notify.NewOutbox(db, senders, p.now, p.log)
	return n, nil
}

// noticeRules says who is told of what: what the configuration says, or what is
// usual.
func noticeRules(written []config.NoticeRule) []notify.Rule {
	if written == nil {
		return notify.UsualRules()
	}
	rules := make([]notify.Rule, len(written))
	for i := range written {
		w := &written[i]
		rules[i] = notify.Rule{
			Sources: w.Sources, Profiles: w.Profiles, Accounts: w.Accounts, Starter: w.Starter,
			Mail: w.Mail, Addresses: w.Addresses, Webhooks: w.Webhooks,
		}
		for _, kind := range w.On {
			rules[i].On = append(rules[i].On, rollcall.NoticeKind(kind))
		}
	}
	return rules
}

// keep makes the notices of a run that ended, and the mails to the contacts of
// its sources.
func (n *notices) keep(ctx context.Context, tx *store.Tx, run *rollcall.Run) error {
	if run.Undoes != 0 {
		return nil // somebody sat there and asked for it
	}
	if err := n.tell(ctx, tx, run); err != nil || !n.mails {
		return err
	}
	for i := range run.Sources {
		part := &run.Sources[i]
		ended := notify.Ended{Name: part.Source, Run: run.ID, Counters: part.Counters, Start: run.Started, End: run.Ended}
		switch {
		case run.State == rollcall.RunHeld && part.Held != "":
			ended.Held = part.Held
		case run.State == rollcall.RunHeld:
			continue // another source's doing
		case run.State == rollcall.RunFailed:
			ended.Failed, ended.Started = run.Error, true
		}
		if ended.Held == "" && ended.Failed == "" && ended.Counters.Errors() == 0 {
			continue
		}
		to, err := n.contact(ctx, tx, part.ID, part.Source)
		if err != nil {
			return fmt.Errorf("find whom to tell about source %s: %w", part.Source, err)
		}
		if notice := notify.OfRun(ended, to, n.now()); notice != nil {
			if err := tx.AddDispatch(ctx, notice); err != nil {
				return err
			}
		}
	}
	return nil
}

// NotStarted keeps a notice that a run over delivered rows did not start.
func (n *notices) NotStarted(ctx context.Context, source rollcall.SourceHead, why string) error {
	tx, err := n.store.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // nothing to say once it is committed
	if err := n.spread(ctx, tx, notify.OfNoStart(source.Name, why, n.now())); err != nil {
		return err
	}
	if !n.mails {
		return tx.Commit()
	}
	to, err := n.contact(ctx, tx, source.ID, source.Name)
	if err != nil {
		return err
	}
	notice := notify.OfRun(notify.Ended{Name: source.Name, Failed: why, Start: n.now(), End: n.now()}, to, n.now())
	if notice == nil {
		return tx.Commit()
	}
	if err := tx.AddDispatch(ctx, notice); err != nil {
		return err
	}
	return tx.Commit()
}

// contact returns the mail address of a data source's contact, nothing when
// there is none. Data sources made over the wire may share a name; 0 is the ID
// of one that never was an object.
func (n *notices) contact(ctx context.Context, tx *store.Tx, source rollcall.ObjectID, name string) ([]string, error) {
	class := n.model.Class("SynchroDataSource")
	if source == 0 {
		found, err := tx.Find(ctx, class, []string{"name"}, [][]string{{name}})
		if err != nil || len(found[0]) == 0 {
			return nil, err
		}
		source = found[0][0]
	}
	objects, err := tx.Objects(ctx, class, []rollcall.ObjectID{source})
	if err != nil || len(objects) == 0 {
		return nil, err
	}
	id, _ := strconv.ParseInt(objects[0].Get("notify_contact_id"), 10, 64) // empty: 0, which nobody has
	contacts, err := tx.Objects(ctx, n.model.Class("Contact"), []rollcall.ObjectID{rollcall.ObjectID(id)})
	if err != nil || len(contacts) == 0 {
		return nil, err
	}
	if email := strings.TrimSpace(contacts[0].Get("email")); email != "" {
		return []string{email}, nil
	}
	return nil, nil
}

// flushTime is how long a command that is done goes on for the sake of notices.
const flushTime = 20 * time.Second

// flush sends what is due before a command ends. What cannot be sent waits for
// the next command, or for the server.
func (n *notices) flush(ctx context.Context, log *slog.Logger) {
	if ctx.Err() != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, flushTime)
	defer cancel()
	if _, err := n.outbox.Flush(ctx); err != nil && ctx.Err() == nil {
		log.Error("the outbox cannot be read", slog.Any("err", err))
	}
}
