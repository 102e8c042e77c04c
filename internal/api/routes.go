package api

import "net/http"

// routes is the table of all operations: who may call each stands here and
// nowhere else.
func routes() []route {
	return []route{
		get("/openapi.json", GateOpen, "describe", "This document.", (*call).openAPI),
		post("/sign-in", GateOpen, http.StatusOK, "signIn",
			"Proves a login and a password, of the registry or of a directory, and tells what the account may do.", (*call).signInRoute),
		post("/sign-out", GateAccount, http.StatusNoContent, "signOut", "Ends the session whose token is sent.", (*call).signOut),
		get("/me", GateAccount, "me", "The account that asks.", (*call).me),

		get("/sources", GateRunner, "listSources", "The data sources, with their last runs.", (*call).sources),
		get("/sources/{source}", GateRunner, "getSource", "One data source.", (*call).source),
		get("/sources/{source}/replicas", GateRunner, "listReplicas", "The replicas of a data source, oldest first.", (*call).replicas),
		get("/sources/{source}/failed", GateRunner, "listFailed", "The entries that runs could not take over, and when they are tried again.", (*call).failed),
		post("/sources/{source}/retry", GateRunner, http.StatusAccepted, "retryFailed", "Tries failed entries again now, parked or not.", (*call).retry),
		get("/directories", GateAdministrator, "listDirectories", "The directories of the configuration.", (*call).directories),

		get("/runs", GateRunner, "listRuns", "The runs, newest first.", (*call).runs),
		post("/runs", GateRunner, http.StatusAccepted, "startRun", "Queues a run of data sources for now.", (*call).startRun),
		get("/runs/{run}", GateRunner, "getRun", "One run, with its counters.", (*call).run),
		get("/runs/{run}/changes", GateRunner, "listChanges", "What a run did to objects; of a plan or a held run, what it would do.", (*call).changes),
		get("/runs/{run}/problems", GateRunner, "listProblems", "What was wrong with single entries.", (*call).problems),
		post("/runs/{run}/undo", GateAdministrator, http.StatusCreated, "undoRun",
			"Takes a run back, unless objects moved on since.", (*call).undo),

		get("/plans", GateRunner, "listPlans", "Plans and held runs, newest first: those that wait for a decision, or those of another state.", (*call).plans),
		post("/plans", GateAdministrator, http.StatusCreated, "makePlan",
			"Reads data sources and keeps what a run would do. It ends with the request.", (*call).makePlan),
		get("/plans/{plan}", GateRunner, "getPlan", "One plan or held run; its changes are those of the run of that number.", (*call).plan),
		post("/plans/{plan}/approve", GateAdministrator, http.StatusCreated, "approvePlan",
			"Carries out exactly that plan or held run, or says what moved on. It ends with the request.", (*call).approve),
		post("/plans/{plan}/drop", GateAdministrator, http.StatusOK, "dropPlan", "Refuses a plan or a held run.", (*call).drop),

		get("/bindings", GateAdministrator, "listBindings", "What the members of directory groups are given.", (*call).bindings),
		get("/bindings/{binding}/members", GateAdministrator, "listMembers", "Who was given something by a binding, what, and by which groups.", (*call).members),

		get("/jobs", GateAdministrator, "listJobs", "The queue, newest first.", (*call).jobs),
		post("/jobs", GateAdministrator, http.StatusAccepted, "startJob", "Queues the job of a line of the timetable for now.", (*call).startJob),
		get("/jobs/{job}", GateAdministrator, "getJob", "One job.", (*call).job),
		post("/jobs/{job}/requeue", GateAdministrator, http.StatusOK, "requeueJob", "Tries a job again that is parked, stopped or waiting.", (*call).requeue),
		post("/jobs/{job}/cancel", GateAdministrator, http.StatusOK, "cancelJob", "Takes a job out of the queue, or interrupts it.", (*call).cancel),
		post("/jobs/{job}/forget", GateAdministrator, http.StatusNoContent, "forgetJob", "Removes a job that has ended from the list.", (*call).forget),
		get("/timetable", GateAdministrator, "listTimetable", "The timetable and when each line is due.", (*call).timetable),

		get("/notices", GateBackOffice, "listNotices", "What the account is to know of runs and jobs, newest first.", (*call).notices),
		post("/notices/read", GateBackOffice, http.StatusOK, "readNotices", "Marks notices as read by the account, or as unread.", (*call).readNotices),
		get("/why", GateAdministrator, "why", "Why an object is as it is, or why somebody is not there.", (*call).why),
		get("/objects", GateBackOffice, "listObjects", "Objects that a query in OQL selects, by their IDs.", (*call).objects),
	}
}
