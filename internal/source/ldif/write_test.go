package ldif_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"rollcall/internal/rollcall"
	"rollcall/internal/source/ldif"
)

func discard(*rollcall.Entry) error { return nil }

// records reads all records of a text; their lines do not count.
func records(text string) ([]ldif.Record, error) {
	r := ldif.NewReader(strings.NewReader(text), false)
	var all []ldif.Record
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		all = append(all, ldif.Record{DN: record.DN, Values: slices.Clone(record.Values)})
	}
}

// writeOut writes a record with every value in base64, folded hard.
func writeOut(b *strings.Builder, r ldif.Record) {
	line := func(name string, value []byte) {
		text := fmt.Sprintf("%s:: %s", name, base64.StdEncoding.EncodeToString(value))
		for i, c := range text {
			if i > 0 && i%20 == 0 {
				b.WriteString("\n ")
			}
			b.WriteRune(c)
		}
		b.WriteByte('\n')
	}
	line("dn", r.DN)
	for _, v := range r.Values {
		line(v.Attribute, v.Value)
	}
	b.WriteByte('\n')
}
