package demo

import (
	"strconv"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// paging is the control of RFC 2696 in a request.
type paging struct {
	size  int64
	after int64 // the seq of the last entry of the page before
}

// controls is what a request asks for besides its operation.
type controls struct {
	page   *paging
	broken bool // the paging control cannot be read, or its cookie is not ours
}

// manageDSAIT asks for referrals to be shown as entries; there are none here.
const manageDSAIT = "2.16.840.1.113730.3.4.2"

// parseControls reads a request's controls and names the first critical one
// that the server does not know.
func parseControls(request *ber.Packet) (c controls, critical string) {
	if len(request.Children) < 3 {
		return c, ""
	}
	for _, control := range request.Children[2].Children {
		if len(control.Children) == 0 {
			continue
		}
		oid, isCritical, value := text(control.Children[0]), false, ""
		for _, part := range control.Children[1:] {
			if b, ok := part.Value.(bool); ok {
				isCritical = b
			} else {
				value = text(part)
			}
		}
		switch oid {
		case ldap.ControlTypePaging:
			c.page, c.broken = parsePaging(value)
		case manageDSAIT:
		default:
			if isCritical && critical == "" {
				critical = oid
			}
		}
	}
	return c, critical
}

func parsePaging(value string) (page *paging, broken bool) {
	p, err := ber.DecodePacketErr([]byte(value))
	if err != nil || len(p.Children) != 2 {
		return nil, true
	}
	size, ok := p.Children[0].Value.(int64)
	if !ok || size < 0 {
		return nil, true
	}
	page = &paging{size: size}
	if cookie := text(p.Children[1]); cookie != "" {
		// The cookie is the place in the order of entries. It holds across
		// changes and connections, so the server remembers nothing.
		if page.after, err = strconv.ParseInt(cookie, 36, 64); err != nil || page.after < 1 {
			return nil, true
		}
	}
	return page, false
}

// pageEnd returns the control that goes with a page: last is the seq of its last
// entry when more follow, 0 when none do.
func pageEnd(last int64) ldap.Control {
	c := ldap.NewControlPaging(0)
	if last > 0 {
		c.SetCookie([]byte(strconv.FormatInt(last, 36)))
	}
	return c
}
