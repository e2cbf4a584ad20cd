package pg_test

import (
	"testing"

	"robotbailiff/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }
