package quickbooksdesktop

import (
	"encoding/xml"
	"net"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/farmacyfoods/pointofsale/pos"
)

// QWCConfig describes the file that a user adds to the Web Connector.
type QWCConfig struct {
	// AppName is what the Web Connector shows. Required.
	AppName string
	// AppURL is the https address at which [Provider.Handler] is served, by
	// host name. Required.
	AppURL string
	// AppSupport is a page on the same host that answers GET with 200; empty
	// means AppURL.
	AppSupport string
	// Description is at most 80 characters.
	Description string
	// ReadOnly asks QuickBooks for no permission to write.
	ReadOnly bool
}

type qwcFile struct {
	XMLName     xml.Name `xml:"QBWCXML"`
	AppName     string
	AppID       string
	AppURL      string
	Description string `xml:"AppDescription"`
	AppSupport  string
	UserName    string
	OwnerID     string
	FileID      string
	QBType      string
	Style       string
	Minutes     int  `xml:"Scheduler>RunEveryNMinutes,omitempty"`
	Seconds     int  `xml:"Scheduler>RunEveryNSeconds,omitempty"`
	ReadOnly    bool `xml:"IsReadOnly"`
}

// QWC writes the .qwc file for this company file. It holds no password. Issue
// one file per company file, and the same ids again when it is issued anew.
func (p *Provider) QWC(cfg QWCConfig) ([]byte, error) {
	if cfg.AppSupport == "" {
		cfg.AppSupport = cfg.AppURL
	}
	var ps pos.Problems
	require := func(ok bool, field, reason string) {
		if !ok {
			ps = append(ps, pos.Problem{Field: field, Reason: reason})
		}
	}
	app, appErr := url.Parse(cfg.AppURL)
	support, supportErr := url.Parse(cfg.AppSupport)
	require(cfg.AppName != "", "AppName", "is required")
	require(appErr == nil && reachable(app), "AppURL", "must be https with a host name (http only for localhost)")
	require(appErr == nil && supportErr == nil && support.Hostname() == app.Hostname(), "AppSupport", "must be on the host of AppURL")
	require(utf8.RuneCountInString(cfg.Description) <= 80, "Description", "has more than 80 characters")
	if len(ps) > 0 {
		return nil, &pos.Error{Vendor: Vendor, Op: "QWC", Kind: pos.KindInvalid, Err: ps}
	}
	f := qwcFile{
		AppName: cfg.AppName, AppURL: cfg.AppURL, Description: cfg.Description, AppSupport: cfg.AppSupport,
		UserName: p.cfg.UserName, OwnerID: p.cfg.OwnerID, FileID: p.cfg.FileID, QBType: p.speaks.traits().qbType, Style: "Document", ReadOnly: cfg.ReadOnly,
	}
	if p.cfg.Interval%time.Minute == 0 {
		f.Minutes = int(p.cfg.Interval / time.Minute)
	} else {
		f.Seconds = int(p.cfg.Interval / time.Second)
	}
	body, err := xml.MarshalIndent(f, "", "  ")
	if err != nil {
		return nil, &pos.Error{Vendor: Vendor, Op: "QWC", Kind: pos.KindInvalid, Err: err}
	}
	return append([]byte(xml.Header), append(body, '\n')...), nil
}

func reachable(u *url.URL) bool {
	host := u.Hostname()
	if host == "" || net.ParseIP(host) != nil {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && strings.EqualFold(host, "localhost")
}
