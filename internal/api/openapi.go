package api

import (
	"context"
	"net/http"
	"reflect"
	"strconv"
	"strings"
)

// document is the answer of openapi.json, which is written once.
type document struct{ text []byte }

// openAPI answers with the description of the API.
func (c *call) openAPI(context.Context, *nothing) (*document, error) {
	return &document{c.Service.document}, nil
}

// describe makes the OpenAPI 3.1 document of the routes.
func (s *Service) describe() (object, error) {
	schemas := &schemas{named: object{}, types: map[string]reflect.Type{}}
	paths := object{}
	for i := range s.routes {
		r := &s.routes[i]
		path, ok := paths[prefix+r.path].(object)
		if !ok {
			path = object{}
			paths[prefix+r.path] = path
		}
		path[strings.ToLower(r.method)] = r.describe(schemas)
	}
	refusal := object{
		"description": "What is wrong, where, and what to do.",
		"content":     object{"application/problem+json": object{"schema": schemas.of(reflect.TypeFor[Problem]())}},
	}
	server := s.Root
	if server == "" {
		server = "/"
	}
	return object{
		"openapi": "3.1.0",
		"info": object{
			"title":       "Rollcall",
			"version":     s.Version,
			"description": "Sign-in for applications, runs, plans, replicas, bindings, jobs and objects of a registry. Every refusal is a problem of RFC 9457. A list comes in pages: while an answer has \"next\", the parameter cursor with that text asks for more.",
		},
		"servers": []any{object{"url": server}},
		"paths":   paths,
		"components": object{
			"schemas":   schemas.named,
			"responses": object{"Problem": refusal},
			"securitySchemes": object{
				"session": object{"type": "http", "scheme": "bearer", "description": "The token that POST " + prefix + "/sign-in answers with, or that of an application."},
				"basic":   object{"type": "http", "scheme": "basic", "description": "Login and password, where the configuration allows it."},
			},
		},
	}, schemas.err
}

// describe makes the description of one operation.
func (r *route) describe(schemas *schemas) object {
	operation := object{
		"operationId": r.id,
		"tags":        []string{r.tag},
		"summary":     r.summary,
		"description": gateText[r.gate],
		"x-right":     string(r.gate),
		"responses":   object{strconv.Itoa(r.status): r.success(schemas), "default": object{"$ref": "#/components/responses/Problem"}},
		"security":    []any{object{"session": []string{}}, object{"basic": []string{}}},
	}
	if r.gate == GateOpen {
		operation["security"] = []any{}
	}
	var parameters []any
	properties, required := object{}, []string{}
	for _, f := range fields(r.in) {
		schema := schemas.argument(&f)
		if f.place == "body" {
			if doc := f.Tag.Get("doc"); doc != "" {
				schema["description"] = doc
			}
			properties[f.name] = schema
			if f.required {
				required = append(required, f.name)
			}
			continue
		}
		parameters = append(parameters, object{
			"name": f.name, "in": f.place, "required": f.required || f.place == "path", "schema": schema, "description": f.Tag.Get("doc"),
		})
	}
	if parameters != nil {
		operation["parameters"] = parameters
	}
	if len(properties) > 0 {
		operation["requestBody"] = object{
			"required": len(required) > 0,
			"content": object{"application/json": object{"schema": object{
				"type": "object", "properties": properties, "required": required, "additionalProperties": false,
			}}},
		}
	}
	return operation
}

// success describes the answer.
func (r *route) success(schemas *schemas) object {
	answer := object{"description": http.StatusText(r.status)}
	switch r.out {
	case nil:
	case reflect.TypeFor[document]():
		answer["content"] = object{"application/json": object{"schema": object{"type": "object"}}}
	default:
		answer["content"] = object{"application/json": object{"schema": schemas.of(r.out)}}
	}
	return answer
}
