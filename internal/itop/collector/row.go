package collector

// cell is one value of a row. Absent is the original's null: it becomes empty,
// or <NULL> for an attribute that is nullified.
type cell struct {
	text   []byte
	absent bool
}

// row is what a collector hands over: the values of named columns. Rows of one
// shape share their columns.
type row struct {
	columns []string
	cells   []cell
}

// find returns the place of a column, -1 when there is none.
func (r *row) find(column string) int {
	for i, c := range r.columns {
		if c == column {
			return i
		}
	}
	return -1
}
