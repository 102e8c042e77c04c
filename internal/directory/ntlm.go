package directory

import (
	"errors"

	"github.com/Azure/go-ntlmssp"
)

// ntlmBind signs in by NTLMv2 within SASL GSS-SPNEGO, the form that Active
// Directory and Samba both take; the older Sicily form, which has no SASL around
// it, is refused by Samba. Neither signing nor sealing is asked for: use TLS.
func (c *Conn) ntlmBind(b Bind) error {
	hello, err := ntlmssp.NewNegotiateMessage("", "")
	if err != nil {
		return err
	}
	challenge, more, err := c.saslStep("GSS-SPNEGO", hello)
	if err != nil {
		return err
	}
	if !more || len(challenge) == 0 {
		return errors.New("the server ended the NTLM exchange before its challenge")
	}
	if inner := ntlmToken(challenge); inner != nil {
		challenge = inner
	}
	proof, err := ntlmssp.NewAuthenticateMessage(challenge, b.User, b.Password.Reveal(), nil)
	if err != nil {
		return err
	}
	if _, more, err = c.saslStep("GSS-SPNEGO", proof); err != nil {
		return err
	}
	if more {
		return errors.New("the server wants another step of the NTLM exchange, which there is not")
	}
	return nil
}

// ntlmToken finds the NTLM message within an SPNEGO wrapping, nil when there is
// no wrapping around it.
func ntlmToken(b []byte) []byte {
	const signature = "NTLMSSP\x00"
	for len(b) > 0 {
		tag, content, rest, ok := element(b)
		switch {
		case !ok:
			return nil
		case tag == tagOctets && len(content) > len(signature) && string(content[:len(signature)]) == signature:
			return content
		case tag&0x20 != 0: // constructed: look inside
			if inner := ntlmToken(content); inner != nil {
				return inner
			}
		}
		b = rest
	}
	return nil
}
