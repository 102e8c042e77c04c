package collector

import (
	"regexp"
	"strings"
)

// Options are what stands on the command line of exec.
type Options struct {
	ConfigureOnly, CollectOnly, SynchroOnly, DumpConfigOnly, Help bool

	Check      bool   // look at everything, change nothing
	Compare    string // a folder of CSV files to compare the collected ones with
	Strict     bool
	LogFormat  string
	LogLevel   string
	EventLevel string
	ChunkSize  string
	ConfigFile string

	unknown []string
}

// Usage is what --help prints, and what follows unknown options.
const Usage = `Usage:
rollcall exec[--configure_only][--collect_only][--synchro_only][--dump_config_only][--console_log_level=xxx][--eventissue_log_level=xxx][--max_chunk_size=xxx][--help][--config_file=xxx][--check][--compare=folder][--strict][--log_format=json]
`

var optionForm = regexp.MustCompile(`^--([A-Za-z0-9_]+)(?:=(.*))?$`)

// ParseOptions reads the command line by the original's rules: only --word and
// --word=value exist, a flag takes no value, the last of repeated options wins.
func ParseOptions(args []string) Options {
	var o Options
	flags := map[string]*bool{
		"configure_only": &o.ConfigureOnly, "collect_only": &o.CollectOnly, "synchro_only": &o.SynchroOnly,
		"dump_config_only": &o.DumpConfigOnly, "help": &o.Help, "check": &o.Check, "strict": &o.Strict,
	}
	values := map[string]*string{
		"console_log_level": &o.LogLevel, "eventissue_log_level": &o.EventLevel, "max_chunk_size": &o.ChunkSize,
		"config_file": &o.ConfigFile, "compare": &o.Compare, "log_format": &o.LogFormat,
	}
	for i := 0; i < len(args); i++ {
		m := optionForm.FindStringSubmatch(args[i])
		hasValue := strings.Contains(args[i], "=")
		switch {
		case m != nil && !hasValue && flags[m[1]] != nil:
			*flags[m[1]] = true
		case m != nil && hasValue && values[m[1]] != nil:
			*values[m[1]] = m[2]
		case m != nil && !hasValue && m[1] == "compare" && i+1 < len(args):
			i++
			o.Compare = args[i]
		default:
			o.unknown = append(o.unknown, args[i])
		}
	}
	return o
}
