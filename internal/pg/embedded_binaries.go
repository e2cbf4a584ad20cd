package pg

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
)

// minMajor is the oldest server that knows all settings and syntax in use here.
const minMajor = 14

// binaries is one installation of the server.
type binaries struct {
	dir   string
	major string
}

func (b binaries) path(program string) string { return filepath.Join(b.dir, program) }

// findBinaries takes the first usable installation out of BAILIFF_PG_BIN, the PATH, Debian's
// and Homebrew's places, and fetches one only when there is none. With existing data only the
// same major version will do.
func findBinaries(ctx context.Context, opts EmbeddedOptions, o owner, major string) (binaries, error) {
	if dir := os.Getenv("BAILIFF_PG_BIN"); dir != "" {
		b, err := inspect(ctx, dir)
		switch {
		case err != nil:
			return binaries{}, fmt.Errorf("BAILIFF_PG_BIN=%s holds no usable PostgreSQL (%w): correct it or unset it", dir, err)
		case major != "" && b.major != major:
			return binaries{}, versionError(b.major, major)
		}
		return b, nil
	}
	other := ""
	for _, dir := range candidates() {
		b, err := inspect(ctx, dir)
		if err != nil || !o.canEnter(b.dir) {
			continue
		}
		if major != "" && b.major != major {
			other = b.major
			continue
		}
		return b, nil
	}
	if other != "" {
		return binaries{}, versionError(other, major)
	}
	return fetchBinaries(ctx, opts, o)
}

func versionError(found, needed string) error {
	return fmt.Errorf("the data was written by PostgreSQL %s and only PostgreSQL %s is installed: "+
		"install version %s, point BAILIFF_PG_BIN at it, or remove the directory to begin anew", needed, found, needed)
}

func candidates() []string {
	var dirs []string
	if p, err := exec.LookPath("initdb"); err == nil {
		if real, err := filepath.EvalSymlinks(p); err == nil {
			p = real
		}
		dirs = append(dirs, filepath.Dir(p))
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin",
		"/usr/libexec/postgresql*",
		"/usr/pgsql-*/bin",
		"/opt/homebrew/opt/postgresql*/bin",
		"/usr/local/opt/postgresql*/bin",
	} {
		found, _ := filepath.Glob(pattern) // fails on a bad pattern only
		slices.SortFunc(found, func(a, b string) int { return lastNumber(b) - lastNumber(a) })
		dirs = append(dirs, found...)
	}
	return dirs
}

var number = regexp.MustCompile(`\d+`)

func lastNumber(path string) int {
	all := number.FindAllString(path, -1)
	if len(all) == 0 {
		return 0
	}
	n, _ := strconv.Atoi(all[len(all)-1])
	return n
}

// inspect proves that a directory holds the programs we need, of a version we can use.
func inspect(ctx context.Context, dir string) (binaries, error) {
	if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
		return binaries{}, err
	}
	out, err := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version").Output() //nolint:gosec // the path is the operator's
	if err != nil {
		return binaries{}, err
	}
	major := number.FindString(string(out))
	if n, err := strconv.Atoi(major); err != nil || n < minMajor {
		return binaries{}, fmt.Errorf("version %q is older than %d", major, minMajor)
	}
	return binaries{dir: dir, major: major}, nil
}

// fetchBinaries downloads a server for this system. The library can only fetch and start in
// one step; what we want of it is the unpacked files, so its start is undone at once, and its
// failure to start (as root it must fail) is forgiven when the files are there.
func fetchBinaries(ctx context.Context, opts EmbeddedOptions, o owner) (binaries, error) {
	root := filepath.Join(opts.Dir, "server")
	if !o.canEnter(opts.Dir) {
		elsewhere, err := makeElsewhere(opts)
		if err != nil {
			return binaries{}, err
		}
		root = filepath.Join(elsewhere, "server")
	}
	if b, err := inspect(ctx, filepath.Join(root, "bin")); err == nil {
		return b, nil // fetched by an earlier run
	}
	_, _ = fmt.Fprintln(opts.Log, "embedded database: no PostgreSQL is installed, fetching one")
	port, err := freePort(ctx)
	if err != nil {
		return binaries{}, err
	}
	scratch, err := os.MkdirTemp("", "bailiff-fetch-")
	if err != nil {
		return binaries{}, err
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	server := embeddedpostgres.NewDatabase(embeddedpostgres.DefaultConfig().
		Version(embeddedpostgres.V16).Port(port).Logger(opts.Log).StartTimeout(30 * time.Second).
		CachePath(filepath.Join(scratch, "cache")).RuntimePath(filepath.Join(scratch, "run")).BinariesPath(root))
	fetchErr := server.Start()
	if fetchErr == nil {
		fetchErr = server.Stop()
	}
	b, err := inspect(ctx, filepath.Join(root, "bin"))
	if err != nil {
		if fetchErr == nil {
			fetchErr = err
		}
		return binaries{}, fmt.Errorf("no PostgreSQL found, and fetching one failed (%w): "+
			"install it (apt-get install postgresql, brew install postgresql) or set BAILIFF_PG_BIN to its bin directory", fetchErr)
	}
	return b, nil
}

func freePort(ctx context.Context) (uint32, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return uint32(n), err
}
