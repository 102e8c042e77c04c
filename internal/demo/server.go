package demo

import (
	"bufio"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"rollcall/internal/rollcall"
)

// maxMessage is the longest request that the server reads, in bytes.
const maxMessage = 1 << 20

// Serve answers LDAP clients on l until ctx ends, then closes l and all
// connections and returns nil once every goroutine of its own has ended. Any
// other error of l is returned. A Directory may be served on several listeners.
func (d *Directory) Serve(ctx context.Context, l net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	var sessions sync.WaitGroup
	defer sessions.Wait()
	defer cancel()
	defer context.AfterFunc(ctx, func() { _ = l.Close() })()
	for {
		conn, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			_ = l.Close()
			return fmt.Errorf("accept on %s: %w", l.Addr(), err)
		}
		sessions.Go(func() {
			defer conn.Close()
			defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
			s := &session{directory: d, in: bufio.NewReader(conn), out: bufio.NewWriter(conn)}
			_ = s.serve() // a client that breaks off or breaks the protocol is its own business
		})
	}
}

// session is one client's connection.
type session struct {
	directory *Directory
	in        *bufio.Reader
	out       *bufio.Writer
	user      string // the folded DN bound as; empty for anonymous
	sent      int64  // entries so far
}

var (
	errProtocol = errors.New("not an LDAP request")
	errCut      = errors.New("cut on purpose")
	errUnbind   = errors.New("the client has finished")
)

// serve answers requests one after the other until the client leaves.
func (s *session) serve() error {
	for {
		request, err := ber.ReadPacket(io.LimitReader(s.in, maxMessage))
		if err != nil {
			return err
		}
		err = s.answer(request)
		// What was written before a cut has been sent: the client got that far.
		if flushErr := s.out.Flush(); err == nil {
			err = flushErr
		}
		if err != nil {
			return err
		}
	}
}

// answer handles one LDAPMessage.
func (s *session) answer(request *ber.Packet) error {
	if len(request.Children) < 2 {
		return errProtocol
	}
	id, ok := request.Children[0].Value.(int64)
	op := request.Children[1]
	if !ok || op.ClassType != ber.ClassApplication {
		return errProtocol
	}
	controls, critical := parseControls(request)
	switch op.Tag {
	case ldap.ApplicationUnbindRequest:
		return errUnbind
	case ldap.ApplicationAbandonRequest:
		return nil // it has been answered: requests are handled in turn
	}
	reply, known := replies[op.Tag]
	if !known {
		return errProtocol
	}
	if critical != "" {
		return s.result(id, reply, ldap.LDAPResultUnavailableCriticalExtension, "no such control: "+critical)
	}
	switch op.Tag {
	case ldap.ApplicationBindRequest:
		return s.bind(id, op)
	case ldap.ApplicationSearchRequest:
		return s.search(id, op, controls)
	case ldap.ApplicationExtendedRequest:
		return s.result(id, reply, ldap.LDAPResultProtocolError, "unsupported extended operation")
	}
	return s.result(id, reply, ldap.LDAPResultUnwillingToPerform, "the sample directory is read only")
}

// replies names the response to each request.
var replies = map[ber.Tag]ber.Tag{
	ldap.ApplicationBindRequest:     ldap.ApplicationBindResponse,
	ldap.ApplicationSearchRequest:   ldap.ApplicationSearchResultDone,
	ldap.ApplicationModifyRequest:   ldap.ApplicationModifyResponse,
	ldap.ApplicationAddRequest:      ldap.ApplicationAddResponse,
	ldap.ApplicationDelRequest:      ldap.ApplicationDelResponse,
	ldap.ApplicationModifyDNRequest: ldap.ApplicationModifyDNResponse,
	ldap.ApplicationCompareRequest:  ldap.ApplicationCompareResponse,
	ldap.ApplicationExtendedRequest: ldap.ApplicationExtendedResponse,
}

// bind handles a simple bind, anonymous or with a password.
func (s *session) bind(id int64, op *ber.Packet) error {
	const reply = ldap.ApplicationBindResponse
	if len(op.Children) < 3 {
		return errProtocol
	}
	s.user = "" // whatever comes of it (RFC 4513, section 4)
	version, _ := op.Children[0].Value.(int64)
	name, method := text(op.Children[1]), op.Children[2]
	switch password := text(method); {
	case version != 3:
		return s.result(id, reply, ldap.LDAPResultProtocolError, "only version 3 is spoken here")
	case method.Tag != 0:
		return s.result(id, reply, ldap.LDAPResultAuthMethodNotSupported, "simple binds only")
	case name == "" && password == "":
		return s.result(id, reply, ldap.LDAPResultSuccess, "")
	case password == "":
		return s.result(id, reply, ldap.LDAPResultUnwillingToPerform, "unauthenticated bind (DN with no password) disallowed")
	case !s.directory.view().accepts(rollcall.FoldDN(name), password):
		return s.result(id, reply, ldap.LDAPResultInvalidCredentials, "")
	}
	s.user = rollcall.FoldDN(name)
	return s.result(id, reply, ldap.LDAPResultSuccess, "")
}

// accepts reports whether a password is that of an account that may sign in.
func (v *view) accepts(fold, password string) bool {
	e := v.byDN[fold]
	if e == nil || len(e.stored("pwdAccountLockedTime")) > 0 {
		return false
	}
	for _, stored := range e.stored("userPassword") {
		if stored != "" && subtle.ConstantTimeCompare([]byte(stored), []byte(password)) == 1 {
			return true
		}
	}
	return false
}

// result sends the response that ends an operation.
func (s *session) result(id int64, reply ber.Tag, code int64, message string, controls ...ldap.Control) error {
	op := ber.Encode(ber.ClassApplication, ber.TypeConstructed, reply, nil, "")
	op.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, code, ""))
	op.AppendChild(octets(""))
	op.AppendChild(octets(message))
	return s.send(id, op, controls...)
}

func (s *session) send(id int64, op *ber.Packet, controls ...ldap.Control) error {
	message := ber.NewSequence("")
	message.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, id, ""))
	message.AppendChild(op)
	if len(controls) > 0 {
		list := ber.Encode(ber.ClassContext, ber.TypeConstructed, 0, nil, "")
		for _, c := range controls {
			list.AppendChild(c.Encode())
		}
		message.AppendChild(list)
	}
	_, err := s.out.Write(message.Bytes())
	return err
}

func octets(value string) *ber.Packet {
	return ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, value, "")
}
