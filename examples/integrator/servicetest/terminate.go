package servicetest

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// childEnv makes a test binary the service itself.
const childEnv = "POS_SERVICE_TEST_CHILD"

// TestMain runs the tests, or main in a process that Terminate started.
func TestMain(m *testing.M, main func()) {
	if os.Getenv(childEnv) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// Terminate runs the service in a process of its own, sends it SIGTERM once it
// listens, and wants it to drain and to end with exit code 0.
func Terminate(t *testing.T, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), childEnv+"=1")
	logs, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var last []string
	for lines := bufio.NewScanner(logs); lines.Scan(); {
		var line struct{ Msg string }
		if json.Unmarshal(lines.Bytes(), &line) != nil {
			line.Msg = lines.Text()
		}
		last = append(last, line.Msg)
		if line.Msg == "listening" {
			if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
		}
	}
	_, _ = io.Copy(io.Discard, logs)
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v after %q", err, last)
	}
	if len(last) == 0 || last[len(last)-1] != "drained" {
		t.Errorf("the last words are %q, want drained", last)
	}
}
