package schema_test

import (
	"testing"

	"rollcall/internal/schema"
)

func TestLoadShipped(t *testing.T) {
	t.Parallel()
	if _, err := schema.Load(); err != nil {
		t.Fatal(err)
	}
}
