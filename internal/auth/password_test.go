package auth_test

import (
	"strings"
	"testing"

	"rollcall/internal/auth"
	"rollcall/internal/rollcall"
)

func TestOnlyTheSamePasswordFitsAHash(t *testing.T) {
	t.Parallel()
	hash, err := auth.Hash("Correct-Horse 7")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("got %q, want argon2id with 19 MiB, two passes, one lane", hash)
	}
	for password, want := range map[rollcall.Secret]bool{
		"Correct-Horse 7": true, "correct-Horse 7": false, "Correct-Horse 7 ": false, "": false,
	} {
		if got := auth.Verify(hash, password); got != want {
			t.Errorf("got %v for %q, want %v", got, password.Reveal(), want)
		}
	}
}

func TestOnePasswordHasManyHashes(t *testing.T) {
	t.Parallel()
	first, err := auth.Hash("Correct-Horse 7")
	if err != nil {
		t.Fatal(err)
	}
	second, err := auth.Hash("Correct-Horse 7")
	if err != nil {
		t.Fatal(err)
	}
	if first == second {
		t.Error("got the same hash twice: the salt is not random")
	}
}

// A hash by the reference implementation (phc-winner-argon2 20190702, its own
// test vector for argon2id with 64 MiB).
func TestAHashOfTheReferenceImplementationFits(t *testing.T) {
	t.Parallel()
	const hash = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	if !auth.Verify(hash, "password") {
		t.Error("got false, want the reference's own password to fit")
	}
}

func TestComposedAndDecomposedLettersAreOnePassword(t *testing.T) {
	t.Parallel()
	hash, err := auth.Hash("Caf\u00e9-Noir 1")
	if err != nil {
		t.Fatal(err)
	}
	if !auth.Verify(hash, "Cafe\u0301-Noir 1") {
		t.Error("got false for the same characters in decomposed form")
	}
}

func TestABrokenHashFitsNothing(t *testing.T) {
	t.Parallel()
	const salt, key = "c29tZXNhbHQ", "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	for _, hash := range []string{
		"", "password", "$argon2id$", "$argon2i$v=19$m=65536,t=2,p=1$" + salt + "$" + key,
		"$argon2id$v=16$m=65536,t=2,p=1$" + salt + "$" + key,
		"$argon2id$v=19$m=65536,t=0,p=1$" + salt + "$" + key,
		"$argon2id$v=19$m=4294967295,t=2,p=1$" + salt + "$" + key,
		"$argon2id$v=19$m=65536,t=2,p=0$" + salt + "$" + key,
		"$argon2id$v=19$m=65536,t=2,p=1$$" + key,
		"$argon2id$v=19$m=65536,t=2,p=1$" + salt + "$",
	} {
		if auth.Verify(hash, "password") {
			t.Errorf("got true for %q", hash)
		}
	}
}

func TestThePolicyNamesWhatIsMissing(t *testing.T) {
	t.Parallel()
	for password, want := range map[rollcall.Secret]string{
		"Abcdef1!":        "",
		"Übergröße 1":     "",
		"Abcde1!":         "at least 8 characters",
		"ABCDEF1!":        "a small letter",
		"abcdef1!":        "a capital letter",
		"Abcdefg!":        "a digit",
		"Abcdefg1":        "a character that is neither letter nor digit",
		"":                "at least 8 characters, a small letter, a capital letter, a digit, a character",
		"Abcdef1!\x00":    "not text",
		"Abcdef1!\xff":    "not text",
		longPassword(200): "longer than 1024 bytes",
	} {
		err := auth.CheckPolicy(password)
		switch {
		case want == "" && err != nil:
			t.Errorf("%q: got %v, want it allowed", password.Reveal(), err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%q: got %v, want a refusal that names %q", password.Reveal(), err, want)
		case err != nil && rollcall.KindOf(err) != rollcall.Invalid:
			t.Errorf("%q: got kind %v, want invalid", password.Reveal(), rollcall.KindOf(err))
		}
	}
}

func longPassword(times int) rollcall.Secret {
	return rollcall.Secret(strings.Repeat("Abcd1!", times))
}
