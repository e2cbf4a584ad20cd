package pg_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"robotbailiff/internal/pg"
)

func itoa(n int) string { return strconv.Itoa(n) }

func TestEmbedded_saysWhatIsWrongWithGivenBinaries(t *testing.T) {
	empty := t.TempDir()
	old := t.TempDir()
	for _, program := range []string{"initdb", "postgres"} {
		script := "#!/bin/sh\necho 'postgres (PostgreSQL) 9.6.1'\n"
		if err := os.WriteFile(filepath.Join(old, program), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for dir, want := range map[string]string{empty: "no usable PostgreSQL", old: "older than"} {
		t.Setenv("BAILIFF_PG_BIN", dir)
		_, err := pg.StartEmbedded(t.Context(), pg.EmbeddedOptions{Dir: filepath.Join(shortDir(t), "c")})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "BAILIFF_PG_BIN="+dir) {
			t.Errorf("got %v", err)
		}
	}
}

func TestEmbedded_needsADirectory(t *testing.T) {
	t.Parallel()
	if _, err := pg.StartEmbedded(t.Context(), pg.EmbeddedOptions{}); err == nil {
		t.Error("started nowhere")
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := pg.StartEmbedded(t.Context(), pg.EmbeddedOptions{Dir: filepath.Join(file, "x")}); err == nil {
		t.Error("started below a file")
	}
}
