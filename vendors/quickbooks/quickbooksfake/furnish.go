package quickbooksfake

import (
	"fmt"
	"strconv"

	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

// Ids of what every company has.
const (
	depositAccount   = "4"
	incomeAccount    = "79"
	expenseAccount   = "80"
	assetAccount     = "81"
	discountAccount  = "86"
	shrinkageAccount = "93"
	taxRate          = "3"
	walkIn, person   = "2", "3"
	cash, visa       = "1", "4"
)

// The one customer with a name: markers that must not leave the client.
const (
	customerName  = "Ada Fakeperson"
	customerEmail = "ada.fakeperson@customer.example"
)

// Customer returns the name and the e-mail address that some sales carry, to
// check that they do not get into purchases, events or logs.
func (f *Fake) Customer() (name, email string) { return customerName, customerEmail }

// furnish gives the company what a bookkeeper has set up.
func (f *Fake) furnish() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, a := range [][3]string{
		{depositAccount, "Undeposited Funds", "Other Current Asset"},
		{incomeAccount, "Sales of Product Income", "Income"},
		{expenseAccount, "Cost of Goods Sold", "Cost of Goods Sold"},
		{assetAccount, "Inventory Asset", "Other Current Asset"},
		{discountAccount, "Discounts given", "Income"},
		{shrinkageAccount, "Inventory Shrinkage", "Cost of Goods Sold"},
	} {
		f.plant("Account", a[0], map[string]any{"Name": a[1], "FullyQualifiedName": a[1], "AccountType": a[2], "Active": true})
	}
	f.plant("PaymentMethod", cash, map[string]any{"Name": "Cash", "Type": "NON_CREDIT_CARD", "Active": true})
	f.plant("PaymentMethod", visa, map[string]any{"Name": "Visa", "Type": "CREDIT_CARD", "Active": true})
	f.plant("Customer", walkIn, map[string]any{"DisplayName": "Walk-in", "FullyQualifiedName": "Walk-in", "Active": true})
	f.plant("Customer", person, map[string]any{
		"DisplayName": customerName, "FullyQualifiedName": customerName, "Active": true, "PrimaryEmailAddr": map[string]any{"Address": customerEmail},
	})
	f.plant("TaxRate", taxRate, map[string]any{"Name": "Sales Tax", "RateValue": number(fromCents(max(f.cfg.TaxBasisPoints, 0))), "Active": true})
	f.plantCompany()
	for _, name := range []string{gratuity, sundry, refunded} {
		o, err := f.save(f.tables["Item"], map[string]any{"Name": name, "Type": "Service", "IncomeAccountRef": refTo(incomeAccount)}, how{foreign: true})
		if err != nil {
			return err
		}
		f.till.services[name] = o.id
	}
	for _, seed := range f.cfg.Places {
		if err := f.addPlace(seed); err != nil {
			return fmt.Errorf("location %q: %w", seed.ID, err)
		}
	}
	for i, m := range fakekit.Meals(f.cfg.Seed+1, f.cfg.Items) {
		if err := f.addForeign("HOST-"+strconv.Itoa(i+1), fmt.Sprintf("%s %d", m.Name, i+1), m.Price); err != nil {
			return err
		}
	}
	return nil
}

// plant puts an entity into the company as it is.
func (f *Fake) plant(entity, id string, fields map[string]any) {
	t, now := f.tables[entity], f.moment()
	o := &object{in: t, id: id, fields: fields, created: now, updated: now, foreign: true}
	t.put(o)
	t.register(nil, o)
}

func (f *Fake) plantCompany() {
	f.plant("CompanyInfo", "1", map[string]any{
		"CompanyName": f.cfg.Company, "LegalName": f.cfg.Company, "Country": "US", "FiscalYearStartMonth": "January",
		"CompanyAddr":     map[string]any{"Line1": "1 Fake Street", "City": "Faketown", "CountrySubDivisionCode": "CA", "PostalCode": "94000"},
		"DefaultTimeZone": f.cfg.TimeZone, "SupportedLanguages": "en",
		"NameValue": []any{map[string]any{"Name": "OfferingSku", "Value": f.cfg.Plan}},
	})
	f.plant("Preferences", "1", map[string]any{
		"AccountingInfoPrefs": map[string]any{
			"TrackDepartments": f.cfg.Plan != PlanSimpleStart && !f.cfg.ByClass, "DepartmentTerminology": "Location",
			"ClassTrackingPerTxn": f.cfg.ByClass, "ClassTrackingPerTxnLine": false,
		},
		"SalesFormsPrefs":         map[string]any{"AllowDiscount": true, "CustomTxnNumbers": true},
		"ProductAndServicesPrefs": map[string]any{"QuantityOnHand": !f.cfg.NoInventory, "ForSales": true, "QuantityWithPriceAndRate": true},
		"CurrencyPrefs":           map[string]any{"MultiCurrencyEnabled": false, "HomeCurrency": refTo(f.cfg.Currency)},
	})
}
