package transfer

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"rollcall/internal/itop/gate"
	"rollcall/internal/itop/wire"
	"rollcall/internal/rollcall"
)

// fault is an answer that is no export: a text of HTML, and where it stands.
type fault struct {
	title string // of the page
	body  string // HTML
	bare  bool   // the body is all there is: no page around it
}

// Error returns the fault for a log.
func (f *fault) Error() string { return f.body }

// errorTitle is the title of most pages that tell of an error.
const errorTitle = "iTop - Export"

// paragraph is a fault in one paragraph of a text.
func paragraph(text string) *fault {
	return &fault{title: errorTitle, body: "<p>ERROR: " + wire.Escape(text) + "</p>"}
}

// withUsage is a fault in one paragraph of HTML, with the usage text below.
func withUsage(markup string) *fault {
	return &fault{title: errorTitle, body: "<p>ERROR: " + markup + "</p>" + usageHTML()}
}

// send writes a fault; on the command line as plain text.
func (s *Service) send(w http.ResponseWriter, r *gate.Request, f *fault) {
	if r.CommandLine {
		w.WriteHeader(http.StatusBadRequest)           // becomes the exit code
		_, _ = io.WriteString(w, terminalText(f.body)) // a reader that left is no trouble of ours
		return
	}
	h := w.Header()
	if f.bare {
		noCache(h)
		h.Set("Content-Disposition", `inline; filename=""`)
		h.Set("Content-Type", "text/html;charset=UTF-8")
		_, _ = io.WriteString(w, f.body)
		return
	}
	h.Set("Expires", "Thu, 19 Nov 1981 08:52:00 GMT")
	h.Set("Cache-Control", "no-store, no-cache, must-revalidate")
	h.Set("Pragma", "no-cache")
	h.Set("X-Frame-Options", "SAMEORIGIN")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Type", "text/html; charset=UTF-8")
	_, _ = io.WriteString(w, wire.Page(f.title, f.body))
}

// noCache sets the headers that keep an answer out of every cache.
func noCache(h http.Header) {
	h.Set("Expires", "0")
	h.Set("Cache-Control", "no-cache, no-store, must-revalidate")
	h.Set("Pragma", "no-cache")
	h.Set("X-Frame-Options", "SAMEORIGIN")
}

var tagsOff = strings.NewReplacer("</p>", "\n", "<p>", "", "<hr/>", "\n", "</div>", "",
	"&#039;", "'", "&quot;", `"`, "&lt;", "<", "&gt;", ">", "&amp;", "&")

// terminalText is a fault's body for a terminal.
func terminalText(body string) string {
	text := tagsOff.Replace(body)
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return text
}

// failed tells of an export that failed: as a page while nothing was sent, else
// by cutting the connection, since a table that just ends looks whole.
func (s *Service) failed(w http.ResponseWriter, r *gate.Request, out *answer, err error) {
	if f, ok := errors.AsType[*fault](err); ok && !out.begun {
		s.send(w, r, f)
		return
	}
	text := "internal error"
	if rollcall.KindOf(err) != rollcall.Internal {
		text = err.Error()
	}
	if r.HTTP == nil || r.HTTP.Context().Err() == nil {
		s.Log.Error("export failed", slog.Any("err", err))
	}
	switch {
	case !out.begun:
		s.send(w, r, paragraph("Export failed: '"+text+"'"))
	case r.CommandLine:
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = io.WriteString(w, "ERROR: Export failed: '"+text+"'\n")
	default:
		panic(http.ErrAbortHandler)
	}
}

// answer holds the headers of an export back until its first byte.
type answer struct {
	w      http.ResponseWriter
	header func(http.Header)
	begun  bool
}

// Write begins the answer.
func (a *answer) Write(p []byte) (int, error) {
	if !a.begun {
		a.begun = true
		a.header(a.w.Header())
	}
	return a.w.Write(p)
}
