// Package transfer answers import.php, export.php, export-v2.php and replica.php
// as iTop 3.2.0 does: objects of a class in from CSV, objects of a query out as CSV,
// HTML, spreadsheet or XML, replicas as a table or one by one. It changes objects through the registry alone.
package transfer

import (
	"context"
	"log/slog"
	"time"

	"rollcall/internal/auth"
	"rollcall/internal/registry"
	"rollcall/internal/rollcall"
)

// Reader is what the pages read. *store.Store and *store.Tx satisfy it.
type Reader interface {
	Select(ctx context.Context, q *rollcall.Query, w rollcall.Window, yield func(row []rollcall.Object) error) error
	Objects(ctx context.Context, class *rollcall.Class, ids []rollcall.ObjectID) ([]rollcall.Object, error)
	Names(ctx context.Context, class *rollcall.Class, ids []rollcall.ObjectID) (map[rollcall.ObjectID]string, error)
	Links(ctx context.Context, attr *rollcall.Attribute, hosts []rollcall.ObjectID) ([][]rollcall.Link, error)
	Replicas(ctx context.Context, src *rollcall.Source, ids []int64) ([]rollcall.Replica, error)
}

// Tx is a write transaction.
type Tx interface {
	Reader
	registry.Storage
	Commit() error
	Rollback() error // after Commit it does nothing
}

// Store is where objects are. The wiring adapts *store.Store, whose Begin gives
// a *store.Tx.
type Store interface {
	Reader
	// EnsureLookup makes Find fast on a combination of attributes.
	EnsureLookup(ctx context.Context, class *rollcall.Class, attrs []string) error
	Begin(ctx context.Context) (Tx, error)
}

// Config is what the pages need.
type Config struct {
	Model    *rollcall.Model
	Rights   *auth.Rights
	Registry *registry.Registry
	Store    Store
	Now      func() time.Time
	Log      *slog.Logger
	BaseURL  string // of this server, with a slash at the end: where HTML links to; "" for the one asked
	Charset  string // of CSV when a request names none (iTop's csv_file_default_charset); ISO-8859-1 when ""
	// ShowObsolete lets export-v2.php export obsolete objects, too (iTop's obsolescence.show_obsolete_data).
	ShowObsolete bool
}

// Service answers the three pages.
type Service struct {
	Config
}

// New returns the pages.
func New(c Config) *Service {
	if c.Charset == "" {
		c.Charset = "ISO-8859-1"
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{Config: c}
}
