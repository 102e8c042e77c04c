package rest_test

import (
	"fmt"
	"net/http/httptest"
	"testing"

	"rollcall/internal/itop/gate"
	"rollcall/internal/registry"
	"rollcall/internal/rollcall"
)

// crowd makes many persons with managers of their own.
func crowd(w *world, n int) {
	w.Helper()
	tx, err := w.Store.Begin(w.Ctx)
	must(w, err)
	e := w.config.Registry.On(tx, rollcall.Origin{Kind: rollcall.OriginInteractive, By: "bench", At: now})
	drafts := make([]registry.Draft, n)
	for i := range drafts {
		o := rollcall.NewObject(w.Model.Class("Person"))
		for code, text := range map[string]string{"org_id": "2", "name": fmt.Sprintf("Name %06d", i), "first_name": "First", "email": fmt.Sprintf("u%06d@example.com", i), "function": "Engineer"} {
			o.Set(code, text)
		}
		if i > 0 {
			o.Set("manager_id", fmt.Sprint(i/10+1))
		}
		o.ID = rollcall.ObjectID(i + 1)
		drafts[i] = registry.Draft{Object: o}
	}
	refused, err := e.Create(w.Ctx, drafts)
	must(w, err)
	for _, why := range refused {
		must(w, why)
	}
	must(w, tx.Commit())
}

func benchmark(b *testing.B, w *world, data func(i int) string) {
	b.Helper()
	b.ReportAllocs()
	b.SetParallelism(4)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			answer := httptest.NewRecorder()
			params := gate.NewParams(map[string]string{"version": "1.3", "json_data": data(i)})
			w.service.Serve(w.Ctx, answer, &gate.Request{Params: params, Account: w.admin})
			if answer.Body.Len() < 60 || answer.Body.Bytes()[8] != '0' {
				b.Errorf("got %s", answer.Body)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
}

func BenchmarkGetByID(b *testing.B) {
	w := sqlite(b)
	crowd(w, 10_000)
	for _, fields := range []string{"id,friendlyname,email", "name,org_name,manager_id_friendlyname", "*"} {
		b.Run(fields, func(b *testing.B) {
			benchmark(b, w, func(i int) string {
				return fmt.Sprintf(`{"operation":"core/get","class":"Person","key":%d,"output_fields":%q}`, i%10_000+1, fields)
			})
		})
	}
}

func BenchmarkGetJoinOf10000(b *testing.B) {
	w := sqlite(b)
	crowd(w, 10_000)
	for _, fields := range []string{"name,first_name,email,org_name", "*"} {
		b.Run(fields, func(b *testing.B) {
			benchmark(b, w, func(int) string {
				return fmt.Sprintf(`{"operation":"core/get","class":"Person","key":"SELECT Person AS p JOIN Organization AS o ON p.org_id = o.id WHERE o.name = 'Demo'","output_fields":%q}`, fields)
			})
		})
	}
}
