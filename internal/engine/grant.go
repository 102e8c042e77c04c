package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"rollcall/internal/binding"
	"rollcall/internal/rollcall"
)

// grantTx is what the store keeps of grants.
type grantTx interface {
	BoundGroups(ctx context.Context, source rollcall.ObjectID) ([]rollcall.BoundGroup, error)
	Grants(ctx context.Context, source rollcall.ObjectID, yield func(*rollcall.Grant) error) error
	LostGrants(ctx context.Context, source rollcall.ObjectID, link *rollcall.Class, kinds []rollcall.GrantKind) (map[int64]bool, error)
	Holders(ctx context.Context, source rollcall.ObjectID, yield func(*rollcall.Holder) error) error
	CountByKey(ctx context.Context, class *rollcall.Class, key *rollcall.Attribute, targets []rollcall.ObjectID) (map[rollcall.ObjectID]int, error)
	Scan(ctx context.Context, class *rollcall.Class, from rollcall.ObjectID, yield func(*rollcall.Object) error) error
	InsertBoundGroups(ctx context.Context, source rollcall.ObjectID, run int64, groups []rollcall.BoundGroup) error
	InsertGrants(ctx context.Context, source rollcall.ObjectID, run int64, grants []rollcall.Grant) error
	EndBoundGroups(ctx context.Context, run int64, ids []int64) error
	EndGrants(ctx context.Context, run int64, ids []int64) error
	HeldElsewhere(ctx context.Context, source rollcall.ObjectID, run int64, kinds []rollcall.GrantKind, links []rollcall.ObjectID) (map[rollcall.ObjectID]bool, error)
	UndoGrants(ctx context.Context, run int64) error
}

// grantSpec says which objects a kind of grant is made of: links of a class,
// between a holder and a target.
type grantSpec struct {
	kind           rollcall.GrantKind
	link           string
	holder, target string // the link's keys
	class          string // of targets
	typed          bool   // the link has a type
	makes          bool   // a run makes targets that are missing
}

var grantSpecs = []grantSpec{
	{rollcall.GrantRole, "lnkUserToRole", "user_id", "role_id", "OrganizationalRole", true, true},
	{rollcall.GrantFunctional, "lnkUserToRole", "user_id", "role_id", "FunctionalRole", true, true},
	{rollcall.GrantProfile, "URP_UserProfile", "userid", "profileid", "URP_Profiles", false, false},
	{rollcall.GrantTeam, "lnkPersonToTeam", "person_id", "team_id", "Team", false, false},
	{rollcall.GrantPath, "lnkUserToUserGroup", "user_id", "group_id", "UserGroup", true, true},
	{rollcall.GrantLicence, "lnkUserToLicencePackage", "user_id", "package_id", "LicencePackage", false, false},
}

func grantSpecOf(kind rollcall.GrantKind) *grantSpec {
	i := slices.IndexFunc(grantSpecs, func(s grantSpec) bool { return s.kind == kind })
	return &grantSpecs[i]
}

// GrantClass is the class of what a kind of grant gives.
func GrantClass(kind rollcall.GrantKind) string { return grantSpecOf(kind).class }

// linkKey returns the attributes that find a link.
func (s *grantSpec) linkKey() []string {
	if s.typed {
		return []string{s.holder, s.target, "type"}
	}
	return []string{s.holder, s.target}
}

// siblings returns the kinds whose links are of the same class.
func (s *grantSpec) siblings() []rollcall.GrantKind {
	var kinds []rollcall.GrantKind
	for i := range grantSpecs {
		if grantSpecs[i].link == s.link {
			kinds = append(kinds, grantSpecs[i].kind)
		}
	}
	return kinds
}

// nameKey is the attribute that finds a target by what a binding calls it.
func (s *grantSpec) nameKey() string {
	if s.kind == rollcall.GrantPath {
		return "path"
	}
	return "name"
}

// ensureGrantLookups makes sure that targets and links are found quickly.
func (e *Engine) ensureGrantLookups(ctx context.Context, bindings []rollcall.Binding) error {
	for i := range bindings {
		for _, gift := range bindings[i].Gives {
			spec := grantSpecOf(gift.Kind)
			link, target := e.model.Class(spec.link), e.model.Class(spec.class)
			if err := e.store.EnsureLookup(ctx, link, spec.linkKey()); err != nil {
				return fmt.Errorf("index %s: %w", link.Name, err)
			}
			if err := e.store.EnsureLookup(ctx, target, []string{spec.nameKey()}); err != nil {
				return fmt.Errorf("index %s: %w", target.Name, err)
			}
			for _, class := range []*rollcall.Class{link, target} {
				for _, look := range e.registry.Lookups(class) {
					if err := e.store.EnsureLookup(ctx, look.Class, look.Attrs); err != nil {
						return fmt.Errorf("index %s: %w", look.Class.Name, err)
					}
				}
			}
		}
	}
	return nil
}

// granting is what the bindings of one source come to in a run.
type granting struct {
	*runner
	*load
	earlier  []rollcall.BoundGroup
	slots    []binding.Slot
	kept     map[giftKey]bool // whose group vanished and whose binding keeps what it gave
	had      map[string]int   // by binding: the grants before
	lost     map[string]int   // by binding: those that the run takes away
	granted  int
	taken    int
	short    []rollcall.Shortage
	unproved string // why the groups that were read prove nothing
	isPartly bool   // something could not be given or taken
}

// giftKey is a target as a grant names it.
type giftKey struct {
	kind   rollcall.GrantKind
	target rollcall.ObjectID
}

// grant makes what the members of groups have follow the groups.
func (r *runner) grant(ctx context.Context, l *load) error {
	if l.groups == nil {
		return nil // nothing was read that says who belongs where
	}
	g := &granting{runner: r, load: l, kept: map[giftKey]bool{}, had: map[string]int{}, lost: map[string]int{}}
	before := r.problems.count()
	defer func() { g.isPartly = r.problems.count() > before }()
	l.granting = g
	var err error
	if g.earlier, err = r.tx.BoundGroups(ctx, l.src.ID); err != nil {
		return err
	}
	if len(l.groups.groups) == 0 && len(g.earlier) > 0 {
		g.unproved = fmt.Sprintf("the directory showed no group at all, where %d were bound", len(g.earlier))
	}
	g.skipKeyless()
	if r.opt.Only == rollcall.PartRemoval {
		return g.takeGone(ctx)
	}
	gone, err := g.bind(ctx)
	if err != nil {
		return err
	}
	if r.opt.Only != rollcall.PartAll {
		g.leaveVanished(gone)
		gone = nil
	}
	r.progress(l, "grant", 0, len(l.groups.of))
	steps, err := g.decide(ctx)
	if err != nil {
		return err
	}
	if err := g.take(ctx, steps); err != nil {
		return err
	}
	if err := g.give(ctx, steps); err != nil {
		return err
	}
	return g.release(ctx, gone)
}

// skipKeyless leaves out groups that cannot be told from others once they are
// renamed.
func (g *granting) skipKeyless() {
	for i, list := range g.groups.chosen {
		g.groups.chosen[i] = slices.DeleteFunc(slices.Clone(list), func(at uint32) bool {
			group := &g.groups.groups[at]
			if group.Key == "" {
				g.problem(group, "", "the group has no immutable identifier that this user may read, so nothing is bound to it")
			}
			return group.Key == ""
		})
	}
}

func (g *granting) problem(group *rollcall.Group, target, reason string) {
	g.problems.add(rollcall.Problem{Source: g.src.Name, Key: group.Key, Entry: group.DN, Value: target, Reason: reason})
}

// pastLimit says what is too much, "" when nothing is.
func (g *granting) pastLimit() string {
	if g.unproved != "" {
		return g.unproved
	}
	for i := range g.groups.bindings {
		b := &g.groups.bindings[i]
		if !b.Taken.IsSet {
			continue
		}
		if lost, most := g.lost[b.Name], b.Taken.Of(g.had[b.Name]); lost > most {
			return fmt.Sprintf("binding %s would take away %d of %d grants, and the limit is %d (limits: taken: %s)", b.Name, lost, g.had[b.Name], most, b.Taken)
		}
	}
	return ""
}

// shownVia is how a change tells by which groups somebody has something.
func shownVia(via string) string { return "member of " + strings.ReplaceAll(via, "\n", "; and of ") }
