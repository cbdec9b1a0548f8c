package quickbooksdesktopfake

import (
	"regexp"
)

// language is what a program behind a Web Connector understands.
type language struct {
	instruction string // of its documents, with the version
	versions    []string
	major       string // what the Web Connector tells
	root        string // element, also in front of MsgsRq and MsgsRs
	path        string // in front of the operations of the embedded server
	recalls     bool   // remembers message sets by newMessageSetID
	iterable    []string
	models      map[string]*regexp.Regexp
	kinds       map[string]string
	ops         map[string]operation
	prelude     func(*Fake) string // what the Web Connector asks by itself
}

func desktopLanguage() *language {
	return &language{
		instruction: "qbxml", versions: []string{"13.0", "12.0", "11.0", "10.0", "8.0", "7.0", "6.0"}, major: "13",
		root: "QBXML", path: "/qbxml/", recalls: true, iterable: iterable,
		models: compiled, kinds: kinds, ops: operations(), prelude: prelude,
	}
}
