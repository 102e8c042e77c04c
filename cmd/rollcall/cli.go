package main

// cli is the grammar: what may stand on a command line.
type cli struct {
	Config   string `short:"c" default:"rollcall.yaml" placeholder:"FILE" help:"The configuration." group:"global"`
	LogLevel string `enum:"debug,info,warn,error" default:"warn" placeholder:"LEVEL" help:"What is logged to standard error: debug, info, warn or error." group:"global"`
	NoColor  bool   `help:"Write without colours, as when the output is no terminal." group:"global"`

	Demo    demoCmd    `cmd:"" help:"Show it all on a sample company; needs nothing."`
	Init    initCmd    `cmd:"" help:"Ask a directory what it is and write a configuration."`
	Check   checkCmd   `cmd:"" help:"Test the connection, show entries, look for what will be trouble."`
	Plan    planCmd    `cmd:"" help:"Show what a run would do; nothing changes."`
	Apply   applyCmd   `cmd:"" help:"Carry out exactly a plan, or a run that was held."`
	Sync    syncCmd    `cmd:"" help:"Collect, decide, apply, report."`
	Runs    runsCmd    `cmd:"" help:"List the runs, or show one."`
	Undo    undoCmd    `cmd:"" help:"Take a run back."`
	Why     whyCmd     `cmd:"" help:"Explain an object: which source, entry, rule and run made it so."`
	Serve   serveCmd   `cmd:"" help:"Answer iTop's web services and the API; keep the timetable."`
	Jobs    jobsCmd    `cmd:"" help:"The timetable and its jobs: list them, run one, try one again."`
	Notices noticesCmd `cmd:"" help:"What people were told: list it, mark it as read."`
	User    userCmd    `cmd:"" help:"Manage the accounts of Rollcall itself."`
	Export  exportCmd  `cmd:"" help:"Write the objects of a class, or of a query, as CSV, JSON or XLSX."`
	Import  importCmd  `cmd:"" help:"Read objects of a class from CSV, JSON or XLSX."`

	SynchroImport synchroImportCmd `cmd:"" passthrough:"" help:"The command line of synchro_import.php."`
	SynchroExec   synchroExecCmd   `cmd:"" passthrough:"" help:"The command line of synchro_exec.php."`
	Cron          cronCmd          `cmd:"" passthrough:"" help:"The command line of cron.php."`
	ImportWire    wireImportCmd    `cmd:"" passthrough:"" hidden:"" help:"The command line of import.php."`
	ExportWire    wireExportCmd    `cmd:"" passthrough:"" hidden:"" help:"The command line of export-v2.php."`
	ExportPhp     wireExportV1Cmd  `cmd:"" passthrough:"" hidden:"" name:"export-v1" help:"The command line of export.php."`

	Exec       execCmd       `cmd:"" passthrough:"" help:"Run iTop's data collectors: the drop-in for exec.php."`
	LDAPTest   ldapTestCmd   `cmd:"" name:"ldap-test" passthrough:"" help:"Show what the collector's directory holds: the drop-in for ldap-test.php."`
	Completion completionCmd `cmd:"" help:"Print a completion script for a shell."`
	Man        manCmd        `cmd:"" help:"Print the manual page."`
	Version    versionCmd    `cmd:"" help:"Print the version."`
}

// data is embedded by every command that prints data.
type data struct {
	JSON bool `help:"Write JSON."`
}
