package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"maps"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

const module = "github.com/farmacyfoods/pointofsale"

// root is the repository's top directory, relative to this package.
const root = "../.."

// pkg is what go list tells about a package.
type pkg struct {
	ImportPath   string
	Standard     bool
	Module       *struct{ Path string }
	Imports      []string
	TestImports  []string
	XTestImports []string
}

// rel is the path inside the repository, "." for the root package.
func (p pkg) rel() string {
	if p.ImportPath == module {
		return "."
	}
	return strings.TrimPrefix(p.ImportPath, module+"/")
}

func (p pkg) own() bool {
	return p.Module != nil && p.Module.Path == module
}

// packages returns every package that the main module's packages link, by
// import path. Tests are not followed.
var packages = sync.OnceValues(func() (map[string]pkg, error) {
	cmd := exec.Command("go", "list", "-e", "-deps",
		"-json=ImportPath,Standard,Module,Imports,TestImports,XTestImports", "./...")
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, &stderr)
	}
	found := make(map[string]pkg)
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		switch err := dec.Decode(&p); {
		case errors.Is(err, io.EOF):
			return found, nil
		case err != nil:
			return nil, err
		}
		found[p.ImportPath] = p
	}
})

func listed(t *testing.T) map[string]pkg {
	t.Helper()
	all, err := packages()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// owned returns the packages of the main module, sorted by path.
func owned(t *testing.T) []pkg {
	t.Helper()
	var own []pkg
	for _, p := range listed(t) {
		if p.own() {
			own = append(own, p)
		}
	}
	slices.SortFunc(own, func(a, b pkg) int { return strings.Compare(a.ImportPath, b.ImportPath) })
	return own
}

// links returns the import paths of everything a program links that imports p,
// p itself left out. What only httpmock needs is left out too: it imports
// testing, and that is its affair.
func links(all map[string]pkg, p pkg) []string {
	seen := make(map[string]bool)
	var visit func(imports []string)
	visit = func(imports []string) {
		for _, i := range imports {
			if seen[i] {
				continue
			}
			seen[i] = true
			if i != httpmock {
				visit(all[i].Imports)
			}
		}
	}
	visit(p.Imports)
	return slices.Sorted(maps.Keys(seen))
}

// source is a parsed Go file.
type source struct {
	path   string // slash-separated, from the repository's top
	syntax *ast.File
}

func (s source) dir() string     { return path.Dir(s.path) }
func (s source) test() bool      { return strings.HasSuffix(s.path, "_test.go") }
func (s source) generated() bool { return ast.IsGenerated(s.syntax) }

var files = token.NewFileSet()

// sources returns every Go file below the top, nested modules included,
// testdata excluded.
var sources = sync.OnceValues(func() ([]source, error) {
	var found []source
	err := walk(func(name string) error {
		if !strings.HasSuffix(name, ".go") || strings.Contains(name, "testdata/") {
			return nil
		}
		f, err := parser.ParseFile(files, filepath.Join(root, name), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		found = append(found, source{filepath.ToSlash(name), f})
		return nil
	})
	return found, err
})

func parsed(t *testing.T) []source {
	t.Helper()
	all, err := sources()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// walk calls visit with the path of every file from the top, hidden
// directories other than .ci and .github left out.
func walk(visit func(name string) error) error {
	return filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		base := d.Name()
		switch {
		case d.IsDir() && rel != "." && strings.HasPrefix(base, ".") && base != ".ci" && base != ".github":
			return fs.SkipDir
		case d.Type().IsRegular():
			return visit(rel)
		}
		return nil
	})
}

// vendorDirs returns the names of the directories below vendors, kit left out.
func vendorDirs(t *testing.T) []string {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join(root, "vendors", "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for _, d := range dirs {
		seen[filepath.Base(filepath.Dir(d))] = true
	}
	delete(seen, "kit")
	return slices.Sorted(maps.Keys(seen))
}
