package quickbooksdesktopfake

import (
	"time"
)

// prelude is what the Web Connector asks itself at the start of a session:
// host, company and preferences.
func prelude(f *Fake) string {
	defer f.begin()()
	set := el("QBXMLMsgsRs")
	for _, op := range []string{"HostQuery", "CompanyQuery", "PreferencesQuery"} {
		m := &message{op: op, body: el(op + "Rq")}
		if op == "CompanyQuery" {
			m.body.add(leaf("OwnerID", f.cfg.OwnerID))
		}
		set.add(operations()[op].run(f, m).node(m))
	}
	return `<?xml version="1.0" ?>` + el("QBXML", set).String()
}

func (f *Fake) hostQuery(*message) *reply {
	n := el("HostRet", leaf("ProductName", "QuickBooks Enterprise Solutions 24.0"), leaf("MajorVersion", "34"), leaf("MinorVersion", "0"), leaf("Country", "US"))
	for _, v := range []string{"10.0", "11.0", "12.0", "13.0"} {
		n.add(leaf("SupportedQBXMLVersion", v))
	}
	return &reply{rets: []*node{n.add(flag("IsAutomaticLogin", false), leaf("QBFileMode", "SingleUser"))}}
}

func (f *Fake) companyQuery(m *message) *reply {
	n := el("CompanyRet", flag("IsSampleCompany", false), leaf("CompanyName", ansi(f.cfg.CompanyName)), leaf("FirstMonthFiscalYear", "January"))
	for _, owner := range m.body.texts("OwnerID") {
		if sameName(owner, f.cfg.OwnerID) {
			n.add(el("DataExtRet", leaf("OwnerID", f.cfg.OwnerID), leaf("DataExtName", "FileID"), leaf("DataExtType", "STR255TYPE"), leaf("DataExtValue", f.cfg.FileID)))
		}
	}
	return &reply{rets: []*node{n}}
}

func (f *Fake) activityQuery(*message) *reply {
	n := el("CompanyActivityRet")
	if !f.restored.IsZero() {
		n.add(leaf("LastRestoreTime", f.stamp(f.restored)))
	}
	return &reply{rets: []*node{n}}
}

func (f *Fake) preferencesQuery(*message) *reply {
	sites := f.cfg.Mode == BySite
	n := el("PreferencesRet",
		el("AccountingPreferences", flag("IsUsingAccountNumbers", false), flag("IsRequiringAccounts", true), flag("IsUsingClassTracking", f.cfg.Mode == ByClass),
			flag("IsUsingAuditTrail", true), flag("IsAssigningJournalEntryNumbers", true)),
		el("MultiCurrencyPreferences", flag("IsMultiCurrencyOn", false)),
		el("MultiLocationInventoryPreferences", flag("IsMultiLocationInventoryAvailable", sites), flag("IsMultiLocationInventoryEnabled", sites)),
	)
	return &reply{rets: []*node{n}}
}

// Restored notes that the company file was restored from a backup at that time.
// The records stay as they are.
func (f *Fake) Restored(at time.Time) {
	defer f.begin()()
	f.restored = at.UTC().Truncate(time.Second)
}
