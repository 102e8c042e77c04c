package server

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// pacedBody reads the body of a request, which must come in at some pace: a
// client may be slow for a while, not for ever.
type pacedBody struct {
	io.ReadCloser
	control *http.ResponseController
	start   time.Time
	limits  Limits
	now     func() time.Time
	read    int64
}

// Read gives the client until its bytes so far would have come at the least
// rate, and the grace.
func (b *pacedBody) Read(p []byte) (int, error) {
	due := b.start.Add(b.limits.Grace + time.Duration(float64(b.read)/float64(b.limits.Rate)*float64(time.Second)))
	_ = b.control.SetReadDeadline(due) // what cannot have one is no connection
	n, err := b.ReadCloser.Read(p)
	b.read += int64(n)
	if errors.Is(err, io.EOF) {
		// The server goes on reading, to notice when the client leaves. A client that
		// was too slow keeps its passed dead-line: nobody waits for what is left.
		_ = b.control.SetReadDeadline(time.Time{})
	}
	return n, err
}

// pacedWriter writes the answer, each piece within the time that a client at the
// least rate needs, and counts.
type pacedWriter struct {
	http.ResponseWriter
	control *http.ResponseController
	limits  Limits
	now     func() time.Time
	status  int
	written int64
}

// Unwrap is for http.ResponseController.
func (w *pacedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader notes the status.
func (w *pacedWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write writes a piece.
func (w *pacedWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	w.due(len(p))
	n, err := w.ResponseWriter.Write(p)
	w.written += int64(n)
	if err == nil {
		// HTTP/2 would end a stream at its deadline even between two pieces.
		_ = w.control.SetWriteDeadline(time.Time{})
	}
	return n, err
}

// Flush sends what was written so far.
func (w *pacedWriter) Flush() {
	w.due(0)
	if err := w.control.Flush(); err == nil {
		_ = w.control.SetWriteDeadline(time.Time{})
	}
}

func (w *pacedWriter) due(n int) {
	_ = w.control.SetWriteDeadline(w.now().Add(w.limits.Grace + time.Duration(float64(n)/float64(w.limits.Rate)*float64(time.Second))))
}
