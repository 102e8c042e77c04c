package gate

import (
	"io"
	"strings"
)

// Params are the parameters of a request: the query string and the form in its
// body, of which the body's win, and under both of them those of a parameter
// file. They are text as it came: possibly not UTF-8, possibly with NUL bytes.
type Params struct {
	query     map[string]string
	body      map[string]*field
	files     map[string]*File
	fallbacks map[string]string
	spool     *spool
}

// NewParams makes the parameters of a command line or a test. They are those of
// a query string: none of them is posted.
func NewParams(values map[string]string) *Params {
	p := &Params{query: make(map[string]string, len(values)), body: map[string]*field{}, files: map[string]*File{}}
	for name, value := range values {
		p.query[name] = value
	}
	return p
}

// Has reports whether a parameter was given, even as an empty text.
func (p *Params) Has(name string) bool {
	_, ok := p.lookup(name)
	return ok
}

// Get returns a parameter that holds only what iTop's default filter lets pass
// (letters, digits, blank, _, =, -). Any other text counts as not given: the
// fallback is taken without a word (iTop 3.2.0).
func (p *Params) Get(name, fallback string) string {
	value, ok := p.lookup(name)
	if !ok || !isPlain(value) {
		return fallback
	}
	return value
}

// Raw returns a parameter as it came, the fallback when it was not given.
func (p *Params) Raw(name, fallback string) string {
	if value, ok := p.lookup(name); ok {
		return value
	}
	return fallback
}

// Posted returns a field of the body, streamed, with its length in bytes.
// Parameters of the query string and of parameter files are not considered. It
// may be called several times; the caller closes what it gets.
func (p *Params) Posted(name string) (io.ReadCloser, int64, bool) {
	f := p.body[name]
	if f == nil {
		return nil, 0, false
	}
	return io.NopCloser(f.open()), f.size, true
}

// PostedText returns a short field of the body, "" when there is none.
func (p *Params) PostedText(name string) string {
	if f := p.body[name]; f != nil && f.size <= inlineField {
		return f.text()
	}
	return ""
}

// SetPosted gives a field of the body a content: the command line posts a file
// so. The caller keeps the content open while the parameters are in use.
func (p *Params) SetPosted(name string, content io.ReaderAt, size int64) {
	p.body[name] = &field{spooled: content, size: size}
}

// File returns an uploaded file of a multipart body.
func (p *Params) File(name string) (*File, bool) {
	f, ok := p.files[name]
	return f, ok
}

// File is an uploaded file.
type File struct {
	Name    string // as the client calls it, without folders
	Type    string // the media type that the client claims
	Size    int64
	content *field
}

// Open returns the content, streamed; the caller closes it.
func (f *File) Open() (io.ReadCloser, error) { return io.NopCloser(f.content.open()), nil }

// SetFallbacks gives values to parameters that the request itself does not have:
// those of a parameter file. They never count as posted.
func (p *Params) SetFallbacks(values map[string]string) { p.fallbacks = values }

// Close frees what the parameters hold on disk.
func (p *Params) Close() error { return p.spool.close() }

// lookup returns a parameter of the union.
func (p *Params) lookup(name string) (string, bool) {
	if f := p.body[name]; f != nil {
		return f.text(), true
	}
	if value, ok := p.query[name]; ok {
		return value, true
	}
	value, ok := p.fallbacks[name]
	return value, ok
}

// isPlain is ^[ A-Za-z0-9_=-]*$.
func isPlain(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == ' ' || c == '_' || c == '=' || c == '-') {
			return false
		}
	}
	return true
}

// phpName is the name under which PHP finds a parameter: a leading blank is
// dropped, a blank and a dot become an underscore.
func phpName(name string) string {
	name = strings.TrimLeft(name, " ")
	if strings.ContainsAny(name, " .") {
		name = strings.NewReplacer(" ", "_", ".", "_").Replace(name)
	}
	return name
}
