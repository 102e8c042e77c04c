package migrate

import "strconv"

const exoStore = "exo.idm.externalStore."

// jobs makes the timetable.
func (x *exo) jobs() {
	const (
		imports, removal, queue = exoStore + "import.cronExpression", exoStore + "delete.cronExpression", exoStore + "queue.processing.cronExpression"
		retries                 = exoStore + "queue.processing.error.retries.max"
	)
	n := strconv.Itoa(x.number(retries, 5))
	for _, job := range []struct{ work, name, usual, about string }{
		{"import", imports, "0 */10 * ? * *", "Brings in what is new and changed."},
		{"removal", removal, "0 59 23 ? * *", "Sees to who is gone, once the whole of the directory was read."},
		{"queue", queue, "0 */1 * ? * *", "Tries again what failed; after so many times it is parked."},
	} {
		cron := Setting{Key: "cron", Value: Text(x.filled(job.name, job.usual))}
		section := Section{Name: job.work, About: job.about, Settings: []Setting{{Key: job.work, Value: "all"}, cron}}
		if job.work == "queue" {
			section.Settings = append(section.Settings, Setting{Key: "retries", Value: n})
		}
		x.draft.Timetable = append(x.draft.Timetable, section)
		x.tell(job.name, TakenOver, "timetable: %s", job.work)
	}
	x.tell(retries, TakenOver, "retries of timetable: queue")
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
