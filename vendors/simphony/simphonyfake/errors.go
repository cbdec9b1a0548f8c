package simphonyfake

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

var (
	errNoLocation = errors.New("simphonyfake: no such location")
	errNoSale     = errors.New("simphonyfake: no such sale")
)

// answer is an answer with a status or headers of its own.
type answer struct {
	status int
	header map[string]string
	body   any // nil: none
}

func (a answer) write(w http.ResponseWriter) {
	for k, v := range a.header {
		w.Header().Set(k, v)
	}
	if a.body == nil {
		w.WriteHeader(a.status)
		return
	}
	text, err := json.Marshal(a.body)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(a.status)
	_, _ = w.Write(text)
}

// problem is an error as one of the REST interfaces answers it.
type problem struct {
	status int
	title  string
	detail string
	code   int    // of CCAPI
	kind   string // the instance of STS2, the code of OIDC
}

func (p *problem) Error() string { return fmt.Sprintf("%d %s: %s", p.status, p.title, p.detail) }

func fail(status int, title, format string, args ...any) error {
	return &problem{status: status, title: title, detail: fmt.Sprintf(format, args...)}
}

// asProblem is the problem to answer for an error.
func asProblem(err error) *problem {
	if p := (*problem)(nil); errors.As(err, &p) {
		return p
	}
	return &problem{status: http.StatusInternalServerError, title: "Internal Server Error", detail: err.Error()}
}

type problemView struct {
	Type     string `json:"type"`
	Title    string `json:"title"`
	Status   int    `json:"status"`
	Detail   string `json:"detail"`
	Instance string `json:"instance,omitempty"`
	Details  string `json:"errorDetails,omitempty"`
	Code     int    `json:"o:errorCode,omitempty"`
}

const problemType = "https://www.rfc-editor.org/rfc/rfc9110.html#name-status-codes"

func stsProblem(w http.ResponseWriter, err error) {
	p := asProblem(err)
	if p.kind == "" {
		p.kind = "error:check_validation_failure"
	}
	writeProblem(w, "application/problem+json", problemView{Type: problemType, Title: p.title, Status: p.status, Detail: p.detail, Instance: p.kind})
}

func biProblem(w http.ResponseWriter, err error) {
	p := asProblem(err)
	writeProblem(w, "application/json", problemView{Type: problemType, Title: p.title, Status: p.status, Detail: p.detail})
}

func configProblem(w http.ResponseWriter, err error) {
	p := asProblem(err)
	if p.code == 0 {
		p.code = 55000 + p.status
	}
	writeProblem(w, "application/json", problemView{Type: problemType, Title: p.title, Status: p.status, Detail: p.detail, Details: p.detail, Code: p.code})
}

func writeProblem(w http.ResponseWriter, contentType string, v problemView) {
	text, err := json.Marshal(v)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(v.Status)
	_, _ = w.Write(text)
}

func identityProblem(w http.ResponseWriter, err error) {
	p := asProblem(err)
	answer{status: p.status, body: map[string]any{"status": p.status, "message": p.detail, "code": p.title}}.write(w)
}

// scripted answers a status that no operation chose, as the interface that was
// called would.
func (f *Fake) scripted(w http.ResponseWriter, r *http.Request, status int) {
	err := fail(status, statusTitle(status), "%s", statusTitle(status))
	switch path := strings.ToLower(r.URL.Path); {
	case strings.Contains(path, "/egateway/"):
		writeFault(w, isSOAP12(r), status, "Server", statusTitle(status))
	case strings.HasPrefix(path, "/oidc-provider/"):
		identityProblem(w, err)
	case strings.HasPrefix(path, "/config/"):
		configProblem(w, err)
	case strings.HasPrefix(path, "/bi/"):
		biProblem(w, err)
	default:
		stsProblem(w, err)
	}
}

func statusTitle(status int) string {
	if status == statusPOSTimeout {
		return "Service Timeout"
	}
	if text := http.StatusText(status); text != "" {
		return text
	}
	return strconv.Itoa(status)
}
