// Package bench measures whole runs of the built program against the time that
// ldapsearch takes to read the same entries from the same server: `make bench`.
// What is measured of single parts lies beside them, as their own benchmarks.
package bench
