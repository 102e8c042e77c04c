// Package nodes tests several servers that share one PostgreSQL: they are killed,
// stopped in turn and cut off from their database while a timetable keeps them
// busy, and the registry must come to what one undisturbed run comes to.
package nodes
