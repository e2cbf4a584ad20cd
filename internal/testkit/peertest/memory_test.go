package peertest_test

import (
	"testing"

	"robotbailiff/engine/orders"
	"robotbailiff/internal/testkit/peertest"
)

func TestMemory_isAPeer(t *testing.T) {
	t.Parallel()
	peertest.TestPeer(t, func(*testing.T) orders.Peer { return peertest.NewMemory() })
}
