package collector

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"

	"rollcall/internal/directory"
	"rollcall/internal/rollcall"
)

// clientTLS reads the TLS settings of OpenLDAP's own configuration, which is
// where users of the original keep them: ldap.conf of the system, ldaprc and
// .ldaprc of the user, ldaprc of the current folder, then the environment
// (ldap.conf(5)).
func clientTLS(l *logger) (directory.TLS, error) {
	settings := map[string]string{}
	if os.Getenv("LDAPNOINIT") == "" {
		for _, file := range ldapConfFiles() {
			readLDAPConf(file, settings)
		}
		for _, e := range os.Environ() {
			if name, value, ok := strings.Cut(e, "="); ok && strings.HasPrefix(name, "LDAPTLS_") {
				settings[strings.TrimPrefix(name, "LDAP")] = value
			}
		}
	}
	t := directory.TLS{CAFile: settings["TLS_CACERT"], CertFile: settings["TLS_CERT"], KeyFile: settings["TLS_KEY"]}
	switch strings.ToLower(settings["TLS_REQCERT"]) {
	case "", "demand", "hard", "try":
	case "never", "allow":
		t.SkipVerify = true
	default:
		return t, rollcall.Errorf(rollcall.Invalid, "TLS_REQCERT %q of the LDAP configuration is none of never, allow, try, demand, hard", settings["TLS_REQCERT"])
	}
	if settings["TLS_CACERTDIR"] != "" && t.CAFile == "" {
		l.noticef("TLS_CACERTDIR of the LDAP configuration is not read: name one file of certificates with TLS_CACERT or <ldap_tls_ca>.")
	}
	if _, err := os.Stat(t.CAFile); t.CAFile != "" && err != nil && settings["TLS_CACERT"] == "/etc/ssl/certs/ca-certificates.crt" {
		t.CAFile = "" // what Debian's ldap.conf names whether it is there or not
	}
	return t, nil
}

// ldapConfFiles lists the configuration files, the later one wins.
func ldapConfFiles() []string {
	files := []string{"/etc/openldap/ldap.conf", "/etc/ldap/ldap.conf"}
	home, err := os.UserHomeDir()
	if err == nil {
		files = append(files, filepath.Join(home, "ldaprc"), filepath.Join(home, ".ldaprc"))
	}
	files = append(files, "ldaprc")
	if file := os.Getenv("LDAPCONF"); file != "" {
		files = append(files, file)
	}
	if name := os.Getenv("LDAPRC"); name != "" {
		if err == nil {
			files = append(files, filepath.Join(home, name), filepath.Join(home, "."+name))
		}
		files = append(files, name)
	}
	return files
}

// readLDAPConf reads one file: a keyword and its value per line.
func readLDAPConf(file string, settings map[string]string) {
	f, err := os.Open(file)
	if err != nil {
		return // most of them do not exist
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		at := strings.IndexAny(line, " \t")
		if at < 0 {
			continue
		}
		settings[strings.ToUpper(line[:at])] = strings.Trim(strings.TrimSpace(line[at:]), `"`)
	}
}
