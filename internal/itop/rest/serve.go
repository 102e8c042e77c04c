package rest

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"slices"

	"rollcall/internal/auth"
	"rollcall/internal/itop/gate"
	"rollcall/internal/rollcall"
)

// versions are the versions that iTop 3.2.0 knows. All work alike.
var versions = []string{"1.0", "1.1", "1.2", "1.3", "1.4"}

// largestRequest is the largest json_data that is read, in bytes.
const largestRequest = 64 << 20

// call is one request, on its way through an operation.
type call struct {
	*Service
	account *auth.Account
	version string
	given   string // json_data, as it came
	verb    string // the operation, once it is known
	params  value
	out     *output
}

// operation answers a call by writing to its output. What it wrote counts for
// nothing when it returns an error, unless it was flushed.
type operation func(c *call, ctx context.Context) error

// core are the operations of iTop itself, in the order of list_operations.
var core = []struct {
	verb, description string
	do                operation
}{
	{"core/create", "Create an object", (*call).create},
	{"core/update", "Update an object", (*call).update},
	{"core/apply_stimulus", "Apply a stimulus to change the state of an object", (*call).applyStimulus},
	{"core/get", "Search for objects", (*call).get},
	{"core/delete", "Delete objects", (*call).delete},
	{"core/get_related", "Get related objects through the specified relation", (*call).getRelated},
	{"core/check_credentials", "Check user credentials", (*call).checkCredentials},
}

// coreProvider is what iTop calls the provider of its own operations.
const coreProvider = "CoreServices"

// Serve answers rest.php. It is a gate.Page.
func (s *Service) Serve(ctx context.Context, w http.ResponseWriter, r *gate.Request) {
	out := &output{w: w, request: r, keeps: s.KeepCalls}
	c := &call{Service: s, account: r.Account, out: out, version: r.Params.Raw("version", "")}
	err := c.answer(ctx, r)
	if s.KeepCalls {
		defer c.keep(ctx)
	}
	switch {
	case err == nil:
		out.finish()
	case !out.started:
		out.b = s.failed(ctx, err)
		out.finish()
	default:
		// Half an answer is out. The client sees a connection that breaks, not a
		// shorter answer that looks whole.
		_ = s.failed(ctx, err)
		panic(http.ErrAbortHandler)
	}
}

// answer checks a request in iTop's order and carries it out.
func (c *call) answer(ctx context.Context, r *gate.Request) error {
	if c.version == "" {
		return &fault{codeMissingVersion, "Missing parameter 'version' (e.g. '1.0')"}
	}
	text, err := jsonData(r)
	if err != nil {
		return err
	}
	if text == "" {
		return &fault{codeMissingJSON, "Missing parameter 'json_data'"}
	}
	c.given = text
	if c.params, err = parse(text); err != nil || !c.params.isTrue() {
		return &fault{codeInvalidJSON, "Parameter json_data is not a valid JSON structure"}
	}
	if !slices.Contains(versions, c.version) {
		return &fault{codeVersion, "There is no service available for version '" + c.version + "'"}
	}
	verb, err := c.text("operation")
	if err != nil {
		return err
	}
	c.verb = verb
	if verb == "list_operations" {
		return c.listOperations()
	}
	for i := range core {
		if core[i].verb == verb {
			return core[i].do(c, ctx)
		}
	}
	for i := range c.Operations {
		if c.Operations[i].Verb == verb {
			return c.declared(ctx, &c.Operations[i])
		}
	}
	return &fault{codeOperation, "Unknown verb '" + verb + "' in version '" + c.version + "'"}
}

// jsonData returns the parameter json_data: a field, else an uploaded file.
func jsonData(r *gate.Request) (string, error) {
	tooLarge := faultf("Parameter json_data is larger than %d MB", largestRequest>>20)
	if field, size, ok := r.Params.Posted("json_data"); ok {
		_ = field.Close() // nothing was read
		if size > largestRequest {
			return "", tooLarge
		}
	}
	if text := r.Params.Raw("json_data", ""); text != "" {
		return text, nil
	}
	file, ok := r.Params.File("json_data")
	switch {
	case !ok:
		return "", nil
	case file.Size > largestRequest:
		return "", tooLarge
	}
	content, err := file.Open()
	if err != nil {
		return "", err
	}
	defer func() { _ = content.Close() }() // it was only read
	text, err := io.ReadAll(io.LimitReader(content, largestRequest))
	return string(text), err
}

// parameter returns a member of json_data that must be there.
func (c *call) parameter(name string) (*value, error) {
	v, ok := c.params.get(name)
	if !ok {
		return nil, faultf("Missing parameter '%s'", name)
	}
	return v, nil
}

// text returns a member of json_data that must be there, as a text.
func (c *call) text(name string) (string, error) {
	v, err := c.parameter(name)
	if err != nil {
		return "", err
	}
	text, ok := v.string()
	if !ok || v.kind == kindArray {
		return "", faultf("Parameter '%s' must be a text", name)
	}
	return text, nil
}

// option returns a member of json_data as a whole number, or what to take when
// it is not there.
func (c *call) option(name string, otherwise int64) int64 {
	if v, ok := c.params.get(name); ok {
		return v.integer()
	}
	return otherwise
}

// class returns the class that a member of json_data names.
func (c *call) class() (*rollcall.Class, error) {
	name, err := c.text("class")
	if err != nil {
		return nil, err
	}
	class := c.Model.Class(name)
	if class == nil {
		return nil, faultf("class: '%s' is not a valid class'", name) // the odd quote is iTop's
	}
	return class, nil
}

// refused answers that the account has not the right to do something; the answer
// has objects all the same.
func (c *call) refused(doing string, class *rollcall.Class) error {
	return c.result(codeUnauthorized, "The current user does not have enough permissions for "+doing+" data of class "+class.Name, "")
}

// result answers with a code, a message and no objects; more is appended.
func (c *call) result(code int, message, more string) error {
	c.out.b = append(c.out.b, `{"code":`...)
	c.out.b = appendInt(c.out.b, code)
	c.out.b = append(c.out.b, `,"message":`...)
	c.out.b = appendText(c.out.b, message)
	c.out.b = append(c.out.b, `,"objects":null`...)
	c.out.b = append(c.out.b, more...)
	c.out.b = append(c.out.b, '}')
	return nil
}

// listOperations tells what there is.
func (c *call) listOperations() error {
	b := append(c.out.b, `{"code":0,"message":"Operations: `...)
	b = appendInt(b, len(core)+len(c.Operations))
	b = append(b, `","version":`...)
	b = appendText(b, c.version)
	b = append(b, `,"operations":[`...)
	add := func(verb, description, provider string) {
		if b[len(b)-1] != '[' {
			b = append(b, ',')
		}
		b = appendText(append(b, `{"verb":`...), verb)
		b = appendText(append(b, `,"description":`...), description)
		b = appendText(append(b, `,"extension":`...), provider)
		b = append(b, '}')
	}
	for i := range core {
		add(core[i].verb, core[i].description, coreProvider)
	}
	for i := range c.Operations {
		add(c.Operations[i].Verb, c.Operations[i].Description, c.Operations[i].provider())
	}
	c.out.b = append(b, "]}"...)
	return nil
}

// checkCredentials tells whether a login and a password belong together.
func (c *call) checkCredentials(ctx context.Context) error {
	user, err := c.text("user")
	if err != nil {
		return err
	}
	password, err := c.text("password")
	if err != nil {
		return err
	}
	ok := false
	if user != "" && password != "" { // an empty password proves nothing anywhere
		ok, err = c.Accounts.CheckCredentials(ctx, auth.Credentials{Login: user, Password: rollcall.Secret(password), From: c.out.from()})
		if err != nil {
			// A directory that cannot be asked vouches for nobody: iTop 3.2.0 says false.
			c.Log.LogAttrs(ctx, slog.LevelWarn, "credentials could not be checked", slog.String("login", user), slog.Any("err", err))
			ok = false
		}
	}
	c.out.b = append(c.out.b, `{"code":0,"message":null,"authorized":`...)
	if ok {
		c.out.b = append(c.out.b, "true}"...)
	} else {
		c.out.b = append(c.out.b, "false}"...)
	}
	return nil
}
