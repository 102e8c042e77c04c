package auth

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"rollcall/internal/rollcall"
)

func itoa(id rollcall.ObjectID) string { return strconv.FormatInt(int64(id), 10) }

func parseID(text string) rollcall.ObjectID {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return rollcall.ObjectID(id)
}

// foldLogin is the form in which two logins are the same to whoever signs in:
// without case, accents and trailing blanks, as the collation of iTop's database
// has it (observed on 3.2.0).
func foldLogin(login string) string {
	plain := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFD.String(login))
	return rollcall.Fold(plain)
}

// find returns the account that a login means among some classes, nil when there
// is none. A login that is written as in the registry, but for case and trailing
// blanks, comes first; then one that differs in accents alone, if it is the only
// one.
func (s *Service) find(ctx context.Context, login string, classes []string) (*rollcall.Object, error) {
	keys := [][]string{{login}}
	if plain := foldLogin(login); plain != rollcall.Fold(login) {
		keys = append(keys, []string{plain})
	}
	found, err := s.Store.Find(ctx, s.user, []string{"login"}, keys)
	if err != nil {
		return nil, fmt.Errorf("find account %q: %w", login, err)
	}
	for _, ids := range found {
		if len(ids) > 0 {
			return s.one(ctx, login, ids, classes)
		}
	}
	ids, err := s.accents.find(ctx, s, foldLogin(login))
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	return s.one(ctx, login, ids, classes)
}

// one reads the only account among IDs.
func (s *Service) one(ctx context.Context, login string, ids []rollcall.ObjectID, classes []string) (*rollcall.Object, error) {
	objects, err := s.Store.Objects(ctx, s.user, ids)
	if err != nil {
		return nil, fmt.Errorf("read account %q: %w", login, err)
	}
	objects = slices.DeleteFunc(objects, func(o rollcall.Object) bool {
		return !slices.ContainsFunc(classes, func(c string) bool { return s.Model.IsA(o.Class.Name, c) })
	})
	switch len(objects) {
	case 0:
		return nil, nil
	case 1:
		return &objects[0], nil
	}
	return nil, rollcall.Errorf(rollcall.Unauthorized, "%q means %d accounts that differ in accents alone", login, len(objects))
}

// accents knows the logins that have accents, of which there are few: the
// registry tells them from those without.
type accents struct {
	mu      sync.Mutex
	readAt  time.Time
	byPlain map[string][]rollcall.ObjectID
}

// accentsEvery is how long a login with accents may take until it can be
// written without them.
const accentsEvery = time.Minute

func (a *accents) find(ctx context.Context, s *Service, plain string) ([]rollcall.ObjectID, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if now := s.Now(); a.byPlain == nil || now.Sub(a.readAt) >= accentsEvery {
		found := map[string][]rollcall.ObjectID{}
		err := s.Store.Scan(ctx, s.user, 0, func(o *rollcall.Object) error {
			login := o.Get("login")
			if p := foldLogin(login); p != rollcall.Fold(login) {
				found[p] = append(found[p], o.ID)
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("read the logins: %w", err)
		}
		a.byPlain, a.readAt = found, now
	}
	return a.byPlain[plain], nil
}

// account reads all that counts about an account.
func (s *Service) account(ctx context.Context, o *rollcall.Object) (*Account, error) {
	a := &Account{
		Ref: rollcall.Ref{Class: o.Class.Name, ID: o.ID}, Login: o.Get("login"), Name: o.Get("login"),
		Language: o.Get("language"), Contact: parseID(o.Get("contactid")),
	}
	var err error
	if a.Profiles, err = s.profiles(ctx, o); err != nil {
		return nil, fmt.Errorf("profiles of account %q: %w", a.Login, err)
	}
	a.Administrator = a.Has(ProfileAdministrator)
	if a.Organisations, err = s.organisations(ctx, o); err != nil {
		return nil, fmt.Errorf("allowed organizations of account %q: %w", a.Login, err)
	}
	if a.Contact != 0 {
		names, err := s.Store.Names(ctx, s.Model.Class("Person"), []rollcall.ObjectID{a.Contact})
		if err != nil {
			return nil, fmt.Errorf("contact of account %q: %w", a.Login, err)
		}
		a.Name = cmp.Or(names[a.Contact], a.Login)
	}
	return a, nil
}

// profiles returns the names of an account's profiles, by the IDs of them.
func (s *Service) profiles(ctx context.Context, o *rollcall.Object) ([]string, error) {
	ids, err := s.linked(ctx, o, "profile_list")
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	names, err := s.Store.Names(ctx, s.Model.Class("URP_Profiles"), ids)
	if err != nil {
		return nil, err
	}
	list := make([]string, 0, len(ids))
	for _, id := range ids {
		if name := names[id]; name != "" {
			list = append(list, name)
		}
	}
	return list, nil
}

// organisations returns the allowed organizations and all below them, nil for an
// account that is not limited.
func (s *Service) organisations(ctx context.Context, o *rollcall.Object) ([]rollcall.ObjectID, error) {
	allowed, err := s.linked(ctx, o, "allowed_org_list")
	if err != nil || len(allowed) == 0 {
		return nil, err
	}
	below := map[rollcall.ObjectID][]rollcall.ObjectID{}
	err = s.Store.Scan(ctx, s.Model.Class(classOrganization), 0, func(org *rollcall.Object) error {
		if parent := parseID(org.Get("parent_id")); parent != 0 {
			below[parent] = append(below[parent], org.ID)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	seen := map[rollcall.ObjectID]bool{}
	for len(allowed) > 0 {
		id := allowed[len(allowed)-1]
		allowed = allowed[:len(allowed)-1]
		if !seen[id] {
			seen[id] = true
			allowed = append(allowed, below[id]...)
		}
	}
	all := make([]rollcall.ObjectID, 0, len(seen))
	for id := range seen {
		all = append(all, id)
	}
	slices.Sort(all)
	return all, nil
}

// linked returns the other sides of a link set.
func (s *Service) linked(ctx context.Context, o *rollcall.Object, code string) ([]rollcall.ObjectID, error) {
	attr := o.Class.Attribute(code)
	if attr == nil {
		return nil, rollcall.Errorf(rollcall.Internal, "class %s has no link set %s", o.Class.Name, code)
	}
	links, err := s.Store.Links(ctx, attr, []rollcall.ObjectID{o.ID})
	if err != nil {
		return nil, err
	}
	ids := make([]rollcall.ObjectID, len(links[0]))
	for i, l := range links[0] {
		ids[i] = l.Target
	}
	return ids, nil
}
