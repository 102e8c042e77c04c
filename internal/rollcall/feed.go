package rollcall

import "time"

// KeyColumn is the column of a data table that says whose row it is.
const KeyColumn = "primary_key"

// DataColumn is one column of a source's data table besides its id and key.
type DataColumn struct {
	Name      string
	Attribute *Attribute
	Part      int // 0 holds the attribute's value; the others are what iTop keeps beside a picture or a log
}

// What the column beside a formatted text may say of it.
const (
	FormatText = "text"
	FormatHTML = "html"
)

// DataColumns lists the columns of the data table of a class, in order.
func DataColumns(class *Class) []DataColumn {
	var columns []DataColumn
	for _, a := range class.Attributes {
		for part, suffix := range dataSuffixes(a) {
			columns = append(columns, DataColumn{Name: a.Code + suffix, Attribute: a, Part: part})
		}
	}
	return columns
}

// dataSuffixes names an attribute's columns by what follows its code.
func dataSuffixes(a *Attribute) []string {
	switch {
	case !a.Writable():
		return nil
	case a.Type == TypeImage:
		return []string{"_data", "_mimetype", "_filename", "_downloads_count"}
	case a.Type == TypeLog:
		return []string{"", "_index"}
	case a.Type == TypeHTML:
		return []string{"", "_format"}
	}
	return []string{""}
}

// Fed is what became of one row that was put into a data table.
type Fed uint8

// What becomes of a row.
const (
	FedNew     Fed = iota + 1 // a row with a new key
	FedSeen                   // a row with a known key, changed or not
	FedRefused                // a new row that lacks cells: it is not taken
)

// FedRow is one row on its way into a data table.
type FedRow struct {
	Replica int64 // 0 for a new one
	Key     string
	Content Hash  // of the columns and cells as delivered
	Cells   Row   // beside the feed's columns
	Skip    []int // cells that a known row keeps as they are
	Partial bool  // cells are missing at its end: only a known row can do without
}

// StandIn is a replica that a run over what stands has to look at.
type StandIn struct {
	ID     int64
	State  ReplicaState
	IsSeen bool // since the time that counts
}

// StandCount counts the replicas of a source.
type StandCount struct {
	Total    int
	Seen     int // since the time that counts, obsolete ones left out
	Obsolete int
}

// Runner is who starts a run of a data source.
type Runner struct {
	Name          string   // as histories call the account
	User          ObjectID // of the account
	Administrator bool
}

// Feed is a delivery of rows into the data table of a source. It is taken as a
// whole or not at all.
type Feed struct {
	Source  ObjectID
	Columns []DataColumn // what the rows hold besides their key
	// Rows calls put once a row, with the cells beside Columns, which are lent. An error of put means that nothing
	// can be written any more; an error that Rows returns makes the delivery fail.
	Rows     func(put func(row FedRow) (Fed, error)) error
	Done     func() // called when all rows are taken, before the run that follows; nil: nobody asks
	Simulate bool   // all is done as if, and then taken back
	Then     *Exec  // the run that follows; of a simulated delivery it sees the rows
}

// Exec is a run over the replicas of one source as they stand.
type Exec struct {
	Source   ObjectID
	By       Runner
	Since    time.Time // when the load before it began; zero: not known, the full-load interval alone decides
	Simulate bool
	Chunked  bool   // asked for in parts, where that cannot be: the run is refused
	Limits   Limits // of the changes that the run may make unasked
}

// Executed is how such a run ended.
type Executed struct {
	Source   string // its name
	Run      int64
	Counters Counters
	Error    string // "" when it went through; otherwise why it did not start or what broke it, in the wire's words
	Held     bool   // Error names a limit: the run waits for approval
}

// SourceHead is what a caller of a feed must know of its source.
type SourceHead struct {
	ID    ObjectID
	Name  string
	Class *Class
	User  ObjectID // who may run it besides administrators; 0 for nobody
}
