package peertest

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Prism starts the proxy of that name before a handler and gives its host and port. It answers 500 where a question or an answer is not
// what the OpenAPI file says. The test is skipped where the proxy is not installed.
func Prism(t testing.TB, contract string, h http.Handler) string {
	t.Helper()
	dir := os.Getenv("BAILIFF_TEST_NODE_MODULES")
	if dir == "" {
		t.Skip("needs the npm package @stoplight/prism-cli: make contract installs it and sets BAILIFF_TEST_NODE_MODULES")
	}
	behind := httptest.NewServer(h)
	t.Cleanup(behind.Close)
	free, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	address := free.Addr().String()
	_, port, _ := net.SplitHostPort(address)
	must(t, free.Close())
	ctx, cancel := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, filepath.Join(dir, ".bin", "prism"), "proxy", "--errors", "--host", "127.0.0.1", "--port", port, contract, behind.URL) //nolint:gosec // the caller is a test
	out, err := cmd.StdoutPipe()
	must(t, err)
	cmd.Stderr = cmd.Stdout
	must(t, cmd.Start())
	ready, gone := make(chan struct{}), make(chan struct{})
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
	}
	return address
}
