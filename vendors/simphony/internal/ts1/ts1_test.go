package ts1_test

import (
	"encoding/xml"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/vendors/simphony/internal/ts1"
)

// TestArrayOfInt holds the repair of gen.go: gowsdl makes a field of the
// element "int" that encoding/xml passes over.
func TestArrayOfInt(t *testing.T) {
	t.Parallel()
	in := &ts1.SimphonyPosApi_CheckRequest{CheckNumbers: &ts1.ArrayOfInt{Int: []int32{7, 0, 9}}}
	data, err := xml.Marshal(in)
	if err != nil || !strings.Contains(string(data), "<CheckNumbers><int>7</int><int>0</int><int>9</int></CheckNumbers>") {
		t.Fatalf("%s, %v", data, err)
	}
	var out ts1.SimphonyPosApi_CheckRequest
	if err := xml.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(in, &out); diff != "" {
		t.Error(diff)
	}
}

// TestZeros holds the preparation of the WSDL: required numbers and booleans
// are sent although they are zero, in the order of the contract.
func TestZeros(t *testing.T) {
	t.Parallel()
	zero, no := int32(0), false
	data, err := xml.Marshal(&ts1.SimphonyPosApi_CheckRequest{
		EmployeeObjectNum: &zero, RvcObjectNum: &zero, OrderTypeID: &zero, LookUpStartDate: "2026-11-22T00:00:00", IncludeClosedCheck: &no,
	})
	want := "<EmployeeObjectNum>0</EmployeeObjectNum><RvcObjectNum>0</RvcObjectNum><OrderTypeID>0</OrderTypeID>" +
		"<LookUpStartDate>2026-11-22T00:00:00</LookUpStartDate><IncludeClosedCheck>false</IncludeClosedCheck>"
	if err != nil || !strings.Contains(string(data), want) {
		t.Errorf("%s, %v", data, err)
	}
}

// TestNoLostFields finds fields that encoding/xml would pass over, and types
// that hide errors.
func TestNoLostFields(t *testing.T) {
	t.Parallel()
	code, err := os.ReadFile("ts1.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"(?m)^\t[a-z][A-Za-z]* .*`xml:", `\bfloat(32|64)\b`, `soap\.XSD`} {
		if m := regexp.MustCompile(bad).Find(code); m != nil {
			t.Errorf("ts1.go holds %q: run go generate", m)
		}
	}
}
