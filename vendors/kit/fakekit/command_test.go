package fakekit_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

func TestCommand(t *testing.T) {
	t.Parallel()
	type order struct {
		Dish string `json:"dish"`
	}
	client := &http.Client{Transport: fakekit.NewTransport(fakekit.Command(func(_ context.Context, in order) (string, error) {
		if in.Dish == "" {
			return "", errors.New("no dish")
		}
		return "one " + in.Dish, nil
	}))}
	for body, want := range map[string]string{
		`{"dish":"soup"}`:    `200 "one soup"`,
		``:                   `422 {"error":"no dish","status":422}`,
		`{}`:                 `422 {"error":"no dish","status":422}`,
		`{"plate":"soup"}`:   `400 {"error":"body: json: unknown field \"plate\"","status":400}`,
		`{"dish":"soup"}{}`:  `400 {"error":"body: something follows the JSON value","status":400}`,
		`{"dish":["soup"]}x`: `400`,
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://fake.example/_fake/order", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if got := resp.Status[:3] + " " + string(text); err != nil || !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %s %v, want %s", body, got, err, want)
		}
	}
}
