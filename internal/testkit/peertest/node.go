package peertest

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// NodeServer runs a script of the test's folder that serves with an npm package, and gives the address that it prints. The script ends with
// its input. Without BAILIFF_TEST_NODE_MODULES the test is skipped, as on a machine without Node; where the variable promises the packages and
// this one is missing it fails, so that the proof cannot be lost without a word. env is added to the little that the script gets.
func NodeServer(t testing.TB, npm, script string, env ...string) (address string) {
	t.Helper()
	modules := os.Getenv("BAILIFF_TEST_NODE_MODULES")
	if modules == "" {
		t.Skipf("needs the npm package %s: make contract installs it and sets BAILIFF_TEST_NODE_MODULES", npm)
	}
	if _, err := os.Stat(filepath.Join(modules, npm, "package.json")); err != nil {
		t.Fatalf("BAILIFF_TEST_NODE_MODULES is set, and the npm package %s is not there: make contract installs it", npm)
	}
	cmd := exec.CommandContext(t.Context(), "node", filepath.Join("testdata", script)) //nolint:gosec // a script of the test
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "BAILIFF_TEST_NODE_MODULES=" + modules}, env...)
	in, err := cmd.StdinPipe()
	must(t, err)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait() // it has ended with its input, or was killed with the test
	})
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "http://127.0.0.1:") {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return lines.Text()
		}
	}
	t.Fatalf("%s did not start", script)
	return ""
}
