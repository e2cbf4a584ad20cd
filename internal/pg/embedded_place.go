package pg

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// socketPathMax stays below the limits of Linux (107) and macOS (103).
const socketPathMax = 100

// owner is the system user that runs the server. PostgreSQL refuses to run as root, so root
// hands it to an unprivileged user; everybody else runs it as themselves.
type owner struct {
	name     string
	uid, gid int
	switched bool // the server's user is not ours
}

func serverUser() (owner, error) {
	if os.Geteuid() != 0 {
		return owner{uid: os.Geteuid(), gid: os.Getegid()}, nil
	}
	for _, name := range []string{"postgres", "_postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errUID := strconv.ParseUint(u.Uid, 10, 32)
		gid, errGID := strconv.ParseUint(u.Gid, 10, 32)
		if errUID == nil && errGID == nil && uid != 0 {
			return owner{name: name, uid: int(uid), gid: int(gid), switched: true}, nil
		}
	}
	return owner{}, errors.New("PostgreSQL refuses to run as root, and this system has neither a user postgres nor a user nobody: " +
		"create one (useradd --system postgres) or start as an ordinary user")
}

// dress makes cmd run as the server's user, in a process group of its own, so that a Ctrl-C
// on the terminal reaches us and not the server behind our back.
func (o owner) dress(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if o.switched {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(o.uid), Gid: uint32(o.gid)}
	}
}

// canEnter asks the kernel, not the mode bits, whether the server's user may work in dir.
func (o owner) canEnter(dir string) bool {
	if !o.switched {
		return true
	}
	probe := exec.Command("/bin/sh", "-c", "exit 0") //nolint:noctx // ends at once
	probe.Dir = dir
	o.dress(probe)
	return probe.Run() == nil
}

// place is where the parts of one cluster lie.
type place struct {
	data, socket, log string
	elsewhere         string   // directory outside Dir that holds some of them, or empty
	notes             []string // what a person should know about it
}

// majorVersion is the server version that wrote the data, or empty before the first start.
func (p place) majorVersion() string {
	text, err := os.ReadFile(filepath.Join(p.data, "PG_VERSION"))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// choosePlace puts data and socket below Dir when the server's user can get there and the
// socket's path is short enough, and into a directory named after Dir otherwise.
func choosePlace(opts EmbeddedOptions, o owner) (place, error) {
	p := place{
		data:   filepath.Join(opts.Dir, "data"),
		socket: filepath.Join(opts.Dir, "socket"),
		log:    filepath.Join(opts.Dir, "postgres.log"),
	}
	reachable := o.canEnter(opts.Dir)
	if !reachable || len(filepath.Join(p.socket, ".s.PGSQL."+clusterPort)) > socketPathMax {
		var err error
		if p.elsewhere, err = makeElsewhere(opts); err != nil {
			return place{}, err
		}
		if !o.canEnter(p.elsewhere) {
			return place{}, fmt.Errorf("user %s can enter neither %s nor %s: choose another directory", o.name, opts.Dir, p.elsewhere)
		}
		p.socket = filepath.Join(p.elsewhere, "socket")
		reason := "the path is too long for a socket"
		if !reachable {
			p.data = filepath.Join(p.elsewhere, "data")
			reason = "user " + o.name + ", who runs the server, cannot enter the directory"
			p.notes = append(p.notes, fmt.Sprintf("embedded database: data is in %s, since %s", p.data, reason))
		}
		p.notes = append(p.notes, fmt.Sprintf("embedded database: socket is in %s, since %s", p.socket, reason))
	}
	if err := makeOwnedDir(p.socket, o); err != nil {
		return place{}, err
	}
	return p, nil
}

// makeElsewhere makes a private directory with a short name that depends on Dir alone, so that
// the next run finds it again. Durable data goes where a reboot does not clear it.
func makeElsewhere(opts EmbeddedOptions) (string, error) {
	base := os.TempDir()
	if info, err := os.Stat("/var/tmp"); opts.Durable && err == nil && info.Mode()&os.ModeSticky != 0 {
		base = "/var/tmp"
	}
	if len(base) > 60 {
		base = "/tmp"
	}
	sum := sha256.Sum256([]byte(opts.Dir))
	dir := filepath.Join(base, "bailiff-"+hex.EncodeToString(sum[:6]))
	if err := makeDir(dir); err != nil {
		return "", err
	}
	// The name can be guessed, so somebody else may have made it first.
	info, err := os.Lstat(dir)
	if err != nil {
		return "", fmt.Errorf("making %s: %w", dir, err)
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || info.Mode().Perm()&0o022 != 0 || !ok || int(stat.Uid) != os.Geteuid() {
		return "", fmt.Errorf("%s belongs to somebody else: remove it and try again", dir)
	}
	return dir, nil
}

// makeDir makes a directory that others may pass through but not write to.
func makeDir(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // the server's user must pass through
		return fmt.Errorf("making the embedded database's directory: %w", err)
	}
	// Past the umask, since the server's user must get through.
	return os.Chmod(dir, 0o755) //nolint:gosec // see above
}

// makeOwnedDir makes a directory that only the server's user (and root) may enter.
func makeOwnedDir(dir string, o owner) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making %s: %w", dir, err)
	}
	if o.switched {
		if err := os.Chown(dir, o.uid, o.gid); err != nil {
			return fmt.Errorf("giving %s to %s: %w", dir, o.name, err)
		}
	}
	return os.Chmod(dir, 0o700) //nolint:gosec // a directory needs its x
}
