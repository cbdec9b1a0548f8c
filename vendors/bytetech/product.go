package bytetech

import (
	"github.com/farmacyfoods/pointofsale/pos"
)

// carried are the optional fields of an item that the vendor keeps.
func (p *Provider) carried() []string {
	f := p.profile.Fields.Product
	var names []string
	for _, c := range []struct {
		name string
		at   field
	}{
		{"Description", f.Description},
		{"Category", f.Category},
		{"GTIN", f.UPC},
		{"ShelfLifeDays", f.ShelfLife},
		{"TaxExempt", f.Taxable},
		{"ImageURL", f.Image},
	} {
		if c.at.delivered() {
			names = append(names, c.name)
		}
	}
	return names
}

// productChanges returns the members of a product that are not as the item
// says, and the names of the item's fields. Category, GTIN, shelf life and
// image that the item does not tell stay as they are.
func (m *menuPush) productChanges(it *pos.Item, have *product) (document, []string) {
	f := m.profile.Fields.Product
	var o object
	if have == nil || m.profile.shapes.product.read(have.raw, &m.profile.Encoding, &o) != nil {
		o.values, o.unit = make([][]byte, m.profile.shapes.product.size), &m.profile.Encoding
	}
	d := document{}
	var fields []string
	change := func(differs bool, name string, at field, v any) {
		if at.delivered() && (differs || have == nil) {
			d.set(at, v)
			fields = append(fields, name)
		}
	}
	change(o.text(f.Name) != it.Name, "Name", f.Name, it.Name)
	if it.Description != "" || have != nil && o.text(f.Description) != "" {
		change(o.text(f.Description) != it.Description, "Description", f.Description, orNull(it.Description))
	}
	price, ok := o.money(f.Price, it.Price.Currency)
	change(!ok || price != it.Price, "Price", f.Price, m.profile.Encoding.formatMoney(it.Price))
	if it.Category != "" {
		change(o.text(f.Category) != it.Category, "Category", f.Category, it.Category)
	}
	if it.GTIN != "" {
		change(o.text(f.UPC) != it.GTIN, "GTIN", f.UPC, it.GTIN)
	}
	if it.ImageURL != "" {
		change(o.text(f.Image) != it.ImageURL, "ImageURL", f.Image, it.ImageURL)
	}
	if it.ShelfLifeDays != 0 {
		days, _ := o.number(f.ShelfLife)
		change(days != int64(it.ShelfLifeDays), "ShelfLifeDays", f.ShelfLife, it.ShelfLifeDays)
	}
	if taxable, told := o.flag(f.Taxable); it.TaxExempt || have != nil {
		change((told && !taxable) != it.TaxExempt, "TaxExempt", f.Taxable, !it.TaxExempt)
	}
	if len(fields) == 0 {
		return nil, nil
	}
	d.set(f.ExternalID, it.SKU)
	return d, fields
}

// orNull makes an empty text what removes a member.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// upsertDocument is the absolute state that a batch wants: what is there, less
// what is read-only, with the changes on top. Members that the client does not
// know survive.
func (m *menuPush) upsertDocument(plan *itemPlan) (document, error) {
	d := document{}
	if plan.have != nil {
		var err error
		if d, err = decodeDocument(plan.have.raw); err != nil {
			return nil, err
		}
		for _, f := range m.profile.Fields.ProductReadOnly {
			d.remove(f)
		}
	}
	overlay(d, plan.changes)
	return d, nil
}

func overlay(base, changes map[string]any) {
	for name, v := range changes {
		below, nested := v.(map[string]any)
		old, ok := base[name].(map[string]any)
		if nested && ok {
			overlay(old, below)
			continue
		}
		base[name] = v
	}
}
