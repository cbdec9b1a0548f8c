module github.com/farmacyfoods/pointofsale

go 1.26.0
