package server

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// Client tells who asks, and whether by TLS. The word of a web server in front
// (X-Forwarded-For, X-Forwarded-Proto) counts when its address is among proxies;
// anybody else's does not.
func Client(r *http.Request, proxies []netip.Prefix) (from netip.Addr, secure bool) {
	from, secure = peer(r), r.TLS != nil
	if !within(from, proxies) {
		return from, secure
	}
	secure = secure || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		from = hop.Unmap()
		if !within(from, proxies) {
			break
		}
	}
	return from, secure
}

// Vouched returns the login that a web server in front gives in a header, "" when
// the request does not come from one.
func Vouched(r *http.Request, header string, proxies []netip.Prefix) string {
	if header == "" || !within(peer(r), proxies) {
		return ""
	}
	return r.Header.Get(header)
}

// peer is the address at the other end of the connection.
func peer(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	return addr.Unmap().WithZone("")
}

func within(a netip.Addr, list []netip.Prefix) bool {
	for _, p := range list {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
