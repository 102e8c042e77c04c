package rollcall

// farthest is how far a suggestion may be from what was written.
const farthest = 3

// Nearest returns the first of the candidates that are nearest to what somebody
// wrote, for a message; "" when none is within three letters put in, taken out or
// changed.
func Nearest(found string, candidates []string) string {
	best, near := "", farthest+1
	for _, c := range candidates {
		if d := editDistance(found, c, near); d < near {
			best, near = c, d
		}
	}
	return best
}

// editDistance is the edit distance in bytes, or most where it is that or more.
func editDistance(a, b string, most int) int {
	if len(a)-len(b) >= most || len(b)-len(a) >= most {
		return most
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			step := diagonal
			if a[i] != b[j] {
				step = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], step
		}
	}
	return min(row[len(b)], most)
}
