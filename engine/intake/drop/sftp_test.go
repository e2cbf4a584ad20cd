package drop

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// sftpServer is a real OpenSSH on loopback with keys and a configuration of its own. One process answers each connection.
type sftpServer struct {
	t    *testing.T
	dir  string
	port string
	root string
}

func startSFTP(t *testing.T, root string) *sftpServer {
	t.Helper()
	for _, name := range []string{"/usr/sbin/sshd", "sftp", "ssh-keygen"} {
		if _, err := exec.LookPath(name); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatal(err)
			}
			t.Skipf("OpenSSH is not here: %v", err)
		}
	}
	if os.Getuid() == 0 { // where sshd, as root, keeps what it is without rights
		must(t, os.MkdirAll("/run/sshd", 0o755))
	}
	s := &sftpServer{t: t, dir: t.TempDir(), root: root}
	for _, key := range []string{"host", "client"} {
		s.run(nil, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(s.dir, key))
	}
	must(t, os.Rename(filepath.Join(s.dir, "client.pub"), filepath.Join(s.dir, "authorized")))
	config := fmt.Sprintf(`HostKey %[1]s/host
AuthorizedKeysFile %[1]s/authorized
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
DisableForwarding yes
Subsystem sftp internal-sftp
ForceCommand internal-sftp -d %[2]s
`, s.dir, root)
	must(t, os.WriteFile(filepath.Join(s.dir, "config"), []byte(config), 0o600))
	s.serve()
	return s
}

// serve hands each connection to an sshd -i, as inetd does: there is no daemon that could stay behind.
func (s *sftpServer) serve() {
	ln, err := (&net.ListenConfig{}).Listen(s.t.Context(), "tcp", "127.0.0.1:0")
	must(s.t, err)
	_, s.port, err = net.SplitHostPort(ln.Addr().String())
	must(s.t, err)
	done := make(chan struct{})
	s.t.Cleanup(func() { _ = ln.Close(); <-done })
	go func() {
		defer close(done)
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			tcp, ok := conn.(*net.TCPConn)
			if !ok {
				return
			}
			file, err := tcp.File()
			if err != nil {
				return
			}
			cmd := exec.Command("/usr/sbin/sshd", "-i", "-e", "-f", filepath.Join(s.dir, "config"))
			cmd.Stdin, cmd.Stdout = file, file
			cmd.Stderr = s.t.Output()
			_ = cmd.Run() // it ends with 255 when the sender hangs up
			_, _ = file.Close(), conn.Close()
		}
	}()
}

func (s *sftpServer) run(stdin []byte, name string, args ...string) []byte {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), name, args...)
	cmd.Stdin = bytes.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return out
}

// batch runs commands of a sender.
func (s *sftpServer) batch(lines ...string) string {
	s.t.Helper()
	host, err := os.ReadFile(filepath.Join(s.dir, "host.pub"))
	must(s.t, err)
	known := filepath.Join(s.dir, "known")
	must(s.t, os.WriteFile(known, fmt.Appendf(nil, "[127.0.0.1]:%s %s", s.port, host), 0o600))
	return string(s.run([]byte(strings.Join(lines, "\n")), "sftp", "-q", "-b", "-", "-P", s.port, "-i", filepath.Join(s.dir, "client"),
		"-o", "IdentitiesOnly=yes", "-o", "UserKnownHostsFile="+known, "-o", "GlobalKnownHostsFile=none", "-o", "StrictHostKeyChecking=yes", "-F", "none", "127.0.0.1"))
}

// A sender puts a batch over SFTP as the rules say, and reads the answers there.
func TestSFTP_aSenderPutsAndReads(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	server := startSFTP(t, s.dir)
	local := t.TempDir()
	file := filepath.Join(local, "batch.csv")
	must(t, os.WriteFile(file, rows(t, 10), 0o600))
	must(t, os.WriteFile(file+".json", manifestOf(t, rows(t, 10), 0), 0o600))

	server.batch("put "+file+" in/batch.csv.part", "put "+file+".json in/batch.csv.manifest.json.part")
	s.pass(Pass{})
	server.batch("rename in/batch.csv.part in/batch.csv")
	s.pass(Pass{Waiting: 1})
	server.batch("rename in/batch.csv.manifest.json.part in/batch.csv.manifest.json")
	s.pass(Pass{Taken: 1, Finished: 1})
	if list := server.batch("ls -1 in", "ls -1 out"); !strings.Contains(list, "batch.csv.ack.json") || !strings.Contains(list, "batch.csv.report.csv") || strings.Contains(list, "in/batch") {
		t.Errorf("the sender sees:\n%s", list)
	}
	server.batch("get out/batch.csv.ack.json "+local+"/ack", "get out/batch.csv.report.csv "+local+"/report", "rm out/batch.csv.ack.json")
	ack, err := os.ReadFile(filepath.Join(local, "ack"))
	if err != nil || !bytes.Contains(ack, []byte(`"accepted": 10`)) {
		t.Errorf("%v\n%s", err, ack)
	}
	if report, err := os.ReadFile(filepath.Join(local, "report")); err != nil || bytes.Count(report, []byte("\n")) != 11 {
		t.Errorf("%v, %d lines", err, bytes.Count(report, []byte("\n")))
	}

	must(t, os.WriteFile(file+".json", manifestOf(t, rows(t, 10), 1), 0o600)) // one row too many is announced
	server.batch("put "+file+" in/wrong.csv.part", "rename in/wrong.csv.part in/wrong.csv", "put "+file+".json in/wrong.csv.manifest.json")
	s.pass(Pass{Taken: 1, Finished: 1})
	if a := s.ack("wrong.csv"); a.Code != "manifest_mismatch" || s.count("cases") != 10 {
		t.Errorf("%+v", a)
	}
	server.batch("symlink /etc/passwd in/link.csv", "put "+file+".json in/link.csv.manifest.json")
	s.pass(Pass{Waiting: 1})
}
