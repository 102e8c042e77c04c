// Package notify tells people what happened: it words the notices of runs, keeps
// an outbox going and sends mail. Who is told is said by the data source's
// contact; keeping notices is the store's business.
package notify
