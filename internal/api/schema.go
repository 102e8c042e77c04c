package api

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"rollcall/internal/report"
	"rollcall/internal/rollcall"
)

// object is a JSON object of the document.
type object = map[string]any

// words are the types that stand for one of some words.
var words = map[reflect.Type][]string{
	reflect.TypeFor[rollcall.RunState](): texts(rollcall.RunRunning, rollcall.RunCompleted, rollcall.RunFailed, rollcall.RunHeld,
		rollcall.RunDropped, rollcall.RunApproved, rollcall.RunOvertaken, rollcall.RunUndone),
	reflect.TypeFor[rollcall.ReplicaState](): texts(rollcall.StateNew, rollcall.StateSynchronized, rollcall.StateModified, rollcall.StateOrphan, rollcall.StateObsolete),
	reflect.TypeFor[rollcall.Verb](): texts(rollcall.VerbProvision, rollcall.VerbJoin, rollcall.VerbUpdate, rollcall.VerbRepair, rollcall.VerbRestore,
		rollcall.VerbDisable, rollcall.VerbDelete, rollcall.VerbForget, rollcall.VerbMiss, rollcall.VerbMove, rollcall.VerbGrant, rollcall.VerbTake, rollcall.VerbFail),
	reflect.TypeFor[rollcall.HistoryVerb](): texts(rollcall.HistoryCreate, rollcall.HistoryUpdate, rollcall.HistoryDelete),
	reflect.TypeFor[rollcall.Load]():        texts(rollcall.LoadFull, rollcall.LoadDelta),
	reflect.TypeFor[rollcall.GrantKind]():   texts(rollcall.GrantRole, rollcall.GrantFunctional, rollcall.GrantProfile, rollcall.GrantTeam, rollcall.GrantPath, rollcall.GrantLicence),
	reflect.TypeFor[rollcall.Vanished]():    texts(rollcall.VanishedKeep, rollcall.VanishedRelease, rollcall.VanishedDelete),
	reflect.TypeFor[rollcall.NoticeKind]():  texts(rollcall.NoticeKinds()...),
	reflect.TypeFor[JobState]():             texts(JobQueued, JobRunning, JobWaiting, JobDone, JobParked, JobStopped),
}

func texts[T ~string](list ...T) []string {
	plain := make([]string, len(list))
	for i, word := range list {
		plain[i] = string(word)
	}
	return plain
}

// schemas describes Go types in JSON Schema, structs by name.
type schemas struct {
	named object
	types map[string]reflect.Type // of the names
	err   error
}

// of describes a type.
func (s *schemas) of(t reflect.Type) object {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return object{"type": "string", "format": "date-time"}
	case t == reflect.TypeFor[rollcall.Secret]():
		return object{"type": "string", "format": "password"}
	case words[t] != nil:
		return object{"type": "string", "enum": words[t]}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return s.of(t.Elem())
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return object{"type": "integer", "format": "int64"}
	case reflect.Float64:
		return object{"type": "number"}
	case reflect.String:
		return object{"type": "string"}
	case reflect.Slice:
		return object{"type": "array", "items": s.of(t.Elem())}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": s.of(t.Elem())}
	case reflect.Struct:
		return s.structure(t)
	}
	return object{"type": []string{"string", "number", "boolean", "null"}}
}

// structure describes a struct under its name and refers to it.
func (s *schemas) structure(t reflect.Type) object {
	name := schemaName(t)
	if of, ok := s.types[name]; !ok {
		s.types[name] = t // while it is being described it may refer to itself
		properties, required := object{}, []string{}
		s.properties(t, properties, &required)
		slices.Sort(required)
		s.named[name] = object{"type": "object", "properties": properties, "required": required}
	} else if of != t {
		s.err = fmt.Errorf("the types %s and %s are both called %s in the document", of, t, name)
	}
	return object{"$ref": "#/components/schemas/" + name}
}

func (s *schemas) properties(t reflect.Type, properties object, required *[]string) {
	for i := range t.NumField() {
		f := t.Field(i)
		tag, hasTag := f.Tag.Lookup("json")
		name, options, _ := strings.Cut(tag, ",")
		if f.Anonymous && !hasTag {
			inner := f.Type
			if inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			s.properties(inner, properties, required)
			continue
		}
		if name == "-" || !f.IsExported() {
			continue
		}
		schema := s.of(f.Type)
		describeField(schema, f.Tag)
		properties[name] = schema
		*required = slices.DeleteFunc(*required, func(other string) bool { return other == name })
		if !strings.Contains(options, "omit") {
			*required = append(*required, name)
		}
	}
}

// describeField adds what the tags of a field say. A reference may have
// siblings in OpenAPI 3.1.
func describeField(schema object, tag reflect.StructTag) {
	if doc := tag.Get("doc"); doc != "" {
		schema["description"] = doc
	}
	if enum := tag.Get("enum"); enum != "" {
		schema["enum"] = strings.Split(enum, ",")
	}
}

// argument describes a parameter or a field of a body, with its bounds.
func (s *schemas) argument(f *field) object {
	schema := s.of(f.Type)
	describeField(schema, f.Tag)
	delete(schema, "description") // stands beside the schema
	if low, high, ok := f.span(); ok {
		schema["minimum"], schema["maximum"] = low, high
	} else if most, err := strconv.Atoi(f.Tag.Get("max")); err == nil {
		schema["maxLength"] = most
	}
	if text, ok := f.Tag.Lookup("default"); ok {
		var value any = text
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			value = n
		}
		schema["default"] = value
	}
	return schema
}

// schemaNames are the names of types whose own would mislead beside others.
var schemaNames = map[reflect.Type]string{
	reflect.TypeFor[rollcall.Problem]():   "EntryProblem",
	reflect.TypeFor[report.New]():         "PictureOfNew",
	reflect.TypeFor[report.Existing]():    "PictureOfExisting",
	reflect.TypeFor[report.Disappeared](): "PictureOfDisappeared",
}

// schemaName is a struct's name: of Page[Replica] it is ReplicaPage.
func schemaName(t reflect.Type) string {
	if name, ok := schemaNames[t]; ok {
		return name
	}
	name, _, generic := strings.Cut(t.Name(), "[")
	if generic {
		return schemaName(t.Field(0).Type.Elem()) + name
	}
	return name
}
