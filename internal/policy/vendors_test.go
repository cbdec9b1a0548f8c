package policy

import (
	"fmt"
	"go/ast"
	"go/doc/comment"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// vendorFiles are in every vendor directory, so that the reader of one knows
// all. A job that a system lacks is refused in its file.
var vendorFiles = []string{
	"doc.go", "provider.go", "menu.go", "coupon.go", "status.go", "inventory.go",
	"purchase.go", "webhook.go", "auth.go", "errors.go", "wire.go",
}

// vendorHeadings are in every vendor's package comment, in this order.
var vendorHeadings = []string{
	"Authentication", "Environments", "Jobs", "Cursor guarantee", "Limits",
	"Money and time", "Unsupported", "Webhooks", "Errors",
}

func TestVendorFiles(t *testing.T) {
	t.Parallel()
	for _, name := range vendorDirs(t) {
		dir := filepath.Join(root, "vendors", name)
		for _, want := range slices.Concat(vendorFiles, []string{filepath.Join(name+"fake", "doc.go")}) {
			if _, err := os.Stat(filepath.Join(dir, want)); err != nil {
				t.Errorf("vendors/%s: %s is missing", name, want)
			}
		}
	}
}

func TestVendorHeadings(t *testing.T) {
	t.Parallel()
	for _, f := range parsed(t) {
		if vendorOf(f.path) == "" || f.path != "vendors/"+vendorOf(f.path)+"/doc.go" {
			continue
		}
		if diff := cmp.Diff(vendorHeadings, fixed(headings(f.syntax.Doc))); diff != "" {
			t.Errorf("%s: headings (-want +got):\n%s", f.path, diff)
		}
	}
}

func headings(doc *ast.CommentGroup) []string {
	var found []string
	for _, block := range new(comment.Parser).Parse(doc.Text()).Content {
		if h, ok := block.(*comment.Heading); ok {
			found = append(found, fmt.Sprint(h.Text[0]))
		}
	}
	return found
}

// fixed drops a vendor's additional headings.
func fixed(found []string) []string {
	return slices.DeleteFunc(found, func(h string) bool { return !slices.Contains(vendorHeadings, h) })
}

var (
	// op matches the comment that names the operation behind a call.
	op = regexp.MustCompile(`(?m)^\s*op:\s+(\S+)\s+(\S+)`)
	// pattern matches a route of a fake as [http.ServeMux] writes it.
	pattern   = regexp.MustCompile(`^(GET|HEAD|POST|PUT|PATCH|DELETE) (/\S*)$`)
	parameter = regexp.MustCompile(`\{[^}]*\}`)
)

// TestOperationsServed compares the operations that a vendor's client names
// with the routes of its fake, so that no call goes untested.
func TestOperationsServed(t *testing.T) {
	t.Parallel()
	named, served := make(map[string][]string), make(map[string]map[string]bool)
	for _, f := range parsed(t) {
		vendor := vendorOf(f.path)
		switch {
		case vendor == "" || f.test():
		case isFake(f.dir()):
			if served[vendor] == nil {
				served[vendor] = make(map[string]bool)
			}
			for _, route := range slices.Concat(routes(f.syntax), stated(f.syntax)) {
				served[vendor][route] = true
			}
		default:
			named[vendor] = append(named[vendor], operations(f)...)
		}
	}
	for vendor, ops := range named {
		for _, o := range ops {
			if !served[vendor][normal(o)] {
				t.Errorf("vendors/%s names operation %q, which %sfake does not serve", vendor, o, vendor)
			}
		}
	}
}

// TestWireNamesOperations holds the other half: wire.go names them at all.
func TestWireNamesOperations(t *testing.T) {
	t.Parallel()
	for _, f := range parsed(t) {
		if vendor := vendorOf(f.path); vendor != "" && f.path == "vendors/"+vendor+"/wire.go" && len(operations(f)) == 0 {
			t.Errorf("%s: no \"op:\" comment names an operation", f.path)
		}
	}
}

func operations(f source) []string {
	var found []string
	for _, group := range f.syntax.Comments {
		for _, c := range group.List {
			for _, m := range op.FindAllStringSubmatch(strings.TrimPrefix(c.Text, "//"), -1) {
				found = append(found, m[1]+" "+m[2])
			}
		}
	}
	return found
}

// routes returns the string literals that look like routes.
func routes(f *ast.File) []string {
	var found []string
	ast.Inspect(f, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if s := strings.Trim(lit.Value, "\"`"); pattern.MatchString(s) {
				found = append(found, normal(s))
			}
		}
		return true
	})
	return found
}

// statement matches the comment by which a fake names a route that it puts
// together from a table. The vendor's own tests compare it with what is served.
var statement = regexp.MustCompile(`(?m)^\s*route:\s+(\S+)\s+(/\S*)$`)

func stated(f *ast.File) []string {
	var found []string
	for _, group := range f.Comments {
		for _, c := range group.List {
			for _, m := range statement.FindAllStringSubmatch(strings.TrimPrefix(c.Text, "//"), -1) {
				found = append(found, normal(m[1]+" "+m[2]))
			}
		}
	}
	return found
}

// normal removes the names of path parameters.
func normal(operation string) string {
	return parameter.ReplaceAllString(operation, "{}")
}
