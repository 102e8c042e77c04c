package jsonfile

import (
	"net/url"
	"strconv"
	"strings"

	"rollcall/internal/rollcall"
)

// Paging says how a document at an address goes on in further ones. Its zero
// value is one that does not.
type Paging struct {
	Next  string // the path, in each document, of the address of the next
	Page  string // the parameter of the address that takes the number of a page
	First int    // the number of the first page
	Total string // the path, in each document, of how many elements there are in all
}

// IsZero reports whether the document does not go on.
func (p Paging) IsZero() bool { return p.Next == "" && p.Page == "" && p.Total == "" }

// Validate says what contradicts itself.
func (p Paging) Validate() error {
	switch {
	case p.Next != "" && p.Page != "":
		return rollcall.Errorf(rollcall.Invalid, "there are both next and page: a document names the next one, or pages have numbers")
	case p.Total != "" && p.Next == "" && p.Page == "":
		return rollcall.Errorf(rollcall.Invalid, "total counts the elements of several pages: say how the next one is asked for, by next or page")
	case p.First < 0 || p.First != 0 && p.Page == "":
		return rollcall.Errorf(rollcall.Invalid, "first_page is the number of the first page, from 0 on, and goes with page")
	}
	return nil
}

// maxPages ends a source that goes on and on.
const maxPages = 100_000

// Pages follows the documents of one source, one after the other.
type Pages struct {
	Paging
	address *url.URL
	number  int
	count   int // of documents
	read    int // elements
	total   int // -1 while nothing said it
	seen    map[string]bool
	last    [32]byte // digest of the last document
}

// Start begins with the document at an address.
func (p Paging) Start(address string) (*Pages, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, rollcall.Errorf(rollcall.Invalid, "the url is no address that can be asked")
	}
	s := &Pages{Paging: p, address: u, number: p.First, total: -1, seen: map[string]bool{}}
	s.turn()
	return s, nil
}

// Address returns the address of the present document.
func (s *Pages) Address() string { return s.address.String() }

// Number returns how many documents there are so far, the present one included.
func (s *Pages) Number() int { return s.count + 1 }

// turn writes the number of the page into the address.
func (s *Pages) turn() {
	if s.Page == "" {
		return
	}
	u := *s.address
	q := u.Query()
	q.Set(s.Page, strconv.Itoa(s.number))
	u.RawQuery = q.Encode()
	s.address = &u
}

// Elements returns the elements of the present document: those at a path, or the
// root's. An empty list is the end of several pages; in the first it is an error,
// as nothing at the path is in any.
func (s *Pages) Elements(root any, path string) ([]any, bool) {
	if s.count > 0 && isEmptyList(root, path) {
		return nil, true
	}
	if path == "" {
		return Elements(root), true
	}
	return Select(root, path)
}

// isEmptyList reports whether a path without * leads to a list without elements.
func isEmptyList(root any, path string) bool {
	if path != "" {
		for step := range strings.SplitSeq(path, "/") {
			var ok bool
			if root, ok = member(root, step); !ok {
				return false
			}
		}
	}
	list, ok := root.([]any)
	return ok && len(list) == 0
}

// Go goes on to the next document, if there is one: root is the present one, n
// the number of its elements, and digest is of its text. At the end it proves,
// where the documents say how many elements there are, that all were read.
func (s *Pages) Go(root any, n int, digest [32]byte) (more bool, err error) {
	s.read += n
	if err := s.tally(root, digest); err != nil {
		return false, err
	}
	switch {
	case s.Next != "":
		more, err = s.follow(root)
	case s.Page != "":
		if more = n > 0 && (s.total < 0 || s.read < s.total); more {
			s.number++
			s.turn()
		}
	}
	if err != nil || more {
		return more, err
	}
	if s.total >= 0 && s.read != s.total {
		return false, rollcall.Errorf(rollcall.Unavailable, "the read is not whole: the pages hold %d elements, and %s says %d", s.read, s.Total, s.total)
	}
	return false, nil
}

// tally counts a document and looks at what it says of all of them.
func (s *Pages) tally(root any, digest [32]byte) error {
	if s.count > 0 && digest == s.last {
		return rollcall.Errorf(rollcall.Invalid, "page %d is the same as the one before: does the server know the parameter or the address by which it was asked for?", s.count+1)
	}
	s.count, s.last = s.count+1, digest
	if s.count > maxPages {
		return rollcall.Errorf(rollcall.Invalid, "there are more than %d pages: does this end?", maxPages)
	}
	if s.Total == "" {
		return nil
	}
	v, _ := Lookup(root, s.Total)
	total, err := strconv.Atoi(scalarText(v))
	if err != nil || total < 0 {
		return rollcall.Errorf(rollcall.Invalid, "page %d has no number at the path %q, which is to say how many elements there are", s.count, s.Total)
	}
	if s.total >= 0 && s.total != total {
		return rollcall.Errorf(rollcall.Unavailable, "there were %d elements when the read began and %d at page %d: elements may have moved between pages, so the read may not be whole", s.total, total, s.count)
	}
	s.total = total
	return nil
}

// follow takes the address of the next document from the present one.
func (s *Pages) follow(root any) (bool, error) {
	v, ok := Lookup(root, s.Next)
	text, isText := v.(string)
	switch {
	case !ok || isText && text == "":
		return false, nil // null, empty or not there
	case !isText:
		return false, rollcall.Errorf(rollcall.Invalid, "page %d has no address at the path %q", s.count, s.Next)
	}
	next, err := s.address.Parse(text)
	if err != nil {
		return false, rollcall.Errorf(rollcall.Invalid, "page %d names a next one that is no address", s.count)
	}
	// What a request carries must not go to another server.
	if next.Host != s.address.Host || next.Scheme != s.address.Scheme {
		return false, rollcall.Errorf(rollcall.Invalid, "page %d sends on to another server, %s://%s: the whole source must come from one", s.count, next.Scheme, next.Host)
	}
	s.seen[s.address.String()] = true
	if s.seen[next.String()] {
		return false, rollcall.Errorf(rollcall.Invalid, "page %d names one that was read already as the next: this does not end", s.count)
	}
	s.address = next
	return true, nil
}
