package gate

import (
	"net/http"
	"os"
	"path"

	"rollcall/internal/itop/wire"
)

// maintenanceText is what iTop 3.2.0 says while it is being changed.
const maintenanceText = "This application is currently under maintenance."

// Maintained answers in place of a page while a file exists: status 503, and for
// rest.php JSON of another shape than its usual one (iTop 3.2.0, observed).
func Maintained(file string, page http.Handler) http.Handler {
	if file == "" {
		return page
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := os.Stat(file); err != nil {
			page.ServeHTTP(w, r)
			return
		}
		header, body := w.Header(), ""
		switch path.Base(r.URL.Path) {
		case "rest.php":
			header.Set("Content-Type", "application/json")
			header.Set("Access-Control-Allow-Origin", "*")
			body = `{"data":[{"code":100,"message":"` + maintenanceText + `"}],"scripts":[]}`
		default:
			header.Set("Content-Type", "text/html; charset=UTF-8")
			body = wire.Page("Maintenance", "<p>"+maintenanceText+"</p>")
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte(body)) // a client that left needs no answer
	})
}

// notFoundPage is what iTop's web server says of an address that it does not
// know; collectors show it to whoever mistyped the address of iTop (recorded
// from Apache 2.4).
const notFoundPage = `<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN" "http://www.w3.org/TR/html4/strict.dtd">
<html><head>
<title>404 Not Found</title>
</head><body>
<h1>Not Found</h1>
<p>The requested URL was not found on this server.</p>
</body></html>
`

// NotFound answers for every address that is none of the pages.
func NotFound(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=iso-8859-1")
	w.WriteHeader(http.StatusNotFound)
	_, _ = w.Write([]byte(notFoundPage)) // a client that left needs no answer
}
