package quickbooksdesktopfake_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooksdesktop/quickbooksdesktopfake"
)

func TestUpdates(t *testing.T) {
	t.Parallel()
	hosts := set(goOn, `<HostQueryRq requestID="h"/>`)
	begin := []string{"serverVersion", "clientVersion", "authenticate"}
	for name, tc := range map[string]struct {
		change  func(*service, *quickbooksdesktopfake.Fake)
		outcome string
		calls   []string
	}{
		"two sets": {
			func(s *service, _ *quickbooksdesktopfake.Fake) { s.requests = []string{hosts, hosts} }, quickbooksdesktopfake.Done,
			[]string{"sendRequestXML", "receiveResponseXML", "sendRequestXML", "receiveResponseXML", "closeConnection"},
		},
		"no work":  {func(s *service, _ *quickbooksdesktopfake.Fake) { s.auth = []string{"t", "none", "300"} }, quickbooksdesktopfake.NoWork, []string{"closeConnection"}},
		"bad user": {func(s *service, _ *quickbooksdesktopfake.Fake) { s.auth = []string{"", "nvu"} }, quickbooksdesktopfake.BadUser, nil},
		"busy":     {func(s *service, _ *quickbooksdesktopfake.Fake) { s.auth = []string{"", "busy"} }, quickbooksdesktopfake.Busy, nil},
		"empty":    {func(*service, *quickbooksdesktopfake.Fake) {}, quickbooksdesktopfake.Stopped, []string{"sendRequestXML", "getLastError", "closeConnection"}},
		"negative": {
			func(s *service, _ *quickbooksdesktopfake.Fake) {
				s.requests, s.percent = []string{hosts}, func(int) int { return -1 }
			}, quickbooksdesktopfake.Stopped,
			[]string{"sendRequestXML", "receiveResponseXML", "getLastError", "closeConnection"},
		},
		"cannot open": {
			func(s *service, f *quickbooksdesktopfake.Fake) {
				s.failed = "done"
				f.FailOpen(quickbooksdesktopfake.HResultStart, 1)
			}, quickbooksdesktopfake.NotOpened, []string{"connectionError", "closeConnection"},
		},
		"opens at last": {
			func(s *service, f *quickbooksdesktopfake.Fake) {
				s.requests = []string{hosts}
				f.FailOpen(quickbooksdesktopfake.HResultStart, 2)
			}, quickbooksdesktopfake.Done, []string{"connectionError", "connectionError", "sendRequestXML", "receiveResponseXML", "closeConnection"},
		},
		"other file": {
			func(s *service, _ *quickbooksdesktopfake.Fake) {
				s.auth, s.failed = []string{"t", `C:\other.qbw`}, "done"
			}, quickbooksdesktopfake.NotOpened,
			[]string{"connectionError", "closeConnection"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, s := open(t, quickbooksdesktopfake.Config{})
			tc.change(s, f)
			run, err := f.RunOnce(context.Background())
			if err != nil || run.Outcome != tc.outcome {
				t.Errorf("run %+v, error %v, want %s", run, err, tc.outcome)
			}
			if diff := cmp.Diff(append(begin[:3:3], tc.calls...), s.calls); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
			if len(s.preludes) > 1 && (s.preludes[0] == "" || s.preludes[1] != "") {
				t.Error("the prelude comes with the first request only")
			}
		})
	}
}

func TestNoOpWaitsFiveSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, s := open(t, quickbooksdesktopfake.Config{})
		s.lastErr = func() string {
			s.requests = []string{set(goOn, `<HostQueryRq/>`)}
			return "NoOp"
		}
		began := time.Now()
		run, err := f.RunOnce(context.Background())
		if err != nil || run.Outcome != quickbooksdesktopfake.Done || time.Since(began) != 5*time.Second {
			t.Errorf("run %+v, error %v, after %v", run, err, time.Since(began))
		}
	})
}

func TestAutoRunKeepsToTheSchedule(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		told := 0
		f, s := open(t, quickbooksdesktopfake.Config{Interval: time.Minute, Ran: func(run quickbooksdesktopfake.Run, err error) {
			if told++; err != nil || run.Outcome != quickbooksdesktopfake.NoWork {
				t.Errorf("run %+v, error %v", run, err)
			}
		}})
		s.auth = []string{"t", "none", "", "600"}
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour+time.Minute)
		defer cancel()
		if err := f.AutoRun(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if n := len(s.calls); n != 7*4 || told != 7 {
			t.Errorf("%d calls and %d reports in an hour, want 7 updates of 4", n, told)
		}
	})
}

func TestLostRepliesAreRecovered(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]posfake.Fault{
		"after the message":     {Kind: posfake.FaultLostReply, Op: "ItemInventoryAdd"},
		"before the message":    {Kind: posfake.FaultReset, Op: "ItemInventoryAdd"},
		"before the service":    {Kind: posfake.FaultReset, Op: "receiveResponseXML"},
		"before the next call":  {Kind: posfake.FaultReset, Op: "sendRequestXML"},
		"service fails":         {Kind: posfake.FaultStatus, Status: 503, Op: "receiveResponseXML"},
		"request does not come": {Kind: posfake.FaultLostReply, Op: "sendRequestXML"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, s := open(t, quickbooksdesktopfake.Config{})
			if _, err := f.Inject(fault); err != nil {
				t.Fatal(err)
			}
			s.requests = []string{set(goOn+` newMessageSetID="{1}"`, `<HostQueryRq/>`, bowl)}
			run, err := f.RunOnce(context.Background())
			if err == nil || run.Outcome != quickbooksdesktopfake.Broken {
				t.Fatalf("run %+v, error %v", run, err)
			}
			if _, err := f.RunOnce(context.Background()); err != nil {
				t.Fatal(err)
			}
			if len(s.responses) != 1 || codes(s.responses[0].XML) != "0 0" {
				t.Errorf("responses %+v", s.responses)
			}
			writes := 0
			for _, r := range f.Requests() {
				if r.Write && r.Fault != posfake.FaultReset {
					writes++
				}
			}
			if got := codes(one(t, f, s, bowl)); writes != 1 || got != "3100" {
				t.Errorf("%d writes, a second add gives %s", writes, got)
			}
		})
	}
}

func TestConnectURLReplacesTheService(t *testing.T) {
	t.Parallel()
	f, s := open(t, quickbooksdesktopfake.Config{})
	s.auth = []string{"t", "none"}
	f.ConnectURL("")
	if _, err := f.RunOnce(context.Background()); !errors.Is(err, quickbooksdesktopfake.ErrService) || len(s.calls) > 0 {
		t.Errorf("nobody is connected: %v, calls %v", err, s.calls)
	}
	host := httptest.NewServer(s)
	defer host.Close()
	f.ConnectURL(host.URL + "/qbwc")
	if run, err := f.RunOnce(context.Background()); err != nil || run.Outcome != quickbooksdesktopfake.NoWork {
		t.Errorf("run %+v, error %v", run, err)
	}
}

func TestComputerOffAndSecondComputer(t *testing.T) {
	t.Parallel()
	f, s := open(t, quickbooksdesktopfake.Config{})
	if err := f.SetOnline(quickbooksdesktopfake.CompanyID, false); err != nil {
		t.Fatal(err)
	}
	if _, err := f.RunOnce(context.Background()); !errors.Is(err, quickbooksdesktopfake.ErrOff) || len(s.calls) > 0 {
		t.Errorf("error %v, calls %v", err, s.calls)
	}
	if err := f.SetOnline(f.Locations()[0].ID, false); !errors.Is(err, posfake.ErrNotSimulated) {
		t.Error(err)
	}
	s.auth = []string{"", "busy"}
	if _, answer, err := f.Authenticate(context.Background()); err != nil || answer != "busy" {
		t.Errorf("answer %q, error %v", answer, err)
	}
}
