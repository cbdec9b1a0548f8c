package policy

import (
	"go/ast"
	"go/token"
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestOnePackageComment(t *testing.T) {
	t.Parallel()
	documented := make(map[string][]string)
	for _, f := range parsed(t) {
		if f.test() {
			continue
		}
		documented[f.dir()] = append(documented[f.dir()], commented(f)...)
	}
	for _, dir := range slices.Sorted(maps.Keys(documented)) {
		switch found := documented[dir]; {
		case len(found) == 0:
			t.Errorf("%s: no file has a package comment", dir)
		case len(found) > 1:
			t.Errorf("%s: several package comments: %s", dir, strings.Join(found, ", "))
		}
	}
}

func commented(f source) []string {
	if f.syntax.Doc == nil {
		return nil
	}
	return []string{f.path}
}

func TestExportedNamesDocumented(t *testing.T) {
	t.Parallel()
	for _, f := range parsed(t) {
		if f.test() || f.generated() || f.syntax.Name.Name == "main" {
			continue
		}
		for _, decl := range f.syntax.Decls {
			for _, name := range undocumented(decl) {
				t.Errorf("%s: exported %s has no doc comment", files.Position(name.Pos()), name.Name)
			}
		}
	}
}

func undocumented(decl ast.Decl) []*ast.Ident {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Doc == nil && d.Name.IsExported() && exportedReceiver(d) {
			return []*ast.Ident{d.Name}
		}
	case *ast.GenDecl:
		if d.Tok == token.IMPORT || d.Doc != nil {
			return nil
		}
		var names []*ast.Ident
		for _, spec := range d.Specs {
			names = append(names, undocumentedSpec(spec)...)
		}
		return names
	}
	return nil
}

func undocumentedSpec(spec ast.Spec) []*ast.Ident {
	switch s := spec.(type) {
	case *ast.TypeSpec:
		if s.Doc == nil && s.Name.IsExported() {
			return []*ast.Ident{s.Name}
		}
	case *ast.ValueSpec:
		if s.Doc == nil && s.Comment == nil {
			return slices.DeleteFunc(slices.Clone(s.Names), func(n *ast.Ident) bool { return !n.IsExported() })
		}
	}
	return nil
}

// exportedReceiver is true for functions and for methods of exported types.
func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	typ := d.Recv.List[0].Type
	for {
		switch x := typ.(type) {
		case *ast.StarExpr:
			typ = x.X
		case *ast.IndexExpr:
			typ = x.X
		case *ast.IndexListExpr:
			typ = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return true
		}
	}
}
