package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"rollcall/internal/rollcall"
)

// password gets a password from a file, else from an environment variable (when
// one is named), else from standard input: without echo on a terminal, a line of
// it elsewhere. It is never an argument, since other users see those.
func (p *program) password(file, variable, prompt string) (rollcall.Secret, error) {
	if file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return "", fmt.Errorf("read the password: %w", err)
		}
		return notEmpty(strings.TrimRight(string(text), "\r\n"))
	}
	if variable != "" {
		if text, ok := os.LookupEnv(variable); ok {
			return notEmpty(text)
		}
	}
	if f, ok := p.in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		fmt.Fprint(p.err, prompt)
		text, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(p.err)
		if err != nil {
			return "", fmt.Errorf("read the password: %w", err)
		}
		return notEmpty(string(text))
	}
	line, err := bufio.NewReader(p.in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the password: %w", err)
	}
	return notEmpty(strings.TrimRight(line, "\r\n"))
}

func notEmpty(text string) (rollcall.Secret, error) {
	if text == "" {
		return "", rollcall.Errorf(rollcall.Invalid, "the password is empty: a directory would take it for an anonymous sign-in")
	}
	return rollcall.Secret(text), nil
}
