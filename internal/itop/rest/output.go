package rest

import (
	"net/http"
	"net/netip"

	"rollcall/internal/itop/gate"
)

// output is an answer on its way out. It is kept whole until it is flushed, so
// that an error can still take its place.
type output struct {
	w        http.ResponseWriter
	request  *gate.Request
	b        []byte
	started  bool
	callback string // of JSON-P
	keeps    bool   // note what is sent
	start    []byte // of what was sent, as far as it is noted
	length   int    // of all that was sent
}

// note keeps the beginning of what is about to be sent.
func (o *output) note() {
	if !o.keeps {
		return
	}
	o.length += len(o.b)
	o.start = append(o.start, o.b[:min(len(o.b), longestKept-len(o.start))]...)
}

// flush sends what there is. From then on an error can only break the answer off.
func (o *output) flush() error {
	o.note()
	if !o.started {
		o.started = true
		if o.callback = header(o.w, o.request); o.callback != "" {
			o.b = append([]byte(o.callback+"("), o.b...)
		}
	}
	_, err := o.w.Write(o.b)
	o.b = o.b[:0]
	return err
}

// finish sends the rest.
func (o *output) finish() {
	o.note()
	if !o.started {
		send(o.w, o.request, o.b)
		return
	}
	if o.callback != "" {
		o.b = append(o.b, ");"...)
	}
	_, _ = o.w.Write(o.b) // a client that left is no trouble of ours
}

// from returns where the request came from.
func (o *output) from() netip.Addr {
	if o.request.HTTP == nil {
		return netip.Addr{}
	}
	at, err := netip.ParseAddrPort(o.request.HTTP.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr()
}
