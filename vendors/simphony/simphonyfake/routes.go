package simphonyfake

// Routes that are put together from tables, among others:
//
//	route: GET /api/v1/notifications/subscriptions
//	route: POST /EGateway/SimphonyPosApiWeb.asmx
//	route: POST /api/v1/notifications/subscriptions
//	route: POST /bi/v1/{org}/getControlDailyTotals
//	route: POST /bi/v1/{org}/getDiscountDimensions
//	route: POST /bi/v1/{org}/getGuestChecks
//	route: POST /bi/v1/{org}/getLocationDimensions
//	route: POST /bi/v1/{org}/getMenuItemDimensions
//	route: POST /bi/v1/{org}/getServiceChargeDimensions
//	route: POST /bi/v1/{org}/getTaxDimensions
//	route: POST /bi/v1/{org}/getTenderMediaDimensions
//	route: POST /config/sim/v2/bulkStatusRequest
//	route: POST /config/sim/v2/hierarchy/getLocations
//	route: POST /config/sim/v2/menuItems/bulkInsertMenuItemDefinitions
//	route: POST /config/sim/v2/menuItems/bulkInsertMenuItemMasters
//	route: POST /config/sim/v2/menuItems/bulkInsertMenuItemPrices
//	route: POST /config/sim/v2/menuItems/bulkUpdateMenuItemDefinitions
//	route: POST /config/sim/v2/menuItems/bulkUpdateMenuItemMasters
//	route: POST /config/sim/v2/menuItems/bulkUpdateMenuItemPrices
//	route: POST /config/sim/v2/menuItems/getMenuItemDefinitions
//	route: POST /config/sim/v2/menuItems/getMenuItemMasters
//	route: POST /config/sim/v2/menuItems/getMenuItemPrices
//	route: POST /config/sim/v2/menuItems/menuItemDefinitions
//	route: POST /config/sim/v2/menuItems/menuItemMasters
//	route: POST /config/sim/v2/menuItems/updateMenuItemDefinitions
//	route: POST /config/sim/v2/menuItems/updateMenuItemMasters
//	route: POST /config/sim/v2/menuItems/upsertMenuItemPrices
//	route: POST /config/sim/v2/sales/getDiscounts
//	route: POST /config/sim/v2/sales/upsertDiscounts
//	route: POST /config/sim/v2/setup/effectivityGroups
//	route: POST /config/sim/v2/setup/effectivityGroups/enableEffectivityGroups
//	route: POST /config/sim/v2/setup/effectivityGroups/getEnableEffectivityGroups
//	route: POST /config/sim/v2/setup/effectivityGroups/updateEnableEffectivityGroups
//	route: POST /config/sim/v2/setup/getEffectivityGroups
//	route: POST /config/sim/v2/setup/updateEffectivityGroups
//	route: PUT /api/v1/notifications/registration
