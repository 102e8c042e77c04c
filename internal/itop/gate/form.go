package gate

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
)

// longestName is more than any parameter's name has.
const longestName = 255

// read reads the parameters of a request. PHP reads the body of a POST alone,
// and of no other form than the two below: JSON, say, brings no parameters
// (iTop 3.2.0, observed).
func (p *Params) read(r *http.Request) error {
	p.readQuery(r.URL.RawQuery)
	if r.Method != http.MethodPost || r.Body == nil {
		return nil
	}
	kind, more, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return nil //nolint:nilerr // a body of no known form brings no parameters
	}
	switch kind {
	case "application/x-www-form-urlencoded":
		return p.readForm(r.Body, r.ContentLength)
	case "multipart/form-data":
		return p.readMultipart(multipart.NewReader(r.Body, more["boundary"]))
	}
	return nil
}

// readQuery reads a query string, which the server has limited already.
func (p *Params) readQuery(query string) {
	d := decoder{most: p.spool.limits.Fields}
	// A field of a query string fits in memory, so nothing here can fail.
	_ = d.feed([]byte(query), func(name string) (io.Writer, error) { return &queryValue{p: p, name: name}, nil })
	_ = d.finish(func(name string) (io.Writer, error) { return &queryValue{p: p, name: name}, nil })
}

type queryValue struct {
	p    *Params
	name string
	text []byte
}

func (v *queryValue) Write(b []byte) (int, error) {
	v.text = append(v.text, b...)
	return len(b), nil
}

func (v *queryValue) Close() error {
	v.p.query[v.name] = string(v.text)
	return nil
}

// bodyValue is a field of the body while it comes in.
type bodyValue struct {
	*fieldWriter
	p *Params
}

func (v bodyValue) Close() error {
	f, err := v.end()
	if err == nil {
		v.p.body[v.name] = f
	}
	return err
}

// readForm reads a form as it arrives: a value of any length passes through a
// buffer, which is no larger than the form. length is -1 where it is not known.
func (p *Params) readForm(body io.Reader, length int64) error {
	d := decoder{most: p.spool.limits.Fields}
	begin := func(name string) (io.Writer, error) { return bodyValue{p.spool.begin(name, false), p}, nil }
	size := int64(largestBuffer)
	if length >= 0 {
		size = min(size, length+1) // the end of the form is read with it
	}
	buf := make([]byte, size)
	for {
		n, err := body.Read(buf)
		if feed := d.feed(buf[:n], begin); feed != nil {
			return feed
		}
		if errors.Is(err, io.EOF) {
			return d.finish(begin)
		}
		if err != nil {
			return err
		}
	}
}

const largestBuffer = 64 << 10

// readMultipart reads a form of parts. A part with a file name is a file; one
// with an empty file name is an upload that was left out.
func (p *Params) readMultipart(r *multipart.Reader) error {
	for range p.spool.limits.Fields {
		part, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		name := phpName(part.FormName())
		if name == "" || len(name) > longestName {
			continue
		}
		_, more, err := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
		_, isFile := more["filename"]
		w := p.spool.begin(name, isFile)
		if err == nil {
			_, err = io.Copy(w, part)
		}
		if err != nil {
			return err
		}
		f, err := w.end()
		switch {
		case err != nil:
			return err
		case !isFile:
			p.body[name] = f
		case part.FileName() != "":
			p.files[name] = &File{Name: part.FileName(), Type: part.Header.Get("Content-Type"), Size: f.size, content: f}
		}
	}
	return nil
}
