package bytetechfake

import "github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"

// routes are the operations of openapi.json.
func (f *Fake) routes() []fakekit.Route {
	var out []fakekit.Route
	for _, e := range []endpoint{
		{"issueToken", "POST /v1/auth/token", "", "", false, (*call).issueToken},
		{"listCampuses", "GET /v1/campuses", "kiosks:read", "", false, (*call).listCampuses},
		{"listKiosks", "GET /v1/kiosks", "kiosks:read", "", false, (*call).listKiosks},
		{"getKiosk", "GET /v1/kiosks/{kiosk_id}", "kiosks:read", "", false, (*call).getKiosk},
		{"getKioskStatus", "GET /v1/kiosks/{kiosk_id}/status", "kiosks:read", "", false, (*call).getKioskStatus},
		{"listHeartbeats", "GET /v1/kiosks/{kiosk_id}/heartbeats", "kiosks:read", "", false, (*call).listHeartbeats},
		{"listCategories", "GET /v1/categories", "products:read", "", false, (*call).listCategories},
		{"createCategory", "POST /v1/categories", "products:write", "", true, (*call).createCategory},
		{"listProducts", "GET /v1/products", "products:read", "", false, (*call).listProducts},
		{"createProduct", "POST /v1/products", "products:write", "", true, (*call).postProduct},
		{"upsertProducts", "POST /v1/products/batch", "products:write", ProductBatch, true, (*call).upsertProducts},
		{"getProduct", "GET /v1/products/{product_id}", "products:read", "", false, (*call).getProduct},
		{"updateProduct", "PATCH /v1/products/{product_id}", "products:write", "", true, (*call).updateProduct},
		{"archiveProduct", "POST /v1/products/{product_id}/archive", "products:write", "", true, (*call).archiveProduct},
		{"unarchiveProduct", "POST /v1/products/{product_id}/unarchive", "products:write", "", true, (*call).unarchiveProduct},
		{"listListings", "GET /v1/kiosks/{kiosk_id}/listings", "products:read", Listings, false, (*call).listListings},
		{"upsertListings", "POST /v1/listings/batch", "products:write", Listings, true, (*call).upsertListings},
		{"listDiscounts", "GET /v1/discounts", "discounts:read", "", false, (*call).listDiscounts},
		{"createDiscount", "POST /v1/discounts", "discounts:write", DiscountWrite, true, (*call).postDiscount},
		{"getDiscount", "GET /v1/discounts/{discount_id}", "discounts:read", "", false, (*call).getDiscount},
		{"endDiscount", "POST /v1/discounts/{discount_id}/end", "discounts:write", DiscountWrite, true, (*call).endDiscount},
		{"listCouponCodes", "GET /v1/discounts/{discount_id}/codes", "discounts:read", "", false, (*call).listCouponCodes},
		{"listInventory", "GET /v1/inventory", "inventory:read", InventoryLines, false, (*call).listInventory},
		{"getKioskInventory", "GET /v1/kiosks/{kiosk_id}/inventory", "inventory:read", InventoryLines, false, (*call).getKioskInventory},
		{"listTags", "GET /v1/kiosks/{kiosk_id}/tags", "inventory:read", Tags, false, (*call).listTags},
		{"listRestocks", "GET /v1/restocks", "inventory:read", "", false, (*call).listRestocks},
		{"listTransactions", "GET /v1/transactions", "transactions:read", "", false, (*call).listTransactions},
		{"getTransaction", "GET /v1/transactions/{transaction_id}", "transactions:read", "", false, (*call).getTransaction},
		{"createAdjustment", "POST /v1/transactions/{transaction_id}/adjustments", "transactions:write", RefundWrite, true, (*call).createAdjustment},
		{"listWebhooks", "GET /v1/webhooks", "webhooks:write", Webhooks, false, (*call).listWebhooks},
		{"createWebhook", "POST /v1/webhooks", "webhooks:write", Webhooks, true, (*call).createWebhook},
		{"updateWebhook", "PATCH /v1/webhooks/{webhook_id}", "webhooks:write", Webhooks, true, (*call).updateWebhook},
		{"deleteWebhook", "DELETE /v1/webhooks/{webhook_id}", "webhooks:write", Webhooks, true, (*call).deleteWebhook},
		{"testWebhook", "POST /v1/webhooks/{webhook_id}/test", "webhooks:write", Webhooks, true, (*call).testWebhook},
		{"rotateWebhookSecret", "POST /v1/webhooks/{webhook_id}/rotate", "webhooks:write", Webhooks, true, (*call).rotateWebhookSecret},
	} {
		out = append(out, f.route(e))
	}
	return out
}
