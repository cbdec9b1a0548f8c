package quickbooksdesktopfake

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

const (
	connectorVersion = "2.3.0.207"
	noOpWait         = 5 * time.Second
	openRetries      = 2
)

// How an update ended.
const (
	Done      = "done"       // the service said 100
	NoWork    = "none"       // there was nothing to do
	BadUser   = "nvu"        // the service refused user name or password
	Busy      = "busy"       // the service serves another session
	Stopped   = "stopped"    // the service reported an error, see Run.Message
	NotOpened = "not_opened" // QuickBooks or the company file could not be opened
	Refused   = "refused"    // the service does not want this Web Connector
	Broken    = "broken"     // the session was lost; RunOnce returns an error, too
)

// ErrOff reports that the computer is switched off.
var ErrOff = errors.New("quickbooksdesktopfake: the computer is off")

// Run is one update of the Web Connector.
type Run struct {
	Outcome string `json:"outcome"`
	// Message is the last text that the user would have read.
	Message string `json:"message,omitempty"`
	// Sets counts the message sets given to QuickBooks, Writes their messages
	// that add or change something.
	Sets   int `json:"sets"`
	Writes int `json:"writes"`
	// Percent is what the service said last.
	Percent int `json:"percent"`
	// Postpone and Interval are what authenticate asked for: to wait this long
	// before the next update, and the shortest schedule.
	Postpone time.Duration `json:"postpone_ns,omitempty"`
	Interval time.Duration `json:"interval_ns,omitempty"`
}

// RunOnce makes one update as the Web Connector does, from serverVersion to
// closeConnection. While another update is under way it waits for its end. An
// error says that the update was cut off; the next one begins anew.
func (f *Fake) RunOnce(ctx context.Context) (Run, error) {
	f.turn.Lock()
	defer f.turn.Unlock()
	f.mu.Lock()
	off := f.off
	f.mu.Unlock()
	if off {
		return Run{}, ErrOff
	}
	s := &session{Fake: f, ctx: ctx}
	defer f.endSession()
	err := s.update()
	if err != nil {
		s.run.Outcome = Broken
	}
	return s.run, err
}

// endSession lets go what QuickBooks keeps for a session only.
func (f *Fake) endSession() {
	defer f.begin()()
	clear(f.iterators)
}

// RunUntilIdle makes updates until one has written nothing, at most that many.
// Sessions that get lost are tried again. It returns the last error.
func (f *Fake) RunUntilIdle(ctx context.Context, most int) error {
	var last error
	for range most {
		run, err := f.RunOnce(ctx)
		last = err
		if ctx.Err() != nil || errors.Is(err, ErrOff) || err == nil && run.Writes == 0 {
			return err
		}
	}
	return last
}

// AutoRun makes updates on schedule until the context ends, and returns its
// error. Updates that fail are left to the next one.
func (f *Fake) AutoRun(ctx context.Context) error {
	for {
		run, err := f.RunOnce(ctx)
		if f.cfg.Ran != nil {
			f.cfg.Ran(run, err)
		}
		wait := max(f.cfg.Interval, run.Interval)
		if run.Postpone > 0 {
			wait = run.Postpone
		}
		if err := f.WaitUntil(ctx, f.Now().Add(wait)); err != nil {
			return err
		}
	}
}

// Authenticate signs in as a second computer with the same user would, without
// waiting for an update under way, and goes no further. It returns the ticket
// and the answer: a company file, "", none, nvu or busy.
func (f *Fake) Authenticate(ctx context.Context) (ticket, answer string, err error) {
	s := &session{Fake: f, ctx: ctx}
	answer, err = s.authenticate()
	return s.ticket, answer, err
}

// openFailure scripts attempts to open the company file that fail.
type openFailure struct {
	hresult string
	times   int
}

// FailOpen makes the next attempts to open the company file fail with an
// HRESULT such as [HResultStart]. An update makes three at most.
func (f *Fake) FailOpen(hresult string, times int) {
	defer f.begin()()
	f.openFail = openFailure{hresult, times}
}

// session is an update under way.
type session struct {
	*Fake
	ctx    context.Context //nolint:containedctx // lives as long as one call of RunOnce
	ticket string
	run    Run
}

func (s *session) text(op string, params ...*node) (string, error) {
	n, err := s.call(s.ctx, op, params...)
	if err != nil {
		return "", err
	}
	return n.text, nil
}

func (s *session) key() *node { return leaf("ticket", s.ticket) }

func (s *session) update() error {
	if _, err := s.text("serverVersion"); err != nil {
		return err
	}
	wish, err := s.text("clientVersion", leaf("strVersion", connectorVersion))
	if err != nil {
		return err
	}
	if s.run.Message = wish; strings.HasPrefix(wish, "E:") || strings.HasPrefix(wish, "O:") {
		s.run.Outcome = Refused
		return nil
	}
	file, err := s.authenticate()
	if err != nil {
		return err
	}
	switch file {
	case BadUser, Busy:
		s.run.Outcome = file
		return nil
	case NoWork:
		s.run.Outcome = NoWork
		return s.close()
	}
	if opened, err := s.open(file); err != nil || !opened {
		return err
	}
	return s.exchange()
}

// authenticate signs in. It returns the company file, or another answer.
func (s *session) authenticate() (string, error) {
	n, err := s.call(s.ctx, "authenticate", leaf("strUserName", s.cfg.UserName), leaf("strPassword", s.cfg.Password))
	if err != nil {
		return "", err
	}
	var list []string
	for _, c := range n.children {
		if c.name == "string" && c.space == Namespace {
			list = append(list, c.text)
		}
	}
	if len(list) < 2 {
		return "", fmt.Errorf("%w: authenticate: QBWC1012: index was outside the bounds of the array", ErrService)
	}
	s.ticket = list[0]
	for i, d := range []*time.Duration{&s.run.Postpone, &s.run.Interval} {
		if len(list) > i+2 && list[i+2] != "" {
			seconds, err := strconv.Atoi(list[i+2])
			if err != nil {
				return "", fmt.Errorf("%w: authenticate: %q is no number of seconds", ErrService, list[i+2])
			}
			*d = time.Duration(seconds) * time.Second
		}
	}
	return list[1], nil
}

// open opens the company file, and asks what to do when it cannot.
func (s *session) open(file string) (opened bool, err error) {
	for try := 0; ; try++ {
		hresult := s.tryOpen(file)
		if hresult == "" {
			return true, nil
		}
		next, err := s.text("connectionError", s.key(), leaf("hresult", hresult), leaf("message", openTexts[hresult]))
		if err != nil {
			return false, err
		}
		if next == "done" || try == openRetries {
			s.run.Outcome, s.run.Message = NotOpened, openTexts[hresult]
			return false, s.close()
		}
		file = next
	}
}

var openTexts = map[string]string{
	HResultStart:     "Could not start QuickBooks.",
	HResultOtherFile: "A QuickBooks company data file is already open and it is different from the one requested.",
}

func (f *Fake) tryOpen(file string) (hresult string) {
	defer f.begin()()
	switch {
	case f.openFail.times > 0:
		f.openFail.times--
		return f.openFail.hresult
	case file != "" && !strings.EqualFold(file, f.cfg.CompanyFile):
		return HResultOtherFile
	}
	return ""
}

// exchange takes requests to QuickBooks and responses back until the service
// has enough.
func (s *session) exchange() error {
	prelude := s.lang.prelude(s.Fake)
	for {
		text, err := s.text("sendRequestXML", s.key(), leaf("strHCPResponse", prelude), leaf("strCompanyFileName", s.cfg.CompanyFile),
			leaf("qbXMLCountry", "US"), leaf("qbXMLMajorVers", s.lang.major), leaf("qbXMLMinorVers", "0"))
		if err != nil {
			return err
		}
		prelude = ""
		if strings.TrimSpace(text) == "" {
			again, err := s.ask()
			if err != nil || !again {
				return err
			}
			continue
		}
		percent, err := s.execute(text)
		if err != nil {
			return err
		}
		s.run.Percent = percent
		switch {
		case percent < 0:
			return s.stop()
		case percent >= 100:
			s.run.Outcome = Done
			return s.close()
		}
	}
}

// ask finds out why there is no request. NoOp means to come back in 5 seconds.
func (s *session) ask() (again bool, err error) {
	why, err := s.text("getLastError", s.key())
	if err != nil {
		return false, err
	}
	s.run.Message = why
	if why == "NoOp" {
		return true, s.WaitUntil(s.ctx, s.Now().Add(noOpWait))
	}
	s.run.Outcome = Stopped
	return false, s.close()
}

func (s *session) stop() error {
	why, err := s.text("getLastError", s.key())
	if err != nil {
		return err
	}
	s.run.Outcome, s.run.Message = Stopped, why
	return s.close()
}

func (s *session) close() error {
	if _, err := s.text("closeConnection", s.key()); err != nil {
		return err
	}
	return nil
}

// execute gives a request to QuickBooks and hands the response over.
func (s *session) execute(request string) (percent int, err error) {
	response, writes, err := s.process(s.ctx, request)
	s.run.Sets++
	s.run.Writes += writes
	hresult, message := "", ""
	if errors.Is(err, errParse) {
		response, hresult, message = "", HResultParse, parseText
	} else if err != nil {
		return 0, err
	}
	answer, err := s.text("receiveResponseXML", s.key(), leaf("response", response), leaf("hresult", hresult), leaf("message", message))
	if err != nil {
		return 0, err
	}
	if hresult != "" {
		s.run.Message = message
	}
	percent, err = strconv.Atoi(strings.TrimSpace(answer))
	if err != nil {
		return 0, fmt.Errorf("%w: receiveResponseXML: %q is no number", ErrService, answer)
	}
	return percent, nil
}
