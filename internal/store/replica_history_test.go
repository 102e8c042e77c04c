package store

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"rollcall/internal/rollcall"
)

// TestAReplicaIsKeptAsItWas: whatever bytes its texts hold.
func TestAReplicaIsKeptAsItWas(t *testing.T) {
	t.Parallel()
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "\x00", "\xff\"", `a\b"c`, "Zoë\u2028", bytesMark + "AA==", "<&>\n"}))
	at := rapid.Custom(func(t *rapid.T) time.Time {
		if rapid.Bool().Draw(t, "zero") {
			return time.Time{}
		}
		return time.UnixMicro(rapid.Int64Range(0, 4e15).Draw(t, "at")).UTC()
	})
	rapid.Check(t, func(t *rapid.T) {
		r := rollcall.Replica{
			ID: rapid.Int64().Draw(t, "id"), Source: rollcall.ObjectID(rapid.Int64().Draw(t, "source")),
			Key: text.Draw(t, "key"), Name: text.Draw(t, "name"), State: rapid.SampledFrom([]rollcall.ReplicaState{rollcall.StateSynchronized, rollcall.StateObsolete}).Draw(t, "state"),
			Dest: rollcall.Ref{Class: rapid.SampledFrom([]string{"", "Person"}).Draw(t, "class"), ID: rollcall.ObjectID(rapid.Int64().Draw(t, "object"))}, IsCreator: rapid.Bool().Draw(t, "creator"),
			LastSeen: at.Draw(t, "seen"), LastError: text.Draw(t, "error"), LastWarning: text.Draw(t, "warning"),
			Created: at.Draw(t, "created"), LastModified: at.Draw(t, "modified"), Restore: text.Draw(t, "restore"), Run: rapid.Int64().Draw(t, "run"),
		}
		copy(r.Content[:], rapid.SliceOfN(rapid.Byte(), len(r.Content), len(r.Content)).Draw(t, "content"))
		for range rapid.IntRange(0, 4).Draw(t, "cells") {
			cell := rollcall.Cell{Set: rapid.Bool().Draw(t, "set")}
			if cell.Set {
				cell.Text = text.Draw(t, "cell")
			}
			r.Row = append(r.Row, cell)
		}
		kept := encodeReplica(&r)
		if !json.Valid([]byte(kept)) {
			t.Fatalf("not JSON: %s", kept)
		}
		got, err := decodeReplica(kept)
		if diff := cmp.Diff(r, got); err != nil || diff != "" {
			t.Fatalf("%s: %v\n%s", kept, err, diff)
		}
	})
}
