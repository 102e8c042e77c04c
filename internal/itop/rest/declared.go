package rest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"rollcall/internal/itop/gate"
	"rollcall/internal/oql"
	"rollcall/internal/rollcall"
)

// provider returns what list_operations calls the operation's extension.
func (o *Operation) provider() string {
	if o.Provider == "" {
		return "Configuration"
	}
	return o.Provider
}

// declared answers an operation that the configuration declares.
func (c *call) declared(ctx context.Context, o *Operation) error {
	allowed := len(o.Profiles) == 0 || c.account.Administrator || slices.ContainsFunc(o.Profiles, c.account.Has)
	switch {
	case !allowed:
		return c.result(codeUnauthorized, "The current user does not have enough permissions for the operation "+o.Verb, "")
	case o.URL != "":
		return c.callURL(ctx, o)
	}
	args, err := gate.Standing(ctx, c.Model, c.Store, c.account, oql.Parameters(o.Query))
	if err != nil {
		return err
	}
	for _, name := range o.Parameters {
		text, err := c.text(name)
		if err != nil {
			return err
		}
		args[name] = text
	}
	query, err := oql.Compile(c.Model, o.Query, args)
	if err != nil {
		return queryFault(o.Query, err, false)
	}
	list, err := c.outputFields(query.Class(), &c.params)
	if err != nil {
		return err
	}
	return c.search(ctx, &find{class: query.Class(), query: query, text: o.Query}, list)
}

const (
	urlTimeout    = 30 * time.Second
	largestAnswer = 16 << 20
)

// callURL hands an operation to a URL, and its answer back: a JSON object with a
// code and a message, as every answer here is. Who asked is told in a header; the
// password is not.
func (c *call) callURL(ctx context.Context, o *Operation) error {
	ctx, cancel := context.WithTimeout(ctx, urlTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, o.URL, bytes.NewReader(appendValue(nil, &c.params)))
	if err != nil {
		return fmt.Errorf("call the URL of the operation %s: %w", o.Verb, err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Rollcall-User", c.account.Login)
	response, err := c.Client.Do(request)
	if err != nil {
		return rollcall.Errorf(rollcall.Unavailable, "the operation %s could not be carried out: its URL did not answer", o.Verb)
	}
	defer func() { _ = response.Body.Close() }() // it was only read
	body, err := io.ReadAll(io.LimitReader(response.Body, largestAnswer+1))
	if err != nil || response.StatusCode != http.StatusOK || len(body) > largestAnswer {
		return rollcall.Errorf(rollcall.Unavailable, "the operation %s could not be carried out: its URL answered with status %d", o.Verb, response.StatusCode)
	}
	answer, err := parse(string(body))
	if err == nil {
		if code, ok := answer.get("code"); ok && code.kind == kindInt {
			c.out.b = appendValue(c.out.b, &answer)
			return nil
		}
	}
	return rollcall.Errorf(rollcall.Unavailable, "the operation %s could not be carried out: what its URL answered is not a JSON object with a code", o.Verb)
}
