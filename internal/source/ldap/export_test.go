package ldap

import (
	"encoding/json"

	"rollcall/internal/rollcall"
)

// WithCookies changes the cookies of DirSync in a checkpoint as if they had come
// from the server so.
func WithCookies(at rollcall.Checkpoint, change func(cookie []byte) []byte) (rollcall.Checkpoint, error) {
	var p checkpoint
	if err := json.Unmarshal(at, &p); err != nil {
		return nil, err
	}
	for naming, cookie := range p.Cookies.By {
		p.Cookies.By[naming] = change(cookie)
	}
	p.Cookies.Sum = p.Cookies.sum()
	return p.bytes(), nil
}
