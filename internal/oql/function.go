package oql

import "strings"

// arity is how many arguments a function takes.
type arity struct{ least, most int }

// functions are the functions of the language. HOUR, MINUTE and SECOND are
// units of an interval and no functions.
var functions = map[string]arity{
	"IF": {3, 3}, "ELT": {2, maxArgs}, "COALESCE": {1, maxArgs}, "ISNULL": {1, 1},
	"CONCAT": {1, maxArgs}, "SUBSTR": {2, 3}, "TRIM": {1, 1},
	"DATE": {1, 1}, "DATE_FORMAT": {2, 2}, "CURRENT_DATE": {0, 0}, "NOW": {0, 0}, "TIME": {1, 1},
	"TO_DAYS": {1, 1}, "FROM_DAYS": {1, 1}, "YEAR": {1, 1}, "MONTH": {1, 1}, "DAY": {1, 1},
	"DATE_ADD": {2, 2}, "DATE_SUB": {2, 2}, "ROUND": {1, 2}, "FLOOR": {1, 1}, "INET_ATON": {1, 1}, "INET_NTOA": {1, 1},
}

// units are the units of an interval.
var units = map[string]bool{"SECOND": true, "MINUTE": true, "HOUR": true, "DAY": true, "MONTH": true, "YEAR": true}

// functionOf returns the function that a token of some kind names.
func functionOf(k kind) (string, bool) {
	name, isFunction := strings.CutPrefix(string(k), "F_")
	if !isFunction {
		return "", false
	}
	_, known := functions[name]
	return name, known
}
