package transfer_test

import (
	"strings"
	"testing"

	"rollcall/internal/itop/gate"
	"rollcall/internal/registry/registrytest"
)

// TestExportOptions asks both pages with each of their options, and with those
// that make no sense.
func TestExportOptions(t *testing.T) {
	t.Parallel()
	w := extendedWorld(t, registrytest.SQLite(t))
	ann := w.person("Zoë", "Klein", "zoe@example.com", "function", "=1+1")
	w.create("Server", "name", "s", "org_id", "2", "purchase_date", "2024-12-31")
	w.create("UserRequest", "title", "T", "org_id", "2", "caller_id", idText(ann), "description", "<p>one</p><p>two &amp; <b>three</b></p>")
	v2, v1 := gate.Page(w.service.ExportV2), gate.Page(w.service.Export)
	for _, c := range []struct {
		page  gate.Page
		form  string // name=value, with & between
		media string
		want  string // of the answer, or of the page's body
	}{
		{v2, "expression=SELECT Server&format=csv&fields=purchase_date&date_format=d/m/Y H:i", "text/csv;charset=utf-8", "\"Purchase date\"\n\"31/12/2024\"\n"},
		{v2, "expression=SELECT UserRequest&format=csv&fields=description", "text/csv;charset=utf-8", "\"Description\"\n\"one\ntwo & three\"\n"},
		{v2, "expression=SELECT UserRequest&format=csv&fields=description&formatted_text=1", "text/csv;charset=utf-8", "\"Description\"\n\"<p>one</p><p>two &amp; <b>three</b></p>\"\n"},
		{v2, "expression=SELECT UserRequest&format=csv&fields=start_date&date_format=d.m.Y", "text/csv;charset=utf-8", "\"Start date\"\n\"21.11.2026\"\n"},
		{v2, "expression=SELECT Person&format=csv&fields=first_name&charset=ISO-8859-1", "text/csv;charset=iso-8859-1", "\"First Name\"\n\"Zo\xeb\"\n"},
		{v2, "expression=SELECT Person&format=csv&fields=first_name&charset=NOPE", "text/html; charset=UTF-8", "<p>ERROR: Unsupported charset: &#039;NOPE&#039;</p>"},
		{v2, "expression=SELECT Person&format=csv&fields=x.name", "text/html; charset=UTF-8", "Error: Invalid alias &#039;x&#039; for the column &#039;name&#039;. Availables aliases: &#039;Person&#039;"},
		{v2, "expression=SELECT Person&format=pdf&fields=name", "text/html; charset=UTF-8", "<p>ERROR: The format &#039;pdf&#039; is not available on this server: ask for html or xlsx</p>"},
		{v2, "expression=SELECT Person&format=json&fields=name", "text/html; charset=UTF-8", "<p>ERROR: Invalid output format: &#039;json&#039;. The supported formats are: html, pdf, csv, xlsx, spreadsheet, xml</p>"},
		{v2, "expression=SELECT Person WHERE id = :current_contact->id&format=csv&fields=name", "text/html; charset=UTF-8", "<p>ERROR: Invalid OQL query: 'SELECT Person WHERE id = :current_contact-&gt;id'.\nMissing parameter &#039;--arg_current_contact-&gt;id&#039;</p>"},
		{v2, "expression=SELECT Person WHERE id != :current_contact_id AND name != :current_user->login&format=csv&fields=name", "text/csv;charset=utf-8", "\"Last Name\"\n\"Klein\"\n"},
		{v1, "expression=SELECT Person&format=csv&fields=first_name,function", "text/plain; charset=ISO-8859-1", "First Name,Function\n\"Zo\xeb\",\"=1+1\"\n"},
		{v1, "expression=SELECT Person&format=csv&fields=first_name&charset=UTF-8", "text/plain; charset=UTF-8", "\uFEFFFirst Name\n\"Zoë\"\n"},
		{v1, "expression=SELECT Person&format=csv&fields=name&filename=p.csv", "text/csv; charset=ISO-8859-1", "Last Name\n\"Klein\"\n"},
		{v1, "expression=SELECT Organization WHERE name = 'Zoo'&format=csv", "text/plain; charset=ISO-8859-1",
			"Name,Code,Status,Parent->Name,Delivery model->Name,Parent->Full name,Parent->Obsolete,Delivery model->Full name\n\"Zoo\",\"\",\"Active\",\"Demo\",\"\",\"Demo\",No,\"\"\n"},
		{v1, "expression=SELECT Organization WHERE name = 'Zoo'&format=csv&fields_advanced=1&no_localize=1", "text/plain; charset=ISO-8859-1",
			"id,name,code,status,parent_id,parent_id->name,deliverymodel_id,deliverymodel_id->name,parent_id->friendlyname,parent_id->obsolescence_flag,deliverymodel_id->friendlyname\n4,\"Zoo\",\"\",\"active\",2,\"Demo\",0,\"\",\"Demo\",0,\"\"\n"},
		{v1, "expression=SELECT Person&format=CSV&fields=nope", "text/html; charset=UTF-8", "<p>Error the query can not be executed.</p><p>Invalid field specification nope: nope is not a valid attribute for Person</p>"},
		{v1, "expression=SELECT Person&format=foo", "text/html; charset=UTF-8", "<p>Unsupported format &#039;foo&#039;. Possible values are: html, csv, spreadsheet or xml.</p>"},
		{v1, "query=99&format=csv", "text/html; charset=UTF-8", "<p>ERROR: Invalid query phrasebook identifier: &#039;99&#039;</p>"},
	} {
		form := map[string]string{}
		for pair := range strings.SplitSeq(c.form, "&") {
			name, value, _ := strings.Cut(pair, "=")
			form[name] = value
		}
		rec := w.ask(c.page, form)
		got := rec.Body.String()
		if strings.HasPrefix(c.media, "text/html;") {
			got, _, _ = strings.Cut(body(got), "<p>Parameters:</p>")
		}
		if media := rec.Header().Get("Content-Type"); media != c.media || got != c.want {
			t.Errorf("%s\n got %s %q\nwant %s %q", c.form, media, got, c.media, c.want)
		}
	}
}
