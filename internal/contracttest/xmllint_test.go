package contracttest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// envelopeSchema describes SOAP envelopes around elements of another schema.
const envelopeSchema = `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="%s" elementFormDefault="qualified">
<xs:import namespace="%s" schemaLocation="body.xsd"/>
<xs:element name="Envelope"><xs:complexType><xs:sequence>
<xs:element name="Header" minOccurs="0"/>
<xs:element name="Body"><xs:complexType><xs:sequence><xs:any processContents="strict"/></xs:sequence></xs:complexType></xs:element>
</xs:sequence></xs:complexType></xs:element>
<xs:element name="Fault"/>
</xs:schema>`

var (
	schemaPart = regexp.MustCompile(`(?s)<s:schema .*</s:schema>`)
	namespaces = regexp.MustCompile(`targetNamespace="([^"]*)"`)
	versions   = []string{"http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"}
)

// lint validates envelopes as [xmllint] does.
func lint(t *testing.T, wsdl []byte, envelopes [][]byte) {
	t.Helper()
	if out := xmllint(t, wsdl, envelopes); out != "" {
		t.Errorf("xmllint: %.4000s", out)
	}
}

// xmllint validates envelopes with the program of that name, from the Debian
// package libxml2-utils, and the schema of a WSDL. It returns what is wrong.
func xmllint(t *testing.T, wsdl []byte, envelopes [][]byte) string {
	t.Helper()
	tool, err := exec.LookPath("xmllint")
	if err != nil {
		t.Fatal("xmllint is missing: install libxml2-utils")
	}
	namespace, schema := namespaces.FindSubmatch(wsdl), schemaPart.Find(wsdl)
	if namespace == nil || schema == nil {
		t.Fatal("the WSDL has no schema")
	}
	dir := t.TempDir()
	prefixes := fmt.Sprintf(`<s:schema xmlns:s="http://www.w3.org/2001/XMLSchema" xmlns:tns="%s" `, namespace[1])
	write(t, filepath.Join(dir, "body.xsd"), bytes.Replace(schema, []byte("<s:schema "), []byte(prefixes), 1))
	seen, problems := 0, []byte(nil)
	for i, version := range versions {
		name := filepath.Join(dir, fmt.Sprintf("soap%d.xsd", i))
		write(t, name, fmt.Appendf(nil, envelopeSchema, version, namespace[1]))
		var files []string
		for k, e := range envelopes {
			if bytes.Contains(e, []byte(`"`+version+`"`)) {
				files = append(files, filepath.Join(dir, fmt.Sprintf("%d-%03d.xml", i, k)))
				write(t, files[len(files)-1], e)
			}
		}
		if seen += len(files); len(files) == 0 {
			continue
		}
		out, err := exec.CommandContext(t.Context(), tool, append([]string{"--noout", "--nonet", "--schema", name}, files...)...).CombinedOutput()
		if err != nil {
			problems = fmt.Appendf(problems, "%v\n%s", err, out)
		}
	}
	if seen != len(envelopes) {
		t.Fatalf("%d of %d envelopes are SOAP 1.1 or 1.2", seen, len(envelopes))
	}
	return string(problems)
}

func write(t *testing.T, name string, text []byte) {
	t.Helper()
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
}
