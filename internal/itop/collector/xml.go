package collector

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/unicode"

	"rollcall/internal/rollcall"
)

// What a file of parameters may be at most: no real one comes near.
const (
	maxXMLSize  = 16 << 20
	maxXMLDepth = 64
	maxXMLNodes = 200_000
)

// parseXML reads a file of parameters. The root's name does not matter; each
// child is a parameter. Entities other than XML's own five are refused, whoever
// declared them: nothing is ever expanded or fetched.
func parseXML(file string, r io.Reader) (*Value, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxXMLSize+1))
	if err != nil {
		return nil, rollcall.Errorf(rollcall.Invalid, "Invalid Parameters file '%s': %w", file, err)
	}
	if len(text) > maxXMLSize {
		return nil, rollcall.Errorf(rollcall.Invalid, "Invalid Parameters file '%s': it is larger than %d MiB, which no file of parameters is", file, maxXMLSize>>20)
	}
	p := &xmlParser{file: file}
	text, charset, err := decodeUTF16(text)
	if err != nil {
		return nil, p.invalid("%s", err)
	}
	p.dec = xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff"))))
	p.dec.CharsetReader = charset
	root, err := p.root()
	if err != nil {
		if e, ok := errors.AsType[*rollcall.Error](err); ok {
			return nil, e
		}
		line, _ := p.dec.InputPos()
		return nil, rollcall.Errorf(rollcall.Invalid, "Invalid Parameters file '%s': (line: %d) %s", file, line, xmlReason(err))
	}
	return root, nil
}

// decodeUTF16 decodes a text that begins with the mark of UTF-16. Such a text says
// of itself, after decoding too, that it is UTF-16: charset takes no notice.
func decodeUTF16(text []byte) (decoded []byte, charset func(string, io.Reader) (io.Reader, error), err error) {
	if !bytes.HasPrefix(text, []byte{0xff, 0xfe}) && !bytes.HasPrefix(text, []byte{0xfe, 0xff}) {
		return text, charsetReader, nil
	}
	decoded, err = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Bytes(text)
	return decoded, func(_ string, r io.Reader) (io.Reader, error) { return r, nil }, err
}

// charsetReader reads files that declare another encoding than UTF-8.
func charsetReader(name string, r io.Reader) (io.Reader, error) {
	enc, err := ianaindex.IANA.Encoding(name)
	if err != nil || enc == nil {
		return nil, fmt.Errorf("the encoding %q is not known", name)
	}
	return enc.NewDecoder().Reader(r), nil
}

// xmlReason is the message of the XML reader without the line number that stands
// before it anyway.
func xmlReason(err error) string {
	if syntax, ok := errors.AsType[*xml.SyntaxError](err); ok {
		if strings.HasPrefix(syntax.Msg, "invalid character entity") {
			return syntax.Msg + ": only &amp; &lt; &gt; &quot; &apos; and &#…; are read, nothing else is expanded"
		}
		return syntax.Msg
	}
	return err.Error()
}

// element is one element while it is read.
type element struct {
	name     string
	kind     string // the attribute type
	text     strings.Builder
	children []*element
	hasNode  bool // anything at all inside: text, a comment, a child
}

type xmlParser struct {
	file  string
	dec   *xml.Decoder
	nodes int
}

func (p *xmlParser) invalid(format string, args ...any) error {
	return rollcall.Errorf(rollcall.Invalid, "Invalid Parameters file '%s': %s", p.file, fmt.Sprintf(format, args...))
}

func (p *xmlParser) root() (*Value, error) {
	for {
		token, err := p.dec.Token()
		if errors.Is(err, io.EOF) {
			return nil, errors.New("there is no element in it")
		}
		if err != nil {
			return nil, err
		}
		switch t := token.(type) {
		case xml.Directive:
			if bytes.Contains(t, []byte("ENTITY")) {
				line, _ := p.dec.InputPos()
				return nil, p.invalid("(line: %d) it declares entities, which are never expanded: write the values out", line)
			}
		case xml.StartElement:
			e, err := p.element(t, 1)
			if err != nil {
				return nil, err
			}
			if err := p.rest(); err != nil {
				return nil, err
			}
			if !e.hasNode {
				return nil, p.invalid("")
			}
			root := hash()
			for _, child := range e.children {
				v, err := p.value(child)
				if err != nil {
					return nil, err
				}
				root.set(child.name, v)
			}
			return root, nil
		}
	}
}

// rest reads what follows the root, which must be nothing.
func (p *xmlParser) rest() error {
	for {
		token, err := p.dec.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.StartElement:
			return errors.New("Extra content at the end of the document") //nolint:staticcheck // libxml's words
		case xml.CharData:
			if len(bytes.TrimSpace(t)) > 0 {
				return errors.New("Extra content at the end of the document") //nolint:staticcheck // libxml's words
			}
		}
	}
}

func (p *xmlParser) element(start xml.StartElement, depth int) (*element, error) {
	if p.nodes++; depth > maxXMLDepth || p.nodes > maxXMLNodes {
		return nil, p.invalid("it is nested too deep or has too many elements")
	}
	e := &element{name: start.Name.Local}
	for _, a := range start.Attr {
		if a.Name.Space == "" && a.Name.Local == "type" {
			e.kind = a.Value
		}
	}
	for {
		token, err := p.dec.Token()
		if errors.Is(err, io.EOF) {
			return nil, errors.New("Premature end of data in tag " + e.name)
		}
		if err != nil {
			return nil, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			child, err := p.element(t, depth+1)
			if err != nil {
				return nil, err
			}
			e.children, e.hasNode = append(e.children, child), true
		case xml.CharData:
			e.text.Write(t)
			e.hasNode = e.hasNode || len(t) > 0
		case xml.Comment:
			e.hasNode = true
		case xml.EndElement:
			return e, nil
		}
	}
}

// value gives an element its type: the attribute's, else a hash when it has
// children and a text when it has none.
func (p *xmlParser) value(e *element) (*Value, error) {
	switch e.kind {
	case "int", "integer":
		return scalar(strconv.Itoa(phpInt(e.text.String()))), nil
	case "array":
		return p.list(e)
	case "hash":
		return p.hash(e)
	case "":
		if len(e.children) > 0 {
			return p.hash(e)
		}
	}
	return scalar(e.text.String()), nil
}

func (p *xmlParser) list(e *element) (*Value, error) {
	list := hash()
	for _, child := range e.children {
		if first := e.children[0].name; child.name != first {
			return nil, p.invalid("mixed tags ('%s' and '%s') inside array '%s'", first, child.name, e.name)
		}
		v, err := p.value(child)
		if err != nil {
			return nil, err
		}
		list.add(v)
	}
	return list, nil
}

func (p *xmlParser) hash(e *element) (*Value, error) {
	h := hash()
	for _, child := range e.children {
		if h.Get(child.name) != nil {
			return nil, p.invalid("duplicate tags '%s' inside hash '%s'", child.name, e.name)
		}
		v, err := p.value(child)
		if err != nil {
			return nil, err
		}
		h.set(child.name, v)
	}
	return h, nil
}

// phpInt reads the number that a text begins with, as a PHP cast does.
func phpInt(text string) int {
	text = strings.TrimLeft(text, " \t\n\r\v\f")
	end := 0
	for end < len(text) && (text[end] >= '0' && text[end] <= '9' || end == 0 && (text[0] == '-' || text[0] == '+')) {
		end++
	}
	n, _ := strconv.Atoi(text[:end])
	return n
}
