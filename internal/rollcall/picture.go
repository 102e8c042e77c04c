package rollcall

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
)

// PictureText is how people and reports are told of a picture: its size, and
// enough of its hash to tell it from another. It takes the bytes, or the form
// data:;base64,… that history keeps them in.
func PictureText(picture string) string {
	if picture == "" {
		return ""
	}
	if code, ok := strings.CutPrefix(picture, "data:;base64,"); ok {
		if raw, err := base64.StdEncoding.DecodeString(code); err == nil {
			picture = string(raw)
		}
	}
	sum := sha256.Sum256([]byte(picture))
	return fmt.Sprintf("%d bytes, sha256 %x…", len(picture), sum[:6])
}
