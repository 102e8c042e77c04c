package gate

import (
	"fmt"
	"net/http"
)

// Status answers status.php, which asks for no sign-in (iTop 3.2.0, observed).
func Status(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprint(w, `{"status":"RUNNING","code":0,"message":""}`)
}
