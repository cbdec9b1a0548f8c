package simphonyfake

import (
	"strings"

	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

// configOperation is an endpoint of CCAPI for one kind of records.
type configOperation struct {
	verb, noun string
	serve      func(*table) handler
	pattern    string
}

// configOperations are the endpoints in version 2. All but the upserts answer in
// version 1 too.
var configOperations = []configOperation{
	{"Add", "MenuItemMasters", adding, "POST /config/sim/v2/menuItems/menuItemMasters"},
	{"Get", "MenuItemMasters", listing, "POST /config/sim/v2/menuItems/getMenuItemMasters"},
	{"Update", "MenuItemMasters", updating, "POST /config/sim/v2/menuItems/updateMenuItemMasters"},
	{"Delete", "MenuItemMasters", deleting, "POST /config/sim/v2/menuItems/deleteMenuItemMasters"},
	{"PreDeleteCheck", "MenuItemMasters", preDeleteCheck, "POST /config/sim/v2/menuItems/preDeleteCheckMenuItemMasters"},
	{"BulkInsert", "MenuItemMasters", bulkInsert, "POST /config/sim/v2/menuItems/bulkInsertMenuItemMasters"},
	{"BulkUpdate", "MenuItemMasters", bulkUpdate, "POST /config/sim/v2/menuItems/bulkUpdateMenuItemMasters"},
	{"Add", "MenuItemDefinitions", adding, "POST /config/sim/v2/menuItems/menuItemDefinitions"},
	{"Get", "MenuItemDefinitions", listing, "POST /config/sim/v2/menuItems/getMenuItemDefinitions"},
	{"Update", "MenuItemDefinitions", updating, "POST /config/sim/v2/menuItems/updateMenuItemDefinitions"},
	{"Delete", "MenuItemDefinitions", deleting, "POST /config/sim/v2/menuItems/deleteMenuItemDefinitions"},
	{"PreDeleteCheck", "MenuItemDefinitions", preDeleteCheck, "POST /config/sim/v2/menuItems/preDeleteCheckMenuItemDefinitions"},
	{"BulkInsert", "MenuItemDefinitions", bulkInsert, "POST /config/sim/v2/menuItems/bulkInsertMenuItemDefinitions"},
	{"BulkUpdate", "MenuItemDefinitions", bulkUpdate, "POST /config/sim/v2/menuItems/bulkUpdateMenuItemDefinitions"},
	{"Add", "MenuItemPrices", adding, "POST /config/sim/v2/menuItems/menuItemPrices"},
	{"Get", "MenuItemPrices", listing, "POST /config/sim/v2/menuItems/getMenuItemPrices"},
	{"Update", "MenuItemPrices", updating, "POST /config/sim/v2/menuItems/updateMenuItemPrices"},
	{"Delete", "MenuItemPrices", deleting, "POST /config/sim/v2/menuItems/deleteMenuItemPrices"},
	{"Upsert", "MenuItemPrices", upserting, "POST /config/sim/v2/menuItems/upsertMenuItemPrices"},
	{"BulkInsert", "MenuItemPrices", bulkInsert, "POST /config/sim/v2/menuItems/bulkInsertMenuItemPrices"},
	{"BulkUpdate", "MenuItemPrices", bulkUpdate, "POST /config/sim/v2/menuItems/bulkUpdateMenuItemPrices"},
	{"BulkDelete", "MenuItemPrices", bulkDelete, "POST /config/sim/v2/menuItems/bulkDeleteMenuItemPrices"},
	{"Add", "MenuItemMasterEffectivity", adding, "POST /config/sim/v2/menuItems/menuItemMasterEffectivity"},
	{"Get", "MenuItemMasterEffectivity", listing, "POST /config/sim/v2/menuItems/getMenuItemMasterEffectivity"},
	{"Update", "MenuItemMasterEffectivity", updating, "POST /config/sim/v2/menuItems/updateMenuItemMasterEffectivity"},
	{"Delete", "MenuItemMasterEffectivity", deleting, "POST /config/sim/v2/menuItems/deleteMenuItemMasterEffectivity"},
	{"Add", "MenuItemClasses", adding, "POST /config/sim/v2/menuItems/menuItemClasses"},
	{"Get", "MenuItemClasses", listing, "POST /config/sim/v2/menuItems/getMenuItemClasses"},
	{"Update", "MenuItemClasses", updating, "POST /config/sim/v2/menuItems/updateMenuItemClasses"},
	{"Delete", "MenuItemClasses", deleting, "POST /config/sim/v2/menuItems/deleteMenuItemClasses"},
	{"Add", "FamilyGroups", adding, "POST /config/sim/v2/menuItems/familyGroups"},
	{"Get", "FamilyGroups", listing, "POST /config/sim/v2/menuItems/getFamilyGroups"},
	{"Update", "FamilyGroups", updating, "POST /config/sim/v2/menuItems/updateFamilyGroups"},
	{"Delete", "FamilyGroups", deleting, "POST /config/sim/v2/menuItems/deleteFamilyGroups"},
	{"Add", "MajorGroups", adding, "POST /config/sim/v2/menuItems/majorGroups"},
	{"Get", "MajorGroups", listing, "POST /config/sim/v2/menuItems/getMajorGroups"},
	{"Update", "MajorGroups", updating, "POST /config/sim/v2/menuItems/updateMajorGroups"},
	{"Delete", "MajorGroups", deleting, "POST /config/sim/v2/menuItems/deleteMajorGroups"},
	{"Add", "Discounts", adding, "POST /config/sim/v2/sales/discounts"},
	{"Get", "Discounts", listing, "POST /config/sim/v2/sales/getDiscounts"},
	{"Update", "Discounts", updating, "POST /config/sim/v2/sales/updateDiscounts"},
	{"Delete", "Discounts", deleting, "POST /config/sim/v2/sales/deleteDiscounts"},
	{"Upsert", "Discounts", upserting, "POST /config/sim/v2/sales/upsertDiscounts"},
	{"Add", "EffectivityGroups", adding, "POST /config/sim/v2/setup/effectivityGroups"},
	{"Get", "EffectivityGroups", listing, "POST /config/sim/v2/setup/getEffectivityGroups"},
	{"Update", "EffectivityGroups", updating, "POST /config/sim/v2/setup/updateEffectivityGroups"},
	{"Delete", "EffectivityGroups", deleting, "POST /config/sim/v2/setup/deleteEffectivityGroups"},
	{"BulkInsert", "EffectivityGroups", bulkInsert, "POST /config/sim/v2/setup/bulkInsertEffectivityGroups"},
	{"BulkUpdate", "EffectivityGroups", bulkUpdate, "POST /config/sim/v2/setup/bulkUpdateEffectivityGroups"},
	{"Add", "EnableEffectivityGroups", adding, "POST /config/sim/v2/setup/effectivityGroups/enableEffectivityGroups"},
	{"Get", "EnableEffectivityGroups", listing, "POST /config/sim/v2/setup/effectivityGroups/getEnableEffectivityGroups"},
	{"Update", "EnableEffectivityGroups", updating, "POST /config/sim/v2/setup/effectivityGroups/updateEnableEffectivityGroups"},
	{"Delete", "EnableEffectivityGroups", deleting, "POST /config/sim/v2/setup/effectivityGroups/deleteEnableEffectivityGroups"},
}

// configRoutes are the endpoints of the Configuration and Content API.
func (f *Fake) configRoutes() []fakekit.Route {
	route := func(op, pattern string, h handler) fakekit.Route {
		write := !strings.HasPrefix(op, "Get") && !strings.HasPrefix(op, "PreDelete") && op != "BulkStatusRequest"
		return fakekit.Route{Op: op, Pattern: pattern, Write: write, Handler: f.serve(configured(h, write), configProblem)}
	}
	routes := []fakekit.Route{
		route("GetHierarchy", "POST /config/sim/v2/hierarchy/getHierarchy", (*Fake).getHierarchy),
		route("GetLocations", "POST /config/sim/v2/hierarchy/getLocations", (*Fake).getLocations),
		route("GetRevenueCenters", "POST /config/sim/v2/hierarchy/getRevenueCenters", (*Fake).getRevenueCenters),
		route("BulkStatusRequest", "POST /config/sim/v2/bulkStatusRequest", (*Fake).bulkStatus),
		route("GetMenuItem2", "POST /config/sim/v2/menuItems/getMenuItem2/{id}", (*Fake).getMenuItem2),
	}
	for _, o := range configOperations {
		routes = append(routes, route(o.verb+o.noun, o.pattern, o.serve(f.tables[o.noun])))
	}
	for _, r := range routes {
		if !strings.HasPrefix(r.Op, "Upsert") {
			r.Pattern = strings.Replace(r.Pattern, "/v2/", "/v1/", 1)
			routes = append(routes, r)
		}
	}
	return routes
}

// firstVersion reports whether a request is for version 1.
func firstVersion(path string) bool { return strings.HasPrefix(path, "/config/sim/v1/") }
