package simphony

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
	"github.com/farmacyfoods/pointofsale/vendors/kit/soapkit"
	"github.com/farmacyfoods/pointofsale/vendors/simphony/internal/ts1"
)

// ts1Namespace is that of the WSDL. All operations have one address.
//
//	op: POST /EGateway/SimphonyPosApiWeb.asmx Transaction Services API Reference Guide F75947-02
const ts1Namespace = "http://micros-hosting.com/EGateway/"

// till is the Transaction Services Gen1 of one property.
type till struct {
	location string
	zone     *time.Location
	currency pos.Currency
	centers  []int
	cfg      *TS1
	client   *kit.Client
	soap     ts1.SimphonyPosAPIWebSoap

	mu    sync.Mutex
	known map[int32]knownCheck // details read before, by sequence number
}

func newTill(p *Property, cfg *TS1, o *kit.Options) (*till, error) {
	u, err := url.Parse(p.TS1URL)
	if err != nil {
		return nil, fail("New", pos.KindInvalid, err)
	}
	zone, err := pos.Zone(p.TimeZone)
	if err != nil {
		return nil, fail("New", pos.KindInvalid, err)
	}
	t := &till{location: p.LocRef, zone: zone, currency: p.Currency, centers: p.RevenueCenters, cfg: cfg, known: make(map[int32]knownCheck)}
	t.client, err = kit.NewClient(kit.ClientConfig{
		Vendor: vendor, BaseURL: u.Scheme + "://" + u.Host,
		Budget: kit.NewBudget(ts1PerSecond, ts1PerSecond).Parallel(1),
	}, o)
	if err != nil {
		return nil, err
	}
	t.soap = ts1.NewSimphonyPosAPIWebSoap(soapkit.New(soapkit.Config{
		Client: t.client, URL: p.TS1URL, Namespace: ts1Namespace, WireNamespace: cfg.Namespace, ActionBase: cfg.actionBase(),
		Describe: func(string) kit.Request { return kit.Request{Location: p.LocRef, Repeatable: true} }, // reads only
	}))
	return t, nil
}

// ts1PerSecond spares the workstation that serves the interface.
const ts1PerSecond = 10

// actionBase follows a namespace of the server's own.
func (c *TS1) actionBase() string { return first(c.ActionBase, c.Namespace) }

// outcome checks the operational result that every answer carries.
func (t *till) outcome(op string, err error, r *ts1.SimphonyPosApi_OperationalResult) error {
	if err != nil {
		return soapkit.Error(err, pos.Error{Vendor: vendor, Op: op, Location: t.location})
	}
	switch {
	case r == nil || r.Success == nil:
		return failAt(op, t.location, pos.KindProtocol, errors.New("the answer has no OperationalResult"))
	case !*r.Success:
		return refused(op, t.location, r.ErrorCode, r.ErrorMessage)
	}
	return nil
}

// ping asks for the version.
func (t *till) ping(ctx context.Context) error {
	_, err := t.configuration(ctx, "VERSION", 0)
	return err
}

// configuration reads a page of one type of configuration.
func (t *till) configuration(ctx context.Context, kind string, start int32) (*ts1.SimphonyPosApi_ConfigInfoResponse, error) {
	const op = "GetConfigurationInfoEx"
	count, center := int32(configPage), t.center()
	answer, err := t.soap.GetConfigurationInfoExContext(ctx, &ts1.GetConfigurationInfoEx{ConfigInfoRequest: &ts1.SimphonyPosApi_ConfigInfoRequest{
		VendorCode: t.cfg.VendorCode.Reveal(), EmployeeObjectNumber: &t.cfg.Employee, RVCObjectNumber: &center,
		ConfigurationInfo: &ts1.ArrayOfSimphonyPosApi_ConfigInfo{SimphonyPosApi_ConfigInfo: []*ts1.SimphonyPosApi_ConfigInfo{
			{ConfigurationInfoTypeID: kind, StartIndex: &start, MaxRecordCount: &count},
		}},
	}})
	var info *ts1.SimphonyPosApi_ConfigInfoResponse
	if answer != nil {
		info = answer.ConfigInfoResponse
	}
	return info, t.outcome(op, err, infoResult(info))
}

// configPage is how many records a page of configuration holds.
const configPage = 500

func infoResult(r *ts1.SimphonyPosApi_ConfigInfoResponse) *ts1.SimphonyPosApi_OperationalResult {
	if r == nil {
		return nil
	}
	return r.OperationalResult
}

// center is the revenue center to ask for: the only one, or 0 for all.
func (t *till) center() int32 {
	if len(t.centers) == 1 {
		return int32(t.centers[0])
	}
	return 0
}

// openChecks lists the open checks of all employees.
func (t *till) openChecks(ctx context.Context) (map[int32]bool, error) {
	const op = "GetOpenChecksEx"
	everybody := int32(0)
	answer, err := t.soap.GetOpenChecksExContext(ctx, &ts1.GetOpenChecksEx{VendorCode: t.cfg.VendorCode.Reveal(), EmployeeObjectNum: &everybody})
	var list *ts1.SimphonyPosApi_OpenChecks
	var result *ts1.SimphonyPosApi_OperationalResult
	if answer != nil && answer.OpenChecks != nil {
		list, result = answer.OpenChecks, answer.OpenChecks.OperationalResult
	}
	if err := t.outcome(op, err, result); err != nil {
		return nil, err
	}
	open := make(map[int32]bool)
	if list.CheckSummary != nil {
		for _, c := range list.CheckSummary.SimphonyPosApi_CheckSummary {
			if c != nil && c.CheckSeq != nil {
				open[*c.CheckSeq] = true
			}
		}
	}
	return open, nil
}

// checks lists the checks that were opened since a time.
func (t *till) checks(ctx context.Context, since time.Time) ([]*ts1.SimphonyPosApi_CheckSummary, error) {
	const op = "GetChecks"
	zero, center, closed := int32(0), t.center(), true
	answer, err := t.soap.GetChecksContext(ctx, &ts1.GetChecks{PpCheckFilter: &ts1.SimphonyPosApi_CheckRequest{
		VendorCode: t.cfg.VendorCode.Reveal(), EmployeeObjectNum: &zero, RvcObjectNum: &center, OrderTypeID: &zero,
		LookUpStartDate: since.In(t.zone).Format(plainTime), IncludeClosedCheck: &closed,
	}})
	var list *ts1.SimphonyPosApi_CheckResponse
	var result *ts1.SimphonyPosApi_OperationalResult
	if answer != nil && answer.PpChecksResponse != nil {
		list, result = answer.PpChecksResponse, answer.PpChecksResponse.OperationalResult
	}
	if err := t.outcome(op, err, result); err != nil {
		return nil, err
	}
	var rows []*ts1.SimphonyPosApi_CheckSummary
	if list.Checks != nil {
		for _, c := range list.Checks.SimphonyPosApi_CheckSummaryEx {
			if c != nil && c.SimphonyPosApi_CheckSummary != nil && c.CheckSeq != nil {
				rows = append(rows, c.SimphonyPosApi_CheckSummary)
			}
		}
	}
	return rows, nil
}

// detail reads one check.
func (t *till) detail(ctx context.Context, num, seq int32) (string, error) {
	const op = "GetCheckDetail"
	answer, err := t.soap.GetCheckDetailContext(ctx, &ts1.GetCheckDetail{PpCheckDetailFilter: &ts1.SimphonyPosApi_CheckDetailRequest{
		VendorCode: t.cfg.VendorCode.Reveal(), CheckNumber: &num, CheckSeqNumber: &seq,
	}})
	var detail *ts1.SimphonyPosApi_CheckDetailResponse
	var result *ts1.SimphonyPosApi_OperationalResult
	if answer != nil && answer.PpCheckDetailResponse != nil {
		detail, result = answer.PpCheckDetailResponse, answer.PpCheckDetailResponse.OperationalResult
	}
	if err := t.outcome(op, err, result); err != nil {
		return "", err
	}
	return detail.CheckDetail, nil
}

// time reads a time of the property: local, without zone.
func (t *till) time(s string) (time.Time, error) { return parseTime(s, t.zone) }

// isSet reads a flag of a summary.
func isSet(n *int16) bool { return n != nil && *n != 0 }

func value(n *int32) int32 {
	if n == nil {
		return 0
	}
	return *n
}

func (t *till) id(seq int32) string { return fmt.Sprintf("ts1:%s:%d", t.location, seq) }

// split reads the id of a check of TS1.
func split(id string) (location string, seq int32, ok bool) {
	rest, ok := strings.CutPrefix(id, "ts1:")
	i := strings.LastIndexByte(rest, ':')
	if !ok || i <= 0 {
		return "", 0, false
	}
	n, err := strconv.ParseInt(rest[i+1:], 10, 32)
	return rest[:i], int32(n), err == nil
}
