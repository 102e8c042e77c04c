package transfer_test

import (
	"testing"
)

func exportWritesEveryFormat(t *testing.T, w *world)               {}
func exportShowsAllowedOrganizationsOnly(t *testing.T, w *world)   {}
func exportLeavesObsoleteOutOfTheNewPage(t *testing.T, w *world)   {}
func exportAnswersHostileParametersInPeace(t *testing.T, w *world) {}
