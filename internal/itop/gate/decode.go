package gate

import (
	"bytes"
	"io"
)

// decoder reads application/x-www-form-urlencoded text in pieces, as PHP does: a
// percent sign that starts no code stands for itself, of several values of one
// name the last counts, and after a number of fields no more are taken.
type decoder struct {
	most   int // fields
	fields int

	name    []byte
	value   io.Writer // nil while the name is read
	pending []byte    // an escape that a piece ended in
	out     []byte
}

// begin makes the writer of one value. When the writer has a method Close, it is
// called at the end of the value.
type begin func(name string) (io.Writer, error)

// feed takes the next piece.
func (d *decoder) feed(piece []byte, start begin) error {
	if len(d.pending) > 0 {
		piece = append(d.pending, piece...)
		d.pending = nil
	}
	for i := 0; i < len(piece); i++ {
		c := piece[i]
		switch {
		case c == '&':
			if err := d.end(start); err != nil {
				return err
			}
		case c == '=' && d.value == nil:
			if err := d.startValue(start); err != nil {
				return err
			}
		case c == '%' && i+2 >= len(piece):
			d.pending = append([]byte(nil), piece[i:]...)
			return d.flush()
		case c == '%':
			high, low := unhex(piece[i+1]), unhex(piece[i+2])
			if high < 0 || low < 0 {
				d.put('%')
				continue
			}
			d.put(byte(high<<4 | low))
			i += 2
		case c == '+':
			d.put(' ')
		default:
			i = d.run(piece, i)
		}
	}
	return d.flush()
}

// run takes all bytes that stand for themselves from i on, and returns the index
// of the last one.
func (d *decoder) run(piece []byte, i int) int {
	j := i + 1
	for j < len(piece) && !special[piece[j]] {
		j++
	}
	if d.value != nil {
		d.out = append(d.out, piece[i:j]...)
	} else {
		d.putName(piece[i:j])
	}
	return j - 1
}

var special = [256]bool{'&': true, '=': true, '%': true, '+': true}

func (d *decoder) put(c byte) {
	if d.value != nil {
		d.out = append(d.out, c)
	} else {
		d.putName([]byte{c})
	}
}

// putName adds to a name what counts of it: blanks do not at its start, and of a
// name that is too long no more is kept than shows that it is.
func (d *decoder) putName(b []byte) {
	if len(d.name) == 0 {
		b = bytes.TrimLeft(b, " ")
	}
	d.name = append(d.name, b[:min(len(b), longestName+1-len(d.name))]...)
}

// startValue ends a name.
func (d *decoder) startValue(start begin) (err error) {
	name := phpName(string(d.name))
	d.name = d.name[:0]
	d.fields++
	if name == "" || len(name) > longestName || d.fields > d.most {
		d.value = io.Discard
		return nil
	}
	d.value, err = start(name)
	return err
}

// flush hands what is decoded to the value's writer.
func (d *decoder) flush() error {
	if d.value == nil || len(d.out) == 0 {
		return nil
	}
	_, err := d.value.Write(d.out)
	d.out = d.out[:0]
	return err
}

// finish takes the end of the text. An escape that was cut off stands for
// itself.
func (d *decoder) finish(start begin) error {
	for len(d.pending) > 0 {
		rest := d.pending[1:]
		d.pending = nil
		d.put('%')
		if err := d.feed(rest, start); err != nil {
			return err
		}
	}
	return d.end(start)
}

// end ends a field.
func (d *decoder) end(start begin) error {
	if d.value == nil {
		if len(d.name) == 0 {
			return nil
		}
		if err := d.startValue(start); err != nil {
			return err
		}
	}
	if err := d.flush(); err != nil {
		return err
	}
	value := d.value
	d.value = nil
	if c, ok := value.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
