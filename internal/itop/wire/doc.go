// Package wire holds what the answering and the asking end of iTop's protocol
// share: its CSV dialect, its charsets, its date formats, its pages and the
// names of attributes that no class declares. It knows no request and no store.
package wire
