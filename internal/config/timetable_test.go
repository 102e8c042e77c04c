package config_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"rollcall/internal/config"
)

func TestTimetableIsRead(t *testing.T) {
	t.Parallel()
	c := parse(t, `timetable:
  nightly: {sync: persons, cron: "0 2 * * *", zone: Europe/Berlin, retries: 2}
  often: {every: 1h30m}
  on demand: {sync: [persons]}
  bring in: {import: all, cron: "0 */10 * ? * *"}
  take away: {removal: [persons], cron: "0 59 23 ? * *"}
  again: {queue: persons, cron: "0 */1 * ? * *", retries: 3}
sources:
  persons: {class: Organization, inline: {a: {name: A}}, attributes: {name: {from: name, reconcile: true}}}
`)
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	want := []config.Line{
		{Position: config.Position{Line: 2, Column: 3}, Name: "nightly", Work: config.WorkSync, Sources: []string{"persons"}, Cron: "0 2 * * *", Zone: berlin, Retries: 2},
		{Position: config.Position{Line: 3, Column: 3}, Name: "often", Work: config.WorkSync, Every: 90 * time.Minute, Zone: time.Local, Retries: 5},
		{Position: config.Position{Line: 4, Column: 3}, Name: "on demand", Work: config.WorkSync, Sources: []string{"persons"}, Zone: time.Local, Retries: 5},
		{Position: config.Position{Line: 5, Column: 3}, Name: "bring in", Work: config.WorkImport, Cron: "0 */10 * ? * *", Zone: time.Local, Retries: 5},
		{Position: config.Position{Line: 6, Column: 3}, Name: "take away", Work: config.WorkRemoval, Sources: []string{"persons"}, Cron: "0 59 23 ? * *", Zone: time.Local, Retries: 5},
		{Position: config.Position{Line: 7, Column: 3}, Name: "again", Work: config.WorkQueue, Sources: []string{"persons"}, Cron: "0 */1 * ? * *", Zone: time.Local, Retries: 3},
	}
	same := cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() })
	if diff := cmp.Diff(want, c.Timetable, same, cmpopts.IgnoreUnexported(config.Line{})); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if at, want := c.Timetable[0].CronPosition(), (config.Position{Line: 2, Column: 34}); at != want {
		t.Errorf("got the cron expression at %v, want %v", at, want)
	}
}
