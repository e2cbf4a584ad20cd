package giveway_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/giveway"
	"robotbailiff/internal/testkit"
)

// asChild makes this test's program give way and say how nice its threads are.
const asChild = "GIVEWAY_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(asChild) == "" {
		testkit.Main(m)
		return
	}
	if err := giveway.Process(); err != nil {
		panic(err)
	}
	threads, err := filepath.Glob("/proc/self/task/*/stat")
	if err != nil {
		panic(err)
	}
	for _, t := range threads {
		text, err := os.ReadFile(t)
		if err == nil {
			_, _ = os.Stdout.WriteString(nice(string(text)) + "\n")
		}
	}
}

// nice is the niceness in a line of proc(5), stat: the 19th field, the 17th behind the name, which may have blanks.
func nice(stat string) string {
	fields := strings.Fields(stat[strings.LastIndex(stat, ")")+1:])
	return fields[16]
}

func TestProcess_allThreads(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), asChild+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	levels := strings.Fields(string(out))
	if len(levels) == 0 {
		t.Fatal("no thread")
	}
	for _, n := range levels {
		if n != "15" && n != "19" { // 19: these tests themselves are run with so low a priority
			t.Errorf("a thread has niceness %s", n)
		}
	}
}

func TestSession_onlyTheSessionThatIsMeant(t *testing.T) {
	t.Parallel()
	pool := testkit.DB(t)
	level := func(c *pgx.Conn) int {
		text, err := os.ReadFile("/proc/" + strconv.Itoa(int(c.PgConn().PID())) + "/stat")
		if err != nil {
			t.Fatal(err)
		}
		n, err := strconv.Atoi(nice(string(text)))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	connect := func() *pgx.Conn {
		c, err := pgx.Connect(t.Context(), pool.Config().ConnString())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close(t.Context()) })
		return c
	}
	worker, page := connect(), connect()
	if worker.PgConn().Conn().RemoteAddr().Network() != "unix" {
		t.Skip("the tests' server is on another machine")
	}
	before := level(page)
	for range 2 { // once more changes nothing
		if err := giveway.Session(t.Context(), worker); err != nil {
			t.Fatal(err)
		}
		if got := level(worker); got != max(15, before) {
			t.Errorf("a worker's session has niceness %d", got)
		}
	}
	if got := level(page); got != before {
		t.Errorf("the session of pages had niceness %d and has %d", before, got)
	}
	if _, err := worker.Exec(t.Context(), `SELECT 1`); err != nil {
		t.Error(err)
	}
}
