// Package engine carries out a run: collect, stage, reconcile, apply, report.
//
// A run reads its sources completely before it touches the database: every
// entry is compared with its replica by hash, and only those that are new,
// changed or not at rest are mapped and kept in a spool file. Then one write
// transaction decides and applies them source by source, removals last and in
// reverse order so that dependents go first. A sync commits that transaction; a
// plan, a passed limit, an error, a signal or a crash rolls it back. So a dry
// run is the same code, and there is no half-applied run to repair.
//
// What is read is left to source kinds, what is decided to reconcile, how an
// object changes to registry, how rows are kept to store.
package engine
