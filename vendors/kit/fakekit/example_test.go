package fakekit_test

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

func ExampleNewServer() {
	s := fakekit.NewServer(fakekit.Config{}, fakekit.Route{
		Op: "GetTime", Pattern: "GET /time", Handler: func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "noon") },
	})
	defer s.Close()
	if _, err := s.Inject(posfake.Fault{Kind: posfake.FaultStatus, Op: "GetTime", Status: 503}); err != nil {
		fmt.Println(err)
	}
	client := &http.Client{Transport: s.Transport()}
	for range 2 {
		status, text, err := do(context.Background(), client, http.MethodGet, "http://till.test/time", "")
		fmt.Println(status, text, err)
	}
	for _, r := range s.Requests() {
		fmt.Println(r.Op, r.Status, r.Fault)
	}
	// Output:
	// 503  <nil>
	// 200 noon <nil>
	// GetTime 503 status
	// GetTime 200
}
