package auth_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rollcall/internal/auth"
	"rollcall/internal/rollcall"
	"rollcall/test/lab/postgres"
)

// TestNodesKnowTogether holds what several nodes on one PostgreSQL know of who
// comes in, whichever of them is asked.
func TestNodesKnowTogether(t *testing.T) {
	t.Parallel()
	server := postgres.Start(t)
	for name, test := range map[string]func(*testing.T, *cluster){
		"WrongPasswordsAreLimitedOverAllNodes":      limitedTogether,
		"GuessesSideBySideCountOnce":                besideEachOther,
		"RightPasswordsCostNoTry":                   rightCostsNothing,
		"ADirectoryIsAskedByAllNodesAsOftenAsByOne": askedTogether,
		"ASessionOfOneNodeOpensTheOthers":           sessionsTogether,
		"ASessionEndsOnAllNodes":                    sessionsEnd,
		"ATokenIsHonouredByAllNodes":                tokensTogether,
		"AnAccountThatIsDisabledIsOutEverywhere":    disabledTogether,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newCluster(t, server.Database(t)))
		})
	}
}

// cluster is a registry with three nodes. The world's own is the first.
type cluster struct {
	*world
	nodes []*auth.Service
}

func newCluster(t *testing.T, dsn string) *cluster {
	t.Helper()
	c := &cluster{world: newWorld(t, dsn)}
	for range 3 {
		c.join(auth.Config{})
	}
	return c
}

// slowly are the usual limits, but that no try comes back while a test runs,
// however slow the machine: the database's clock cannot be stopped.
func slowly() auth.Limits {
	limits := auth.DefaultLimits()
	limits.Pair.Every, limits.Address.Every, limits.Account.Every = time.Hour, time.Hour, time.Hour
	return limits
}

// join starts a node, which is told of no write of the others.
func (c *cluster) join(cfg auth.Config) *auth.Service {
	c.Helper()
	cfg.Model, cfg.Store, cfg.Shared, cfg.Directories, cfg.Now, cfg.Limits = c.Model, c.Store, c.Store.Shared(), c.ldap, c.now, slowly()
	node, err := auth.New(cfg)
	must(c, err)
	c.nodes = append(c.nodes, node)
	return node
}

// at signs in at the nth node, counted round and round, and reports whether that
// went well.
func (c *cluster) at(n int, login string, password rollcall.Secret) bool {
	c.Helper()
	_, err := c.nodes[n%len(c.nodes)].SignIn(c.Ctx, auth.Credentials{Login: login, Password: password, From: home})
	if err != nil && rollcall.KindOf(err) != rollcall.Unauthorized {
		c.Fatalf("sign in at node %d: %v", n, err)
	}
	return err == nil
}

// looked returns how many sign-ins were not refused unseen.
func (c *cluster) looked(all int) int {
	for _, node := range c.nodes {
		_, unseen := node.Counts()
		all -= int(unseen)
	}
	return all
}

func limitedTogether(t *testing.T, c *cluster) {
	c.user("UserLocal", "anna", []rollcall.ObjectID{support})
	c.user("UserLocal", "bert", []rollcall.ObjectID{support})
	if !c.at(0, "bert", secret) {
		t.Fatal("bert is kept out")
	}
	for n := range 10 {
		c.at(n, "anna", "wrong")
	}
	for n := range 3 {
		if c.at(n, "anna", secret) || c.at(n, "ÁNNA ", secret) {
			t.Errorf("node %d let somebody in after ten wrong passwords over all nodes", n)
		}
		if !c.at(n, "bert", secret) {
			t.Errorf("node %d kept bert out, too", n)
		}
	}
	if looked := c.looked(20); looked != 14 {
		t.Errorf("%d of 20 sign-ins were looked at, want the ten wrong ones and bert's four", looked)
	}
}

func besideEachOther(t *testing.T, c *cluster) {
	c.user("UserLocal", "anna", []rollcall.ObjectID{support})
	var all sync.WaitGroup
	var unseen atomic.Int64
	for n := range 60 {
		all.Go(func() {
			_, err := c.nodes[n%3].SignIn(c.Ctx, auth.Credentials{Login: "anna", Password: rollcall.Secret(fmt.Sprint("guess ", n)), From: home})
			if rollcall.KindOf(err) != rollcall.Unauthorized {
				t.Errorf("got %v", err)
			}
		})
	}
	all.Wait()
	for _, node := range c.nodes {
		_, limited := node.Counts()
		unseen.Add(limited)
	}
	if looked := 60 - unseen.Load(); looked != 10 {
		t.Errorf("%d of 60 guesses side by side were looked at, want ten", looked)
	}
}

func rightCostsNothing(t *testing.T, c *cluster) {
	c.user("UserLDAP", "anna", []rollcall.ObjectID{support}, "ldap_server", "corp")
	for n := range 90 { // the address has 60 tries
		c.pass(time.Hour) // nothing is remembered
		if !c.at(n, "anna", secret) {
			t.Fatalf("kept out at sign-in %d", n)
		}
	}
	if asked := len(c.ldap.asked); asked != 90 {
		t.Errorf("the directory was asked %d times, want 90", asked)
	}
}

func askedTogether(t *testing.T, c *cluster) {
	c.user("UserLDAP", "anna", []rollcall.ObjectID{support}, "ldap_server", "corp")
	for n := range 8 {
		c.at(n, "anna", rollcall.Secret(fmt.Sprint("guess ", n)))
	}
	if asked := len(c.ldap.asked); asked != 4 {
		t.Errorf("the directory was asked %d times about wrong passwords, want 4: the fifth would lock the account", asked)
	}
	if c.at(1, "anna", secret) {
		t.Error("came in although the directory may not be asked")
	}
	c.user("UserLDAP", "bert", []rollcall.ObjectID{support}, "ldap_server", "corp")
	for n := range 9 { // each time the right one forgives those before
		if c.at(n, "bert", rollcall.Secret(fmt.Sprint("guess ", n))); n%3 == 2 && !c.at(n+1, "bert", secret) {
			t.Fatalf("bert is kept out after %d guesses", n)
		}
		c.pass(time.Hour)
	}
	c.user("UserLDAP", "carl", []rollcall.ObjectID{support}, "ldap_server", "corp")
	c.ldap.fail = errors.New("the directory is down")
	for n := range 9 {
		_, err := c.nodes[n%3].SignIn(c.Ctx, auth.Credentials{Login: "carl", Password: secret, From: home})
		if rollcall.KindOf(err) != rollcall.Unavailable {
			t.Fatalf("got %v", err)
		}
	}
	if c.ldap.fail = nil; !c.at(0, "carl", secret) {
		t.Error("questions without an answer were counted")
	}
}

func sessionsTogether(t *testing.T, c *cluster) {
	id := c.user("UserLocal", "anna", []rollcall.ObjectID{support})
	session, err := c.nodes[0].StartSession(c.Ctx, c.enters("anna", secret))
	must(t, err)
	for range 3 { // in use at any node keeps it open at all
		for _, node := range c.nodes {
			c.pass(20 * time.Minute)
			a, err := node.Resume(c.Ctx, session)
			if err != nil || a.Ref.ID != id {
				t.Fatalf("got %v, %v", a, err)
			}
		}
	}
	c.nodes = nil
	if _, err := c.join(auth.Config{}).Resume(c.Ctx, session); err != nil {
		t.Errorf("a node that was started anew: %v", err)
	}
	c.pass(30 * time.Minute)
	if _, err := c.nodes[0].Resume(c.Ctx, session); rollcall.KindOf(err) != rollcall.Unauthorized {
		t.Errorf("an idle session: got %v", err)
	}
}

func sessionsEnd(t *testing.T, c *cluster) {
	id := c.user("UserLocal", "anna", []rollcall.ObjectID{support})
	var sessions [2]rollcall.Secret
	for i := range sessions {
		var err error
		sessions[i], err = c.nodes[0].StartSession(c.Ctx, c.enters("anna", secret))
		must(t, err)
	}
	must(t, c.nodes[1].EndSession(c.Ctx, sessions[0]))
	for n, node := range c.nodes {
		if _, err := node.Resume(c.Ctx, sessions[0]); rollcall.KindOf(err) != rollcall.Unauthorized {
			t.Errorf("node %d, a session that was ended: got %v", n, err)
		}
		if _, err := node.Resume(c.Ctx, sessions[1]); err != nil {
			t.Errorf("node %d, the other session: %v", n, err)
		}
	}
	c.Update("UserLocal", id, "language", "FR FR")
	for n, node := range c.nodes {
		if _, err := node.Resume(c.Ctx, sessions[1]); rollcall.KindOf(err) != rollcall.Unauthorized {
			t.Errorf("node %d, the session of an account that changed: got %v", n, err)
		}
	}
}

func tokensTogether(t *testing.T, c *cluster) {
	token := auth.NewToken()
	c.user("UserToken", "robot", []rollcall.ObjectID{restUser}, "auth_token", auth.HashToken(token))
	for n, node := range c.nodes {
		if a, err := node.SignInToken(c.Ctx, token); err != nil || a.Login != "robot" {
			t.Errorf("node %d: got %v, %v", n, a, err)
		}
	}
}

func disabledTogether(t *testing.T, c *cluster) {
	id := c.user("UserLocal", "anna", []rollcall.ObjectID{support})
	for n := range c.nodes {
		if !c.at(n, "anna", secret) {
			t.Fatal("kept out")
		}
	}
	c.Update("UserLocal", id, "status", "disabled")
	c.pass(time.Second)
	for n := range c.nodes {
		if c.at(n, "anna", secret) {
			t.Errorf("node %d lets a disabled account in", n)
		}
	}
}
