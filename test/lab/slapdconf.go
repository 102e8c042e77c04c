package lab

import (
	"fmt"
	"strings"
)

// configLDIF returns the content of cn=config.
func (s *SlapdServer) configLDIF() string {
	var b strings.Builder
	orElse := func(value, otherwise string) string {
		if value == "" {
			return otherwise
		}
		return value
	}
	lines := func(text string) string {
		if text = strings.TrimSpace(text); text != "" {
			return text + "\n"
		}
		return ""
	}
	fmt.Fprintf(&b, `dn: cn=config
objectClass: olcGlobal
cn: config
olcPidFile: %[1]s/slapd.pid
olcSizeLimit: %[2]s
olcTimeLimit: %[3]s
olcTLSCACertificateFile: %[4]s
olcTLSCertificateFile: %[5]s
olcTLSCertificateKeyFile: %[6]s
olcTLSVerifyClient: %[7]s
olcAuthzRegexp: {0}gidNumber=[0-9]+\+uidNumber=[0-9]+,cn=peercred,cn=external,cn=auth %[8]s
olcAuthzRegexp: {1}^cn=([^,]+)$ cn=$1,%[9]s
`, s.dir, orElse(s.cfg.SizeLimit, "unlimited"), orElse(s.cfg.TimeLimit, "unlimited"),
		s.CA.File, s.cfg.Cert.CertFile, s.cfg.Cert.KeyFile, orElse(s.cfg.ClientCerts, "never"), s.AdminDN, s.BaseDN)
	b.WriteString(lines(s.cfg.Global))
	b.WriteString(`
dn: cn=module{0},cn=config
objectClass: olcModuleList
cn: module{0}
olcModulePath: /usr/lib/ldap
olcModuleLoad: back_mdb
olcModuleLoad: memberof
olcModuleLoad: refint
olcModuleLoad: syncprov
olcModuleLoad: ppolicy

dn: cn=schema,cn=config
objectClass: olcSchemaConfig
cn: schema

`)
	for _, schema := range []string{"core", "cosine", "inetorgperson", "nis", "namedobject"} {
		fmt.Fprintf(&b, "include: file:///etc/ldap/schema/%s.ldif\n\n", schema)
	}
	for _, schema := range s.cfg.Schema {
		b.WriteString(strings.TrimSpace(schema) + "\n\n")
	}
	fmt.Fprintf(&b, `dn: olcDatabase={0}config,cn=config
objectClass: olcDatabaseConfig
olcDatabase: {0}config
olcRootDN: %s

`, s.AdminDN)
	b.WriteString(s.databaseLDIF(lines(s.cfg.Database)))
	if !s.cfg.Plain {
		b.WriteString(s.overlaysLDIF())
	}
	return b.String()
}

const database = "olcDatabase={1}mdb,cn=config"

// databaseLDIF returns the mdb database.
func (s *SlapdServer) databaseLDIF(more string) string {
	var limits strings.Builder
	for _, l := range s.cfg.Limits {
		limits.WriteString("olcLimits: " + l + "\n")
	}
	if s.cfg.Provider != "" {
		more += fmt.Sprintf("olcSyncrepl: {0}rid=001 provider=%s type=refreshAndPersist retry=\"1 +\" searchbase=%q bindmethod=simple binddn=%q credentials=%s\n",
			s.cfg.Provider, s.BaseDN, s.AdminDN, s.cfg.ProviderPW)
	}
	return fmt.Sprintf(`dn: %[1]s
objectClass: olcDatabaseConfig
objectClass: olcMdbConfig
olcDatabase: {1}mdb
olcSuffix: %[2]s
olcRootDN: %[3]s
olcRootPW: %[4]s
olcDbDirectory: %[5]s/data
olcDbMaxSize: 17179869184
olcDbEnvFlags: nosync
olcDbIndex: objectClass,entryUUID,entryCSN,modifyTimestamp,uid,cn,sn,mail,member,memberOf,employeeNumber eq
olcAccess: to attrs=userPassword by self write by anonymous auth by * none
olcAccess: to * by * read
%[6]s%[7]s
`, database, s.BaseDN, s.AdminDN, s.Password, s.dir, limits.String(), more)
}

// overlaysLDIF returns the overlays of the database.
func (s *SlapdServer) overlaysLDIF() string {
	sessionLog := "olcSpSessionlog: 10000\n"
	if s.cfg.NoLog {
		sessionLog = ""
	}
	return fmt.Sprintf(`dn: olcOverlay={0}memberof,%[1]s
objectClass: olcOverlayConfig
objectClass: olcMemberOf
olcOverlay: {0}memberof

dn: olcOverlay={1}refint,%[1]s
objectClass: olcOverlayConfig
objectClass: olcRefintConfig
olcOverlay: {1}refint
olcRefintAttribute: member
olcRefintAttribute: memberOf
olcRefintAttribute: manager
olcRefintAttribute: uniqueMember
olcRefintNothing: %[2]s

dn: olcOverlay={2}syncprov,%[1]s
objectClass: olcOverlayConfig
objectClass: olcSyncProvConfig
olcOverlay: {2}syncprov
olcSpCheckpoint: 1000 60
%[4]s
dn: olcOverlay={3}ppolicy,%[1]s
objectClass: olcOverlayConfig
objectClass: olcPPolicyConfig
olcOverlay: {3}ppolicy
olcPPolicyDefault: cn=policy,%[3]s
olcPPolicyUseLockout: TRUE
`, database, s.AdminDN, s.BaseDN, sessionLog)
}

// baseLDIF returns the entries that every server has: the base, the reader and
// the password policy, by which five wrong passwords lock an account.
func (s *SlapdServer) baseLDIF() string {
	first, _, _ := strings.Cut(s.BaseDN, ",")
	attribute, value, _ := strings.Cut(first, "=")
	class := map[string]string{
		"dc": "dcObject\nobjectClass: organization\no: " + value,
		"o":  "organization",
		"ou": "organizationalUnit",
		"c":  "country",
	}[strings.ToLower(attribute)]
	return fmt.Sprintf(`dn: %[1]s
objectClass: %[2]s
%[3]s: %[4]s

dn: %[5]s
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: reader
userPassword: %[6]s

dn: cn=policy,%[1]s
objectClass: namedObject
objectClass: pwdPolicy
cn: policy
pwdAttribute: userPassword
pwdLockout: TRUE
pwdMaxFailure: 5
`, s.BaseDN, class, attribute, value, s.ReaderDN, s.Password)
}
