module example.com/newvendor

go 1.26.0

require (
	github.com/farmacyfoods/pointofsale v0.0.0
	github.com/google/go-cmp v0.7.0
)

require (
	github.com/cenkalti/backoff/v4 v4.3.0 // indirect
	github.com/go-json-experiment/json v1.27.2 // indirect
	github.com/jarcoal/httpmock v1.4.2 // indirect
	golang.org/x/time v0.16.0 // indirect
)

replace github.com/farmacyfoods/pointofsale => ../..
