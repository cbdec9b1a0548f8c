package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// process is a child of ours.
type process struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser // its end ends the child
	ready chan string    // takes what the child says first
	done  chan struct{}  // closed when the child has ended

	mu     sync.Mutex
	addr   string          // of its handler
	owned  map[string]bool // accounts
	paused bool
}

// spawn starts this program again in another role. heard is called with each
// line that the child prints.
func spawn(role string, config any, log io.Writer, heard func(*process, message)) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &process{
		cmd: exec.Command(self), ready: make(chan string, 1), done: make(chan struct{}), //nolint:gosec,noctx // this program; its end is our affair
		owned: make(map[string]bool),
	}
	p.cmd.Env = append(os.Environ(), roleEnv+"="+role)
	p.cmd.Stderr = log
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go p.listen(stdout, heard)
	if err := json.NewEncoder(p.stdin).Encode(config); err != nil && !errors.Is(err, syscall.EPIPE) {
		p.kill()
		return nil, err
	}
	return p, nil
}

func (p *process) listen(stdout io.Reader, heard func(*process, message)) {
	defer close(p.done)
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		var m message
		if json.Unmarshal(lines.Bytes(), &m) != nil {
			continue // A killed process stops in the middle of a line.
		}
		p.note(m)
		heard(p, m)
	}
	_ = p.cmd.Wait() // We killed it, or it says why on standard error.
}

func (p *process) note(m message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case m.Ready != "":
		p.addr = m.Ready
		p.ready <- m.Ready
	case m.Owned:
		p.owned[m.Account] = true
	case m.Lost:
		delete(p.owned, m.Account)
	}
}

// accounts returns what the process owns as far as it told.
func (p *process) accounts() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []string
	for a := range p.owned {
		list = append(list, a)
	}
	return list
}

// reachable returns the address of its handler, unless it is paused.
func (p *process) reachable() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.paused {
		return ""
	}
	return p.addr
}

func (p *process) signal(s os.Signal, paused bool) error {
	p.mu.Lock()
	p.paused = paused
	p.mu.Unlock()
	return p.cmd.Process.Signal(s)
}

// kill ends the process at once.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // It may have ended.
	<-p.done
	_ = p.stdin.Close()
}

// stop lets the process drain; after the time given it is killed.
func (p *process) stop(within time.Duration) error {
	_ = p.stdin.Close()
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case <-p.done:
		return nil
	case <-timer.C:
		p.kill()
		return errors.New("a process did not end by itself")
	}
}
