package config

import (
	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// Section is the part of a source that only its own kind understands.
type Section struct {
	Position
	body ast.Node
}

// Decode reads the section into v, strictly, by its yaml tags.
func (s *Section) Decode(v any) error { return yaml.NodeToValue(s.body, v, yaml.Strict()) }
