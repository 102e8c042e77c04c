package directory

// oidPasswordPolicy asks a server with password policies (as OpenLDAP's and 389
// Directory Server's, draft-behera-ldap-password-policy) to say why it refuses a
// bind; without it a locked account looks like a wrong password. It is never
// critical: servers that do not know it ignore it.
const oidPasswordPolicy = "1.3.6.1.4.1.42.2.27.8.5.1"

// policyErrors are the reasons to refuse a bind, by their number in the answer.
var policyErrors = map[int]string{
	0: "the user's password has expired",
	1: "the account is locked after too many wrong passwords",
	2: "the user must change the password before the next sign-in",
}

// The parts of the control's value: PasswordPolicyResponseValue.
const (
	tagPolicyWarning = 0xa0
	tagPolicyError   = 0x81
)

// policyReason returns the reason that the controls of a bind's answer give, ""
// when they give none.
func policyReason(controls []byte) string {
	reason := ""
	eachControl(controls, func(oid string, value []byte) {
		if oid != oidPasswordPolicy {
			return
		}
		parts, _, _ := expect(value, tagSequence)
		if _, rest, ok := expect(parts, tagPolicyWarning); ok {
			parts = rest
		}
		if content, _, ok := expect(parts, tagPolicyError); ok {
			if n, ok := integer(content); ok {
				reason = policyErrors[n]
			}
		}
	})
	return reason
}
