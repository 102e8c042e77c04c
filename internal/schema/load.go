package schema

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"rollcall/internal/rollcall"
)

//go:embed classes/*.yaml
var shipped embed.FS

// Load reads the declarations that ship with the product and, from each fsys,
// those of model/*.yaml, and returns the model they make. The error lists all
// that is wrong, each with file, line and column.
func Load(fsys ...fs.FS) (*rollcall.Model, error) {
	files, err := readAll(shipped, "classes/*.yaml")
	if err != nil {
		return nil, err
	}
	for _, f := range fsys {
		more, err := readAll(f, "model/*.yaml")
		if err != nil {
			return nil, err
		}
		files = append(files, more...)
	}
	return build(files)
}

func readAll(fsys fs.FS, pattern string) ([]*file, error) {
	names, err := fs.Glob(fsys, pattern)
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", pattern, err)
	}
	files := make([]*file, len(names))
	problems := make([]error, len(names))
	// Every command begins with this; most of its time goes by here.
	var reading sync.WaitGroup
	for i, name := range names {
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, rollcall.Errorf(rollcall.Unavailable, "read class declarations: %w", err)
		}
		reading.Go(func() {
			r := &reader{file: name}
			files[i] = r.read(text)
			problems[i] = errors.Join(r.problems...)
		})
	}
	reading.Wait()
	return files, errors.Join(problems...)
}
