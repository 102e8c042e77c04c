package rollcall

import "time"

// NoticeState is how far a notice has come.
type NoticeState string

// The states of a notice.
const (
	NoticeWaiting NoticeState = "waiting"
	NoticeSent    NoticeState = "sent"
	NoticeFailed  NoticeState = "failed" // given up, after the last try or a refusal for good
)

// Notice is a message to people about what happened. It is kept until it is
// sent, so that a mail server that is down costs nothing but time.
type Notice struct {
	ID       int64
	Created  time.Time
	To       []string // mail addresses
	Subject  string
	Text     string // plain text
	HTML     string // the same in HTML; "" for none
	State    NoticeState
	Attempts int
	Next     time.Time // when to try again; zero: at once
	Error    string    // of the last try
}
