package directory

import (
	"context"
	"fmt"
	"time"

	"rollcall/internal/rollcall"
)

// bind signs in as configured.
func (c *Conn) bind(b Bind) error {
	if err := b.validate(); err != nil {
		return err
	}
	switch b.Method {
	case BindSimple:
		return c.simpleBind(b.User, b.Password.Reveal())
	case BindExternal:
		_, _, err := c.saslStep("EXTERNAL", []byte{})
		return err
	case BindNTLM:
		return c.ntlmBind(b)
	case BindKerberos:
		return c.kerberosBind(b)
	}
	return c.simpleBind("", "")
}

// bindWhat names what a bind attempts, for its errors.
func (c *Conn) bindWhat() string {
	b := c.cfg.Bind
	switch b.Method {
	case BindAnonymous:
		return fmt.Sprintf("bind anonymously to %s", c.end.text)
	case BindSimple:
		return fmt.Sprintf("bind to %s as %s", c.end.text, b.User)
	case BindExternal:
		return fmt.Sprintf("bind to %s by SASL EXTERNAL", c.end.text)
	}
	user := b.User
	if user == "" {
		user = "the owner of " + b.CCache
	}
	return fmt.Sprintf("bind to %s as %s by %s", c.end.text, user, b.Method)
}

func (c *Conn) simpleBind(user, password string) error {
	body := appendInt(nil, tagInteger, 3)
	body = appendString(body, tagOctets, user)
	body = appendString(body, tagSimplePassword, password)
	var controls []byte
	if user != "" {
		controls = appendControls(nil, []Control{{OID: oidPasswordPolicy}})
	}
	m, err := c.roundTrip(appendElement(nil, opBindRequest, body), controls)
	if err != nil {
		return err
	}
	r, _, ok := parseResult(m.body)
	if !ok || m.op != opBindResponse {
		return errMalformed
	}
	if r.Code != codeSuccess {
		r.policy = policyReason(m.controls)
		return &r
	}
	return nil
}

// saslStep sends one token of a SASL bind and returns the server's. More says
// that the server expects another; a nil token sends none at all.
func (c *Conn) saslStep(mechanism string, token []byte) (answer []byte, more bool, err error) {
	sasl := appendString(nil, tagOctets, mechanism)
	if token != nil {
		sasl = appendElement(sasl, tagOctets, token)
	}
	body := appendInt(nil, tagInteger, 3)
	body = appendString(body, tagOctets, "")
	body = appendElement(body, tagSASLBind, sasl)
	m, err := c.roundTrip(appendElement(nil, opBindRequest, body), nil)
	if err != nil {
		return nil, false, err
	}
	r, rest, ok := parseResult(m.body)
	if !ok || m.op != opBindResponse {
		return nil, false, errMalformed
	}
	if len(rest) > 0 && rest[0] == tagSASLCredentials {
		if answer, _, ok = expect(rest, tagSASLCredentials); !ok {
			return nil, false, errMalformed
		}
	}
	switch r.Code {
	case codeSuccess:
		return answer, false, nil
	case codeSASLInProgress:
		return answer, true, nil
	}
	return nil, false, &r
}

// Authenticate binds anew on the same connection as another user, to check a
// password. The connection stays bound as that user when it succeeds and is
// anonymous when it does not. The server has the connect timeout to answer.
func (c *Conn) Authenticate(ctx context.Context, user string, password rollcall.Secret) error {
	b := Bind{Method: BindSimple, User: user, Password: password}
	if err := b.validate(); err != nil {
		return err
	}
	release := c.deadline(ctx, time.Now().Add(c.cfg.ConnectTimeout))
	defer release()
	if err := c.simpleBind(user, password.Reveal()); err != nil {
		return c.fail(ctx, fmt.Sprintf("bind to %s as %s", c.end.text, user), err, c.cfg.ConnectTimeout)
	}
	return nil
}
