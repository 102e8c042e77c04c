package builtin

import (
	"path/filepath"
	"strings"
	"time"

	"rollcall/internal/rollcall"
	"rollcall/internal/source"
	"rollcall/internal/source/csvfile"
	"rollcall/internal/source/jsonfile"
	"rollcall/internal/source/ldif"
	"rollcall/internal/source/sqlquery"
)

// path joins a relative path of a section to its folder.
func (s Settings) path(name string) string {
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(s.Folder, name)
}

// document is what the sections of all that is read as one document have.
type document struct {
	File     string        `yaml:"file"`
	URL      string        `yaml:"url"`
	User     string        `yaml:"user"`
	Password secret        `yaml:"password"`
	Headers  headers       `yaml:"headers"`
	Timeout  time.Duration `yaml:"timeout"`
}

// in is the document as its source reads it.
func (d document) in(s Settings) source.Document {
	return source.Document{File: s.path(d.File), URL: d.URL, User: d.User, Password: d.Password, Headers: d.Headers, Timeout: d.Timeout}
}

func newCSV(s Settings) (source.Collector, error) {
	var section struct {
		document
		Separator string   `yaml:"separator"`
		Encoding  string   `yaml:"encoding"`
		Columns   []string `yaml:"columns"`
		Unended   bool     `yaml:"unended"`
	}
	if err := s.Decode(&section); err != nil {
		return nil, err
	}
	switch strings.ToLower(section.Separator) {
	case "tab", `\t`:
		section.Separator = "\t"
	}
	return csvfile.New(csvfile.Config{
		Document:  section.in(s),
		Separator: section.Separator, Encoding: section.Encoding, Columns: section.Columns, Unended: section.Unended,
		Key: s.Key, Fields: s.Fields,
	})
}

func newJSON(s Settings) (source.Collector, error) {
	var section struct {
		document
		Post  secret `yaml:"post"`
		Path  string `yaml:"path"`
		Next  string `yaml:"next"`
		Page  string `yaml:"page"`
		First *int   `yaml:"first_page"`
		Total string `yaml:"total"`
	}
	if err := s.Decode(&section); err != nil {
		return nil, err
	}
	paging := jsonfile.Paging{Next: section.Next, Page: section.Page, Total: section.Total}
	switch {
	case section.First != nil:
		paging.First = *section.First
	case paging.Page != "":
		paging.First = 1
	}
	read := section.in(s)
	read.Post = section.Post
	return jsonfile.New(jsonfile.Config{Document: read, Paging: paging, Path: section.Path, Key: s.Key, Fields: s.Fields})
}

func newSQL(s Settings) (source.Collector, error) {
	var section struct {
		DSN      secret `yaml:"dsn"`
		User     string `yaml:"user"`
		Password secret `yaml:"password"`
		Query    string `yaml:"query"`
	}
	if err := s.Decode(&section); err != nil {
		return nil, err
	}
	if section.DSN == "" {
		return nil, rollcall.Errorf(rollcall.Invalid, "no dsn: say which database to ask, such as postgres://reader@db1/hr or sqlite:hr.db")
	}
	db, err := sqlquery.ParseDSN(section.DSN.Reveal(), section.User, section.Password)
	if err != nil {
		return nil, err
	}
	if db.Driver == "sqlite" {
		db.Name = s.path(db.Name)
	}
	return sqlquery.New(sqlquery.Config{Database: db, Query: section.Query, Key: s.Key, Fields: s.Fields})
}

func newLDIF(s Settings) (source.Collector, error) {
	var section struct {
		document
		Files bool `yaml:"files"`
	}
	if err := s.Decode(&section); err != nil {
		return nil, err
	}
	return ldif.New(ldif.Config{
		Document: section.in(s),
		Files:    section.Files, Key: s.Key, Fields: s.Fields,
	})
}

// secret and headers are what a section holds that no message shows.
type (
	secret  = rollcall.Secret
	headers = map[string]rollcall.Secret
)
