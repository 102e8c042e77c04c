// Package collector is the drop-in for iTop's stand-alone data collectors: run
// in a folder laid out like theirs, it reads the same parameters, collects into
// the same CSV files, keeps the same data source definitions in iTop and uploads
// in the same requests (collector framework 8a79f3b and LDAP collector 1d0e2f0
// against iTop 3.2.0, observed). What it does better is listed in
// docs/differences.md; the parameter strict brings back the old outcome where
// somebody could depend on it.
//
// Directories and other sources are read by the rooms below internal/source, and
// iTop is asked through internal/itop/client; this package decides nothing about
// objects, which is iTop's work.
package collector
