// Package synchro answers synchro_import.php and synchro_exec.php: rows come in
// as CSV, go into the data table of a data source, and a run takes them over.
// The texts are those of iTop 3.2.0, observed; what differs is listed in
// docs/differences.md. Who may come in is decided by the gate, what a row
// becomes by the engine.
package synchro
