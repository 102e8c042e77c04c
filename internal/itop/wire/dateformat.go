package wire

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// DateFormat is a date and time format as iTop's parameters spell it: the
// letters d j m n Y y H h G g i s a A, a backslash before a letter that is
// meant itself, anything else as it stands. The older spelling with percent
// signs (%d/%m/%Y) is understood too.
type DateFormat struct {
	text  string
	parts []datePart
	shape *regexp.Regexp
}

// datePart is one letter of the format, or a text between letters.
type datePart struct {
	letter byte // 0: literal
	text   string
}

const (
	dateLetters = "djmnYy"
	timeLetters = "HhGgisaA"
)

// letterShapes gives for each letter what its text looks like.
var letterShapes = map[byte]string{
	'd': `0[1-9]|[12]\d|3[01]`, 'j': `[1-9]|[12]\d|3[01]`,
	'm': `0[1-9]|1[0-2]`, 'n': `[1-9]|1[0-2]`,
	'Y': `\d{4}`, 'y': `\d{2}`,
	'H': `[01]\d|2[0-3]`, 'h': `0[1-9]|1[0-2]`, 'G': `1\d|2[0-3]|\d`, 'g': `1[0-2]|[1-9]`,
	'i': `[0-5]\d`, 's': `[0-5]\d`, 'a': `am|pm`, 'A': `AM|PM`,
}

// longestFormat is more than any format needs; the rest of a longer one is left
// out, since a pattern is made of it.
const longestFormat = 255

// NewDateFormat reads a format. Every text is a format.
func NewDateFormat(text string) *DateFormat {
	text = text[:min(len(text), longestFormat)]
	f := &DateFormat{text: text}
	old := strings.Contains(text, "%")
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '\\' && i+1 < len(text):
			i++
			f.literal(text[i])
		case old && c == '%' && i+1 < len(text) && strings.IndexByte("dmyYHis", text[i+1]) >= 0:
			i++
			f.parts = append(f.parts, datePart{letter: text[i]})
		case !old && strings.IndexByte(dateLetters+timeLetters, c) >= 0:
			f.parts = append(f.parts, datePart{letter: c})
		default:
			f.literal(c)
		}
	}
	var b strings.Builder
	b.WriteString(`\A`)
	for _, p := range f.parts {
		if p.letter == 0 {
			b.WriteString(regexp.QuoteMeta(p.text))
			continue
		}
		b.WriteString("(" + letterShapes[p.letter] + ")")
	}
	b.WriteString(`\z`)
	f.shape = regexp.MustCompile(strings.ToValidUTF8(b.String(), "�"))
	return f
}

func (f *DateFormat) literal(c byte) {
	if n := len(f.parts); n > 0 && f.parts[n-1].letter == 0 {
		f.parts[n-1].text += string([]byte{c})
		return
	}
	f.parts = append(f.parts, datePart{text: string([]byte{c})})
}

// String returns the format as it was given.
func (f *DateFormat) String() string { return f.text }

// DateOnly returns the part of the format that is made of date letters:
// "d/m/Y H:i" gives "d/m/Y".
func (f *DateFormat) DateOnly() *DateFormat {
	first, last := -1, -1
	for i, p := range f.parts {
		if p.letter != 0 && strings.IndexByte(dateLetters, p.letter) >= 0 {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	if first < 0 {
		return NewDateFormat("")
	}
	var b strings.Builder
	for _, p := range f.parts[first : last+1] {
		if p.letter == 0 {
			for i := range len(p.text) {
				if strings.IndexByte(dateLetters+timeLetters+`\%`, p.text[i]) >= 0 {
					b.WriteByte('\\')
				}
				b.WriteByte(p.text[i])
			}
			continue
		}
		b.WriteByte(p.letter)
	}
	return NewDateFormat(b.String())
}

// Parse reads a date and time. It reports false for a text of another shape; a
// day that does not exist, such as 31/02, rolls over, as in iTop 3.2.0.
func (f *DateFormat) Parse(text string) (time.Time, bool) {
	match := f.shape.FindStringSubmatch(text)
	if match == nil {
		return time.Time{}, false
	}
	year, month, day, hour, minute, second := 1970, 1, 1, 0, 0, 0
	half := ""
	n := 0
	for _, p := range f.parts {
		if p.letter == 0 {
			continue
		}
		n++
		v, _ := strconv.Atoi(match[n]) // of am and pm nothing is read
		switch p.letter {
		case 'd', 'j':
			day = v
		case 'm', 'n':
			month = v
		case 'Y':
			year = v
		case 'y':
			if year = 2000 + v; v >= 70 {
				year = 1900 + v
			}
		case 'H', 'h', 'G', 'g':
			hour = v
		case 'i':
			minute = v
		case 's':
			second = v
		case 'a', 'A':
			half = strings.ToLower(match[n])
		}
	}
	if half != "" {
		if hour %= 12; half == "pm" {
			hour += 12
		}
	}
	return time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC), true
}

// Format writes a time.
func (f *DateFormat) Format(t time.Time) string {
	var b strings.Builder
	for _, p := range f.parts {
		if p.letter == 0 {
			b.WriteString(p.text)
			continue
		}
		if p.letter == 'G' { // the one letter that package time lacks
			b.WriteString(strconv.Itoa(t.Hour()))
			continue
		}
		b.WriteString(t.Format(goLayouts[p.letter]))
	}
	return b.String()
}

// goLayouts spells each letter for package time.
var goLayouts = map[byte]string{
	'd': "02", 'j': "2", 'm': "01", 'n': "1", 'Y': "2006", 'y': "06",
	'H': "15", 'h': "03", 'g': "3", 'i': "04", 's': "05", 'a': "pm", 'A': "PM",
}
