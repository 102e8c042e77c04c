// Package jobs is the timetable and the queue: at the times of the timetable, and
// whenever somebody asks, a job is put into the queue, and whichever node is free
// carries it out. What a job does is its Runner's business.
//
// The queue is River's (riverqueue.com), in the database of the registry on
// PostgreSQL, so that several nodes share it, and in a file of its own beside the
// registry's on SQLite, which one server at a time serves.
//
// A job never overlaps itself: while one of an entry is queued, running or
// waiting for its next try, no second one is queued. A job that fails is tried
// again, ever later; after its last try it is parked and stays to be looked at
// and requeued. A job whose node was killed is put back into the queue by the
// next node that looks.
package jobs
