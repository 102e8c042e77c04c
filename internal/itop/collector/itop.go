package collector

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"rollcall/internal/itop/client"
	"rollcall/internal/rollcall"
)

// answer is what rest.php said.
type answer struct {
	code    int
	message string
	objects []found
}

// found is one object of an answer.
type found struct {
	id     string
	fields *object
}

// rest is the REST part of iTop as a collector uses it.
type rest struct {
	client *client.Client
	log    *logger
}

const restVersion = "1.0"

// ask posts a request and reads the answer.
func (r *rest) ask(ctx context.Context, version string, request *object, safe bool) (answer, error) {
	body, err := marshal(request)
	if err != nil {
		return answer{}, err
	}
	text, err := r.client.REST(ctx, version, body, safe)
	if err != nil {
		return answer{}, err
	}
	return readAnswer(text)
}

// readAnswer reads an answer of rest.php. One that has no code, as iTop gives in
// maintenance, is an error.
func readAnswer(text string) (answer, error) {
	v, err := parseJSONText(strings.TrimPrefix(strings.TrimSpace(text), "\ufeff"))
	o, isObject := v.(*object)
	if err != nil || !isObject || len(o.Keys) == 0 {
		return answer{}, rollcall.Errorf(rollcall.Unavailable, "rest.php replied: %s", text)
	}
	if _, ok := o.Get("code"); !ok {
		reason := "an answer without a code: is this the address of an iTop?"
		if strings.Contains(text, "maintenance") {
			reason = "iTop is in maintenance: run again when it is back"
		}
		return answer{}, rollcall.Errorf(rollcall.Unavailable, "%s. rest.php replied: %s", reason, text)
	}
	a := answer{code: phpInt(member(o, "code")), message: member(o, "message")}
	objects, _ := o.Get("objects")
	if list, ok := objects.(*object); ok {
		for _, k := range list.Keys {
			item, ok := list.At(k).(*object)
			if !ok {
				continue
			}
			f := found{id: member(item, "key")}
			if f.id == "" {
				// Before REST version 1.1 an object told its id in its name alone.
				_, f.id, _ = strings.Cut(k, "::")
			}
			fields, _ := item.Get("fields")
			if f.fields, ok = fields.(*object); !ok {
				f.fields = newObject()
			}
			a.objects = append(a.objects, f)
		}
	}
	return a, nil
}

// get reads objects. The key is a text (OQL) or an object (criteria).
func (r *rest) get(ctx context.Context, class string, key any, fields string, limit int) (answer, error) {
	return r.ask(ctx, restVersion, newObject().Set("operation", "core/get").Set("class", class).Set("key", key).
		Set("output_fields", fields).Set("limit", limit), true)
}

func (r *rest) create(ctx context.Context, class string, fields *object, comment string) (answer, error) {
	return r.ask(ctx, restVersion, newObject().Set("operation", "core/create").Set("class", class).Set("output_fields", "*").
		Set("fields", fields).Set("comment", comment), false)
}

func (r *rest) update(ctx context.Context, class string, key any, fields *object, comment string) (answer, error) {
	return r.ask(ctx, restVersion, newObject().Set("operation", "core/update").Set("class", class).Set("key", key).
		Set("fields", fields).Set("output_fields", "*").Set("comment", comment), true)
}

var errNoAPI = errors.New("Unable to detect an iTop API. Validate the URL and the credentials, and check if appropriate " + //nolint:staticcheck // the original's sentence
	"profiles have been assigned to the user (e.g. 'REST Services User').")

// probe finds the highest version of the web services.
func (r *rest) probe(ctx context.Context) (string, error) {
	last := ""
	for _, version := range []string{"1.4", "1.3", "1.2", "1.1", "1.0"} {
		a, err := r.ask(ctx, version, newObject().Set("operation", "list_operations").Set("output_fields", "*"), true)
		if err != nil {
			return "", err
		}
		if a.code == 0 {
			return version, nil
		}
		last = fmt.Sprintf("%s (%d)", a.message, a.code)
	}
	r.log.debugf("The last answer of iTop was: %s", last)
	return "", errNoAPI
}

// attributesOf completes the attributes of a data source, which a read of the
// source itself gives in short: one read for each class of them.
func (r *rest) attributesOf(ctx context.Context, id string, short []*object) ([]*object, error) {
	codes := map[string][]string{}
	var classes []string
	for _, a := range short {
		class := member(a, "finalclass")
		if !slices.Contains(classes, class) {
			classes = append(classes, class)
		}
		codes[class] = append(codes[class], "'"+member(a, "attcode")+"'")
	}
	full := map[string]*object{}
	for _, class := range classes {
		query := fmt.Sprintf("SELECT %s WHERE attcode IN (%s) AND sync_source_id = %s", class, strings.Join(codes[class], ","), id)
		r.log.debugf("RestClient::Get %s", query)
		a, err := r.get(ctx, class, query, "*", 0)
		if err != nil {
			return nil, err
		}
		if a.code != 0 {
			return nil, rollcall.Errorf(rollcall.Invalid, "%s (%d)", a.message, a.code)
		}
		for _, f := range a.objects {
			full[member(f.fields, "attcode")] = withoutNames(f.fields)
		}
	}
	list := make([]*object, 0, len(short))
	for _, a := range short {
		if f, ok := full[member(a, "attcode")]; ok {
			list = append(list, f)
		} else {
			list = append(list, a)
		}
	}
	return list, nil
}

// withoutNames brings an attribute as REST gives it into the form of a
// definition file.
func withoutNames(o *object) *object {
	out := newObject()
	for _, k := range o.Keys {
		switch k {
		case "friendlyname", "sync_source_id", "sync_source_name", "sync_source_id_friendlyname":
		case "update", "reconcile":
			out.Set(k, flagText(o.At(k)))
		default:
			out.Set(k, o.At(k))
		}
	}
	return out
}

// flagText returns "1" or "0" for a flag in any of its spellings.
func flagText(v any) string {
	if t := textOf(v); t == "" || t == "0" {
		return "0"
	}
	return "1"
}
