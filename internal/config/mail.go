package config

import (
	"net"
	"net/mail"
	"strconv"

	"rollcall/internal/rollcall"
)

// The ways to encrypt the connection to a mail server.
const (
	MailTLS      = "tls"
	MailStartTLS = "starttls"
	MailPlain    = "none"
)

// Mail says through which SMTP server notices go out. The zero value sends none.
type Mail struct {
	Position
	Host     string
	Port     int    // 0 for what is usual
	TLS      string // one of the ways to encrypt, never empty in a Mail that is given
	CA       string // path
	User     string // "" for no sign-in
	Password rollcall.Secret
	From     string
}

func (m *Mail) read(r *reader, v *value) {
	*m = Mail{Position: v.Position, TLS: MailStartTLS}
	var server string
	known := keys{
		"server":   r.text(&server),
		"tls":      choice(r, &m.TLS, words(MailTLS, MailStartTLS, MailPlain)),
		"ca":       r.file(&m.CA),
		"user":     r.text(&m.User),
		"password": r.secret(&m.Password),
		"from":     r.text(&m.From),
	}
	for _, f := range v.fields { // a key that is misspelt may hold the password
		if known[f.key.Text] == nil && f.value.text != "" {
			r.secrets = append(r.secrets, f.value.text)
		}
	}
	r.section(v, "mail", known)
	if v.shape != mapping {
		return
	}
	if !r.lacks(v, "server") {
		m.split(r, v.get("server"), server)
	} else {
		r.problem(v.Position, "mail has no server, such as mail.example.com:587")
	}
	if r.lacks(v, "from") {
		r.problem(v.Position, "mail has no address to send from, such as from: rollcall@example.com")
	} else if _, err := mail.ParseAddress(m.From); err != nil {
		r.problem(v.get("from").Position, "%q is no mail address", m.From)
	}
	switch {
	case m.User == "" && m.Password != "":
		r.problem(v.Position, "mail has a password but no user")
	case m.User != "" && m.Password == "":
		r.problem(v.Position, "the password of mail's user %s is empty", m.User)
	case m.User != "" && m.TLS == MailPlain && !isLoopback(m.Host):
		r.warn(v.Position, "the password of mail's user crosses the network unencrypted; use tls: starttls")
	}
}

func (m *Mail) split(r *reader, v *value, server string) {
	m.Host = server
	host, text, err := net.SplitHostPort(server)
	if err != nil {
		if server == "" {
			r.problem(v.Position, "the mail server has no name")
		}
		return
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || port == 0 || host == "" {
		r.problem(v.Position, "%q is no mail server, such as mail.example.com:587", server)
		return
	}
	m.Host, m.Port = host, int(port)
}
