package registry

import (
	"context"
	"fmt"

	"rollcall/internal/rollcall"
)

// Seed inserts the predefined objects that are not there, with their fixed ids.
// Those that are there stay as they are.
func (r *Registry) Seed(ctx context.Context, tx Storage) error {
	for _, class := range r.model.Classes {
		ids := make([]rollcall.ObjectID, len(class.Seeds))
		for i, s := range class.Seeds {
			ids[i] = s.ID
		}
		if len(ids) == 0 {
			continue
		}
		there, err := tx.Names(ctx, class, ids)
		if err != nil {
			return fmt.Errorf("read the predefined objects of %s: %w", class.Name, err)
		}
		var missing []rollcall.Object
		for _, s := range class.Seeds {
			if _, ok := there[s.ID]; ok {
				continue
			}
			o := rollcall.NewObject(class)
			o.ID = s.ID
			for code, v := range s.Values {
				o.Set(code, v)
			}
			missing = append(missing, o)
		}
		if len(missing) == 0 {
			continue
		}
		if err := tx.InsertObjects(ctx, class, missing); err != nil {
			return fmt.Errorf("insert the predefined objects of %s: %w", class.Name, err)
		}
	}
	return nil
}
