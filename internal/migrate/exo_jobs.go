package migrate

import "strconv"

const exoStore = "exo.idm.externalStore."

// jobs makes the timetable.
func (x *exo) jobs() {
	const (
		imports, removal, queue = exoStore + "import.cronExpression", exoStore + "delete.cronExpression", exoStore + "queue.processing.cronExpression"
		retries                 = exoStore + "queue.processing.error.retries.max"
	)
	n := x.number(retries, 5)
	x.tell(retries, TakenOver, "retries")
	x.draft.Timetable = append(x.draft.Timetable, Section{Name: "import", Settings: []Setting{
		{Key: "cron", Value: Text(x.filled(imports, "0 */10 * ? * *"))},
		{Key: "retries", Value: strconv.Itoa(n)},
	}})
	x.tell(imports, TakenOver, "timetable: import")
	x.tell(removal, Different, "each run sees who is gone, once the whole of the directory was read")
	x.tell(queue, NotNeeded, "a run writes what it read; nothing waits in between")
}

// signIn says how people come in.
func (x *exo) signIn() {
	const authorize, documented, inCode = exoStore + "authorizelogin", exoStore + "update.onlogin", "exo.idm.update.onlogin"
	providers, about := "[main, local]", ""
	x.tell(authorize, TakenOver, "providers: accounts of the directory sign in, and local ones")
	if !x.truth(authorize, true) {
		providers, about = "[local]", "Accounts of the directory are synchronized and cannot sign in."
		x.tell(authorize, TakenOver, "providers: local accounts alone sign in, runs go on")
	}
	// The documentation's name counts, where both are given.
	refresh := x.truth(inCode, true)
	if _, given := x.get(documented); given {
		refresh = x.truth(documented, true)
	}
	for _, name := range []string{documented, inCode} {
		x.tell(name, TakenOver, "refresh")
	}
	list := []Setting{{"providers", providers, about}}
	if about == "" {
		list = append(list, Setting{Key: "directory", Value: "main"})
	}
	x.draft.SignIn = append(list,
		Setting{Key: "login", Value: "[" + Word(x.login) + "]"},
		Setting{"filter", Text(x.filter()), "Who is not among the users cannot sign in."},
		Setting{"import", "true", "Whoever has no account yet gets one at the first sign-in."},
		Setting{"refresh", strconv.FormatBool(refresh), "Whether an account follows its entry at each sign-in too."})
}
