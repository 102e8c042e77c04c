package transfer

import "strings"

// The formats of export-v2.php, in the order in which iTop 3.2.0 lists them.
const (
	formatHTML        = "html"
	formatPDF         = "pdf"
	formatCSV         = "csv"
	formatXLSX        = "xlsx"
	formatSpreadsheet = "spreadsheet"
	formatXML         = "xml"
)

var formats = []string{formatHTML, formatPDF, formatCSV, formatXLSX, formatSpreadsheet, formatXML}

// option is one parameter that the usage text explains.
type option struct{ name, text string }

var commonOptions = []option{
	{"expression", "an OQL expression (e.g. SELECT Contact WHERE name LIKE 'm%')"},
	{"query", "(alternative to 'expression') the id of an entry from the query phrasebook"},
	{"with_archive", "(optional, defaults to the current mode) if set to 1 then the result set will include archived objects"},
	{"arg_xxx", "(needed if the query has parameters) the value of the parameter 'xxx'"},
	{"format", "(optional, default is html) the desired output format. Can be one of " + quoteList(formats)},
}

var (
	fieldsOption   = option{"fields", "(mandatory) the comma separated list of field codes to export (e.g: name,org_id,service_name...)."}
	datesOption    = option{"date_format", "the format to use when exporting date and time fields (default = the SQL format). e.g. 'Y-m-d H:i:s'"}
	localizeOption = option{"no_localize", "set to 1 to retrieve non-localized values (for instance for ENUM values). Default is 0 (= localized values)"}
	plainOption    = option{"formatted_text", "set to 1 to export case logs and formatted text fields with their HTML markup. Default is 0 (= plain text)"}
)

// formatOptions are the further parameters of each format, in order.
var formatOptions = map[string][]option{
	formatHTML: {fieldsOption},
	formatPDF: {fieldsOption,
		{"page_size", "(optional) size of the page. One of A4, A3, Letter (default is 'A4')."},
		{"page_orientation", "(optional) the orientation of the page. Either Portrait or Landscape (default is 'Portrait')."},
		datesOption},
	formatCSV: {fieldsOption,
		{"separator", "(optional) character to be used as the separator (default is ',')."},
		{"charset", "(optional) character set for encoding the result (default is 'UTF-8')."},
		{"text-qualifier", `(optional) character to be used around text strings (default is '"').`},
		localizeOption, plainOption,
		{"date_format", "the format to use when exporting date and time fields (default = the SQL format used in the user interface). e.g. 'Y-m-d H:i:s'"}},
	formatXLSX: {
		{"fields", "the comma separated list of field codes to export (e.g: name,org_id,service_name...)."},
		plainOption, datesOption},
	formatSpreadsheet: {fieldsOption,
		{"no_localize", "(optional) pass 1 to retrieve the raw (untranslated) values for enumerated fields. Default: 0."},
		datesOption,
		{"formatted_text", "set to 1 to formatted text fields with their HTML markup, 0 to remove formatting. Default is 1 (= formatted text)"}},
	formatXML: {localizeOption,
		{"linksets", "set to 1 to retrieve links to related objects (1-N or N-N relations). Default is 0 (= only scalar fields)"}},
}

// usageHTML is the usage text of export-v2.php as its pages hold it; the stray
// end tags are iTop's.
func usageHTML() string {
	var b strings.Builder
	b.WriteString("<p>Parameters:</p>")
	line := func(prefix string, o option) {
		b.WriteString("<p> *" + prefix + o.name + ": " + o.text + "</p>")
	}
	for _, o := range commonOptions {
		line(" ", o)
	}
	for i, f := range formats {
		if i > 0 {
			b.WriteString("</div>")
		}
		b.WriteString("<hr/><p> * " + f + " format options:</p>")
		for _, o := range formatOptions[f] {
			line("\t", o)
		}
	}
	b.WriteString("</div>")
	return b.String()
}
