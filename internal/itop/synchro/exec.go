package synchro

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"rollcall/internal/itop/gate"
	"rollcall/internal/rollcall"
)

// Exec answers synchro_exec.php: it runs data sources one after the other. One
// that fails does not stop the next; one that does not exist ends the call.
func (s *Service) Exec(ctx context.Context, w http.ResponseWriter, r *gate.Request) {
	out := &report{isHTML: !r.CommandLine}
	list := trimmed(r.Params, "data_sources", "")
	if !r.Params.Has("data_sources") {
		out.paragraph("ERROR: Missing argument 'data_sources'\n")
	}
	switch {
	case list != "":
		s.execAll(ctx, out, r, strings.Split(list, ","))
	case out.isHTML:
		out.paragraph("The parameter 'data_sources' is mandatory, and must contain a comma separated list of data sources\n")
	default:
		out.paragraph("USAGE:\n")
		out.paragraph("rollcall synchro_exec --auth_user=<login> --auth_pwd=<password> --data_sources=<comma_separated_list_of_data_sources> " +
			"[--max_chunk_size=<limit the count of replica loaded in a single pass>] " +
			"[--simulate=<If set to 1, then the synchro will not be executed, but the expected report will be produced>]\n")
	}
	s.sendPage(w, out)
}

func (s *Service) execAll(ctx context.Context, out *report, r *gate.Request, ids []string) {
	for _, id := range ids {
		if ctx.Err() != nil {
			return // nobody reads on
		}
		n, err := strconv.ParseInt(strings.TrimSpace(id), 10, 64)
		var head rollcall.SourceHead
		if err == nil {
			head, err = s.Feeds.Source(ctx, rollcall.ObjectID(n))
		} else {
			err = rollcall.Errorf(rollcall.NotFound, "no number")
		}
		if rollcall.KindOf(err) == rollcall.NotFound && err != nil {
			out.paragraph(fmt.Sprintf("ERROR: The data source (id=%s) does not exist. Exiting...", id))
			return
		}
		if err != nil {
			out.paragraph(s.explain(err))
			continue
		}
		out.paragraph(fmt.Sprintf("Working on %s (id=%s)...", head.Name, id))
		chunk, _ := strconv.Atoi(trimmed(r.Params, "max_chunk_size", "0")) // what is no number is no limit
		done, err := s.Feeds.Exec(ctx, rollcall.Exec{
			Source: head.ID, By: runner(r), Limits: s.Limits(head.Name), Chunked: chunk > 0 && out.isHTML,
			Simulate: r.Params.Get("simulate", "0") == "1",
		})
		if err != nil {
			out.paragraph(s.explain(err))
			continue
		}
		if done.Error != "" {
			out.paragraph("ERROR: " + done.Error)
		}
		for _, line := range counters(&done.Counters) {
			out.paragraph(line)
		}
	}
}
