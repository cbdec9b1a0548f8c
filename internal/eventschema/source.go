package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// source indexes the declarations of some packages by "package.Name".
type source struct {
	types  map[string]*typeDecl
	values map[string][]string // constants of a string type
	texts  map[string]bool     // types that marshal as text
	events []eventType
}

type typeDecl struct {
	pkg  string
	expr ast.Expr
	doc  string
}

// eventType is a constant of package events with its payload.
type eventType struct {
	name    string // without the common prefix
	payload string
	without string // a property that does not belong to it
}

func parse(root string, packages ...string) (*source, error) {
	s := &source{types: make(map[string]*typeDecl), values: make(map[string][]string), texts: make(map[string]bool)}
	for _, pkg := range packages {
		paths, err := filepath.Glob(filepath.Join(root, pkg, "*.go"))
		if err != nil {
			return nil, err
		}
		if len(paths) == 0 {
			return nil, &fs.PathError{Op: "parse", Path: filepath.Join(root, pkg), Err: fs.ErrNotExist}
		}
		for _, p := range paths {
			if strings.HasSuffix(p, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), p, nil, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				return nil, err
			}
			s.index(pkg, file)
		}
	}
	return s, nil
}

func (s *source) index(pkg string, file *ast.File) {
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if d.Recv != nil && d.Name.Name == "MarshalText" {
				s.texts[qualified(pkg, d.Recv.List[0].Type)] = true
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					doc := spec.Doc
					if doc == nil {
						doc = d.Doc
					}
					s.types[pkg+"."+spec.Name.Name] = &typeDecl{pkg, spec.Type, prose(doc)}
				case *ast.ValueSpec:
					if d.Tok == token.CONST {
						s.constant(pkg, spec)
					}
				}
			}
		}
	}
}

var payloadComment = regexp.MustCompile(`^payload (\w+)(?: without (\w+))?$`)

func (s *source) constant(pkg string, spec *ast.ValueSpec) {
	if len(spec.Values) != 1 {
		return
	}
	if spec.Type != nil {
		if text, ok := literal(spec.Values[0]); ok {
			typ := qualified(pkg, spec.Type)
			s.values[typ] = append(s.values[typ], text)
		}
		return
	}
	sum, ok := spec.Values[0].(*ast.BinaryExpr)
	if !ok {
		return
	}
	name, ok := literal(sum.Y)
	if m := payloadComment.FindStringSubmatch(prose(spec.Comment)); ok && m != nil {
		s.events = append(s.events, eventType{name, pkg + "." + m[1], m[2]})
	}
}

// eventTypes returns the types of events in the order of their declaration.
func (s *source) eventTypes() []eventType { return s.events }

func literal(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(lit.Value)
	return text, err == nil
}

// qualified returns the name of a type as "package.Name".
func qualified(pkg string, e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		if ast.IsExported(e.Name) {
			return pkg + "." + e.Name
		}
		return e.Name
	case *ast.SelectorExpr:
		if x, ok := e.X.(*ast.Ident); ok {
			return x.Name + "." + e.Sel.Name
		}
	case *ast.StarExpr:
		return qualified(pkg, e.X)
	}
	return ""
}

var (
	link    = regexp.MustCompile(`\[\*?((?:[a-z]+\.)?[A-Z][\w.]*)\]`)
	newline = regexp.MustCompile(`([^\n])\n([^\n])`)
)

// prose is the text of a comment: links lose their brackets, and lines of one
// paragraph are joined.
func prose(c *ast.CommentGroup) string {
	text := strings.TrimSpace(c.Text())
	return newline.ReplaceAllString(link.ReplaceAllString(text, "$1"), "$1 $2")
}
