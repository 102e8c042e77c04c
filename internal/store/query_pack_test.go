package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"rollcall/internal/rollcall"
)

// TestRowsThatCannotBePackedAreReadByID: a NUL that somebody wrote by SQL, and
// more text than is held at once.
func TestRowsThatCannotBePackedAreReadByID(t *testing.T) {
	t.Parallel()
	for name, second := range map[string]string{
		"a NUL":           `'a' || char(0) || 'b'`,
		"NULs to deceive": `'a' || char(0) || '9' || char(0) || 'b'`,
		"too much":        fmt.Sprintf(`CAST(zeroblob(%d) AS TEXT)`, maxPacked),
	} {
		s := openFile(t, t.TempDir()+"/x.db")
		class := s.model.Class("Organization")
		tx, err := s.Begin(t.Context())
		if err == nil {
			err = tx.InsertObjects(t.Context(), class, []rollcall.Object{{ID: 1, Values: []string{"z"}}, {ID: 2, Values: []string{"y"}}})
		}
		if err == nil {
			_, err = tx.exec(t.Context(), "UPDATE obj_organization SET name = "+second+" WHERE id = 2")
		}
		if err == nil {
			err = tx.Commit()
		}
		if err != nil {
			t.Fatal(err)
		}
		v, err := s.view(class, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.pack(t.Context(), rollcall.SelectAll(class), rollcall.Window{}, v); err != errUnpacked { //nolint:errorlint // it comes back as it is
			t.Errorf("%s: got %v, want rows that are not packed", name, err)
		}
		var got []string
		err = s.Select(t.Context(), rollcall.SelectAll(class), rollcall.Window{}, func(row []rollcall.Object) error {
			got = append(got, fmt.Sprint(row[0].ID, strings.Count(row[0].Values[0], "\x00")))
			return nil
		})
		if err != nil || len(got) != 2 || !slices.Contains(got, "1 0") {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
}
