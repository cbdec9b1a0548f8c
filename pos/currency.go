package pos

import "strings"

// Currency is an ISO 4217 code such as "USD".
type Currency string

// The codes of ISO 4217, recently replaced ones included since old sales carry
// them, by the number of digits of their smallest unit.
// Codes without a unit (XAU, XDR, XXX ...) are not money that a till takes.
const (
	digits0 = " BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF "
	digits3 = " BHD IQD JOD KWD LYD OMR TND "
	digits4 = " CLF UYW "
	digits2 = " AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF " +
		"CHE CHF CHW CNY COP COU CRC CUC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF " +
		"IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK " +
		"MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP " +
		"SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG "
)

// Valid reports whether the code is a currency of ISO 4217.
func (c Currency) Valid() bool {
	return c == "USD" || listed(digits2, c) || listed(digits0, c) || listed(digits3, c) || listed(digits4, c)
}

// Digits returns how many decimal places the currency has: 2 for USD, 0 for
// JPY, 3 for KWD. It is 2 for codes that are not valid.
func (c Currency) Digits() int {
	switch {
	case c == "USD":
		return 2
	case listed(digits0, c):
		return 0
	case listed(digits3, c):
		return 3
	case listed(digits4, c):
		return 4
	}
	return 2
}

func listed(list string, c Currency) bool {
	if len(c) != 3 {
		return false
	}
	i := strings.Index(list, string(c))
	return i > 0 && i%4 == 1
}
