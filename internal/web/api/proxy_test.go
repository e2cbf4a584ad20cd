package api

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The whole way of a file goes through a proxy of another maker that knows only the contract: it stops a request or an answer
// that the contract does not allow.
func TestAPI_throughAValidatingProxy(t *testing.T) {
	s := serve(t)
	s.proxy = validatingProxy(t, s.handler)
	fromSendingToReceipt(t, s)
	s.ask("GET", "/api/v1/writs", "", request{}, 200)
	s.ask("GET", "/api/v1/codes", "", request{key: "-"}, 200)
	s.ask("GET", "/api/v1/batches/{id}", "", request{header: map[string]string{"id": "999999"}}, 404)

	// The proxy does look: an answer that lacks what the contract promises does not pass.
	liar := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprint(w, `{"state":"done"}`)
	})
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/api/v1/batches/1", nil)
	r.Header.Set("Authorization", "Bearer "+s.key)
	s.proxy = validatingProxy(t, liar)
	if w := s.exchange(r); w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), "VIOLATIONS") {
		t.Errorf("an answer against the contract came through: %d %s", w.Code, w.Body)
	}
}

// validatingProxy starts prism before a handler and gives its address.
func validatingProxy(t *testing.T, h http.Handler) string {
	t.Helper()
	dir := os.Getenv("BAILIFF_TEST_NODE_MODULES")
	if dir == "" {
		t.Skip("needs the npm package @stoplight/prism-cli: make contract installs it and sets BAILIFF_TEST_NODE_MODULES")
	}
	behind := httptest.NewServer(h)
	t.Cleanup(behind.Close)
	free, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := free.Addr().String()
	_, port, _ := net.SplitHostPort(addr)
	_ = free.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, filepath.Join(dir, ".bin", "prism"), "proxy", "--errors", "--host", "127.0.0.1", "--port", port, "openapi.json", behind.URL)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make(chan struct{})
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if strings.Contains(lines.Text(), "Prism is listening") {
				close(ready)
			}
		}
		_ = cmd.Wait()
	}()
	t.Cleanup(func() {
		cancel()
		<-gone
	})
	select {
	case <-ready:
	case <-gone:
		t.Fatalf("the proxy ended: %s", cmd.ProcessState)
	case <-time.After(time.Minute):
		t.Fatal("the proxy did not start")
	}
	return "http://" + addr
}
