package rollcall

import "time"

// NoticeKind is what a notice tells of.
type NoticeKind string

// The kinds of notices.
const (
	NoticeCompleted NoticeKind = "completed" // a run went through
	NoticeProblems  NoticeKind = "problems"  // it did, and entries are in trouble
	NoticeFailed    NoticeKind = "failed"    // a run failed; nothing changed
	NoticeHeld      NoticeKind = "held"      // a limit or a proof stopped a run; it waits for somebody
	NoticeLicences  NoticeKind = "licences"  // there are fewer licences than people who are to have one
	NoticeParked    NoticeKind = "parked"    // a job, or an entry of one, failed at its last try
)

// NoticeKinds lists the kinds of notices.
func NoticeKinds() []NoticeKind {
	return []NoticeKind{NoticeCompleted, NoticeProblems, NoticeFailed, NoticeHeld, NoticeLicences, NoticeParked}
}

// Notice is what people find in the application. Trouble that stays the same is
// one notice, told again, until a run finds it over.
type Notice struct {
	ID       int64      `json:"id"`
	Kind     NoticeKind `json:"kind"`
	Source   string     `json:"source,omitempty"`
	Run      int64      `json:"run,omitempty"` // the last one that it tells of
	Subject  string     `json:"subject"`
	Text     string     `json:"text"`
	Created  time.Time  `json:"created"`
	Told     time.Time  `json:"told"`          // the last time
	Times    int        `json:"times"`         // how often it was told
	Over     time.Time  `json:"over,omitzero"` // when a run found that it is over
	ReadAt   time.Time  `json:"read,omitzero"` // by whoever asks
	Accounts []string   `json:"-"`             // logins of whom it is for
	Profiles []string   `json:"-"`             // names of profiles of whom it is for
	Matter   string     `json:"-"`             // what makes it the same as one before
}

// NoticeReader is who asks for notices.
type NoticeReader struct {
	Login    string
	Profiles []string // names
	Operator bool     // sees all of them, whomever they are for
}

// NoticeFilter chooses notices, newest first.
type NoticeFilter struct {
	Reader NoticeReader
	Unread bool  // only those that the reader has not read
	Open   bool  // only those whose trouble is not over
	Before int64 // only those with a smaller ID, for the next page; 0 for the first
	Limit  int   // 0: all
}

// DispatchState is how far a dispatch has come.
type DispatchState string

// The states of a dispatch.
const (
	DispatchWaiting DispatchState = "waiting"
	DispatchSent    DispatchState = "sent"
	DispatchFailed  DispatchState = "failed" // given up, after the last try or a refusal for good
)

// Channel is a way out of the application.
type Channel string

// The channels.
const (
	ChannelMail    Channel = "mail"
	ChannelWebhook Channel = "webhook"
)

// Dispatch is a message that leaves the application. It is kept until it is
// sent, so that a server that is down costs nothing but time.
type Dispatch struct {
	ID       int64
	Channel  Channel
	Created  time.Time
	To       []string // mail addresses, or the name of a webhook
	Subject  string   // of a mail; of a webhook the event
	Text     string   // plain text; of a webhook its body
	HTML     string   // the same in HTML; "" for none
	State    DispatchState
	Attempts int
	Next     time.Time // when to try again; zero: at once
	Error    string    // of the last try
}
