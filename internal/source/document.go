package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"rollcall/internal/rollcall"
)

// Document is a file or an address that holds a whole source.
type Document struct {
	File     string
	URL      string                     // http or https
	User     string                     // basic authentication, when given
	Password rollcall.Secret            // of User
	Headers  map[string]rollcall.Secret // sent with the request
	Post     rollcall.Secret            // a body: the request is a POST, with its Content-Type among Headers
	Timeout  time.Duration              // for the whole answer; two minutes when 0
}

const defaultTimeout = 2 * time.Minute

// Validate says what is missing or contradicts itself.
func (d Document) Validate() error {
	switch {
	case d.File == "" && d.URL == "":
		return rollcall.Errorf(rollcall.Invalid, "say what to read: file, or url")
	case d.File != "" && d.URL != "":
		return rollcall.Errorf(rollcall.Invalid, "there are both file and url: one source reads one thing")
	case d.File != "":
		if d.User != "" || len(d.Headers) > 0 || d.Post != "" {
			return rollcall.Errorf(rollcall.Invalid, "user, headers and post are for a url, not for a file")
		}
		return nil
	}
	u, err := url.Parse(d.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return rollcall.Errorf(rollcall.Invalid, "the url is no http:// or https:// address")
	}
	return nil
}

// Name says what the document is, without secrets.
func (d Document) Name() string {
	if d.File != "" {
		return d.File
	}
	u, err := url.Parse(d.URL)
	if err != nil {
		return "the url"
	}
	u.RawQuery = "" // it may hold a token
	return u.Redacted()
}

// Open begins to read. The caller closes the reading.
func (d Document) Open(ctx context.Context) (*Reading, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if d.File != "" {
		return d.openFile(ctx)
	}
	return d.fetch(ctx)
}

// Reading is a document being read.
type Reading struct {
	ctx    context.Context
	name   string
	body   io.ReadCloser
	file   *os.File    // nil for an address
	before os.FileInfo // of the file
	read   int64
	stop   context.CancelFunc
}

func (d Document) openFile(ctx context.Context) (*Reading, error) {
	f, err := os.Open(d.File)
	if err != nil {
		if pe, ok := errors.AsType[*fs.PathError](err); ok {
			err = pe.Err // the error's own text says again what was opened
		}
		return nil, rollcall.Errorf(rollcall.NotFound, "open %s: %w", d.File, err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("it is no regular file, so nothing proves that it was read whole")
	}
	if err != nil {
		return nil, errors.Join(rollcall.Errorf(rollcall.Invalid, "read %s: %w", d.File, err), f.Close())
	}
	return &Reading{ctx: ctx, name: d.File, body: f, file: f, before: info, stop: func() {}}, nil
}

func (d Document) fetch(ctx context.Context) (*Reading, error) {
	timeout := d.Timeout
	if timeout == 0 {
		timeout = defaultTimeout
	}
	ctx, stop := context.WithTimeout(ctx, timeout)
	body, err := d.get(ctx)
	if err != nil {
		stop()
		return nil, err
	}
	return &Reading{ctx: ctx, name: d.Name(), body: body, stop: stop}, nil
}

// get sends the request and demands an answer that says how long it is.
func (d Document) get(ctx context.Context) (io.ReadCloser, error) {
	method, body := http.MethodGet, io.Reader(nil)
	if d.Post != "" {
		method, body = http.MethodPost, strings.NewReader(d.Post.Reveal())
	}
	request, err := http.NewRequestWithContext(ctx, method, d.URL, body)
	if err != nil {
		return nil, rollcall.Errorf(rollcall.Invalid, "the url is no address that can be asked")
	}
	for _, name := range slices.Sorted(maps.Keys(d.Headers)) {
		request.Header.Set(name, d.Headers[name].Reveal())
	}
	if d.User != "" {
		request.SetBasicAuth(d.User, d.Password.Reveal())
	}
	// One request, one connection: a load leaves none behind.
	client := http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}, CheckRedirect: sameHost}
	answer, err := client.Do(request)
	if err != nil {
		if ue, ok := errors.AsType[*url.Error](err); ok {
			err = ue.Err // the error's own text shows the address with its secrets
		}
		return nil, rollcall.Errorf(rollcall.Unavailable, "read %s: %w", d.Name(), err)
	}
	if answer.StatusCode != http.StatusOK {
		kind := rollcall.Unavailable
		if answer.StatusCode < 500 {
			kind = rollcall.Invalid
		}
		return nil, errors.Join(rollcall.Errorf(kind, "read %s: the server answers %s", d.Name(), answer.Status), answer.Body.Close())
	}
	chunked := len(answer.TransferEncoding) > 0 || answer.ProtoMajor > 1 || answer.Uncompressed
	if answer.ContentLength < 0 && !chunked {
		return nil, errors.Join(rollcall.Errorf(rollcall.Unavailable,
			"read %s: the server does not say how long its answer is, so nothing proves that it came whole", d.Name()), answer.Body.Close())
	}
	return answer.Body, nil
}

// sameHost keeps what a request carries from going to another server.
func sameHost(next *http.Request, before []*http.Request) error {
	const most = 5
	switch first := before[0].URL; {
	case next.URL.Host != first.Host || first.Scheme == "https" && next.URL.Scheme != "https":
		return fmt.Errorf("the server sends on to another, %s: name that one in the url", next.URL.Host)
	case len(before) >= most:
		return errors.New("the server sends from one page to the next and the next")
	}
	return nil
}

// Read implements io.Reader.
func (r *Reading) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := r.body.Read(p)
	r.read += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		err = rollcall.Errorf(rollcall.Unavailable, "read %s: it broke off after %d bytes: %w", r.name, r.read, err)
	}
	return n, err
}

// Whole reads what is left and proves that the document was read as it is: an
// answer to its end, a file that nobody wrote to meanwhile.
func (r *Reading) Whole() error {
	if _, err := io.Copy(io.Discard, r); err != nil {
		return err
	}
	if r.file == nil {
		return nil // the end of an answer whose length is known is its proof
	}
	after, err := r.file.Stat()
	if err != nil {
		return rollcall.Errorf(rollcall.Unavailable, "read %s: %w", r.name, err)
	}
	if after.Size() != r.read || r.before.Size() != r.read || !after.ModTime().Equal(r.before.ModTime()) {
		return rollcall.Errorf(rollcall.Unavailable, "%s was written to while it was read: it may not be whole; have its writer use another name and rename it when it is done", r.name)
	}
	return nil
}

// Close ends the reading.
func (r *Reading) Close() error {
	err := r.body.Close()
	r.stop()
	return err
}
