package pg

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
)

const logFileMax = 10 << 20

// serverArgs is the server's whole configuration; postgresql.conf stays as initdb wrote it, so
// that nothing hides in a file.
func (c *Cluster) serverArgs(ctx context.Context) []string {
	settings := map[string]string{
		// Reachable through a directory that only one user can enter, and by no network.
		"listen_addresses":        "",
		"unix_socket_directories": c.place.socket,
		"port":                    clusterPort,
		"max_connections":         "100",
		"timezone":                "UTC",

		"jit":                          "off", // our statements are short; compiling them costs more than it saves
		"random_page_cost":             "1.1",
		"work_mem":                     "16MB",
		"maintenance_work_mem":         "128MB",
		"wal_compression":              "on",
		"max_wal_size":                 "8GB",
		"checkpoint_timeout":           "15min",
		"checkpoint_completion_target": "0.9",
		"deadlock_timeout":             "500ms",

		// No values of parameters and no row contents in the server's log: they are personal data.
		"log_parameter_max_length":          "0",
		"log_parameter_max_length_on_error": "0",
		"log_error_verbosity":               "terse",
		"log_checkpoints":                   "off",
		"logging_collector":                 "off",
		"log_timezone":                      "UTC",
		"lc_messages":                       "C", // launch reads the log
	}
	if c.opts.Durable {
		maps.Copy(settings, map[string]string{
			"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on",
			"shared_buffers": sharedBuffers(2048), "min_wal_size": "512MB",
			"autovacuum_naptime": "1min",
		})
	} else {
		maps.Copy(settings, map[string]string{
			"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off",
			"shared_buffers": sharedBuffers(128), "autovacuum_naptime": "1min",
		})
	}
	if c.accepts(ctx, "wal_compression", "lz4") {
		settings["wal_compression"] = "lz4"
	}
	maps.Copy(settings, c.opts.Settings)
	args := []string{"-D", c.place.data}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		args = append(args, "-c", name+"="+settings[name])
	}
	return args
}

// accepts asks the program itself whether it was built with a certain option.
func (c *Cluster) accepts(ctx context.Context, name, value string) bool {
	return c.run(ctx, "postgres", "-D", c.place.data, "-c", name+"="+value, "-C", name) == nil
}

// sharedBuffers gives the wanted size, or a quarter of a small machine.
func sharedBuffers(wantMB int64) string {
	if total := memoryMB(); total > 0 {
		wantMB = max(16, min(wantMB, total/4))
	}
	return strconv.FormatInt(wantMB, 10) + "MB"
}

// memoryMB is the memory this process may use, 0 when the system does not tell.
func memoryMB() int64 {
	var total int64
	if f, err := os.Open("/proc/meminfo"); err == nil {
		defer func() { _ = f.Close() }()
		for lines := bufio.NewScanner(f); lines.Scan(); {
			if rest, ok := strings.CutPrefix(lines.Text(), "MemTotal:"); ok {
				kb, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(rest, "kB")), 10, 64)
				total = kb >> 10
				break
			}
		}
	}
	if text, err := os.ReadFile("/sys/fs/cgroup/memory.max"); err == nil {
		if limit, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && limit>>20 < total {
			total = limit >> 20
		}
	}
	return total
}

// openLog opens the server's log for appending and gives its present length. An old long log
// is cut, since nobody rotates it.
func (c *Cluster) openLog() (*os.File, int64, error) {
	f, err := os.OpenFile(c.place.log, os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		return nil, 0, fmt.Errorf("opening the server's log: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		_ = f.Close()
		return nil, 0, err
	}
	from := info.Size()
	if from > logFileMax && f.Truncate(0) == nil {
		from = 0
	}
	return f, from, nil
}

func (c *Cluster) logSince(from int64) string {
	f, err := os.Open(c.place.log)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = f.Close() }()
	if _, err := f.Seek(from, io.SeekStart); err != nil {
		return err.Error()
	}
	text, _ := io.ReadAll(io.LimitReader(f, 64<<10)) // what could be read is what there is
	return string(text)
}
