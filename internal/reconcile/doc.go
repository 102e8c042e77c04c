// Package reconcile is the decision: who is new, who changed, who is gone, and
// what follows for the object of each. It is pure: no clock, no log, no
// database; the same input gives the same answer. The engine feeds it and
// carries the answers out.
//
// Three questions, three parts:
//
//	Index    compares every entry of a load with the replicas: new, changed, missing
//	Join     what a new entry does with the objects its join rule found
//	Differ   which attributes of an object follow their entry, under each policy
//	Absent   what follows for an entry that a complete load did not contain
package reconcile
