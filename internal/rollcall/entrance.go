package rollcall

import "time"

// Draw is a try that is taken from a bucket of tries, each of which comes back
// with time. It is how sign-in is limited.
type Draw struct {
	Bucket string
	Every  time.Duration // how long until one try comes back
	Room   time.Duration // how long until an empty bucket is full
}

// Session is somebody who signed in and shows a token from then on.
type Session struct {
	Hash    string // of the token
	Account ObjectID
	Seal    string    // of the account as it was, by the token: what changes the one breaks the other
	Since   time.Time // when it began
	Seen    time.Time // when it was used last, to within a minute
}
