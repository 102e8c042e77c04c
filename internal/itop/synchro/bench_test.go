package synchro_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// persons writes a file of so many persons; every one has a phone that ends in
// last.
func personsFile(count int, last string) string {
	var b strings.Builder
	b.WriteString("primary_key;org_id;name;first_name;email;status;phone;mobile_phone;function;employee_number\n")
	for i := range count {
		fmt.Fprintf(&b, "uid-%06d-4000-8000-%012x;Demo;Name%d;First%d;person%d@example.com;active;+49 30 %07d%s;+49 170 %07d;Engineer %d;E%07d\n",
			i, uint64(i)*2654435761, i%30000, i%900, i, i, last, i, i%50, i)
	}
	return b.String()
}

// BenchmarkImport loads a hundred thousand persons and runs: the first time, and
// again unchanged.
func BenchmarkImport(b *testing.B) {
	const count = 100_000
	for range b.N {
		b.StopTimer()
		w := newWorld(b)
		w.source(3, "Direct Persons", "Person")
		file := personsFile(count, "")
		form := map[string]string{"data_source_id": "3", "csvdata": file, "synchronize": "1", "output": "summary"}
		b.StartTimer()
		start := time.Now()
		w.call(w.service.Import, admin, form)
		b.ReportMetric(count/time.Since(start).Seconds(), "first-rows/s")
		for range 3 {
			start = time.Now()
			body := w.call(w.service.Import, admin, form)
			b.ReportMetric(count/time.Since(start).Seconds(), "same-rows/s")
			if !strings.Contains(body, "touched since last synchro: 100000<") {
				b.Fatal(body)
			}
		}
		start = time.Now()
		form["csvdata"] = personsFile(count, "1")
		w.call(w.service.Import, admin, form)
		b.ReportMetric(count/time.Since(start).Seconds(), "changed-rows/s")
	}
}
