package pack

import (
	"bytes"
	"testing"
)

func TestStateBearsFee(t *testing.T) {
	t.Parallel()
	with := func(who string) (*Pack, error) {
		files := Default().Files()
		files["gateway.yaml"] = bytes.Replace(files["gateway.yaml"], []byte("value: state"), []byte("value: "+who), 1)
		return LoadFiles(files)
	}
	on := day(t, "2026-09-01")
	if !Default().StateBearsFee(on) {
		t.Error("by default the state bears it")
	}
	if p, err := with(BearerGateway); err != nil || p.StateBearsFee(on) {
		t.Errorf("the gateway bears it: %v", err)
	}
	if _, err := with("debtor"); err == nil {
		t.Error("the debtor never bears it")
	}
	files := Default().Files()
	delete(files, "gateway.yaml")
	if p, err := LoadFiles(files); err != nil || p.StateBearsFee(on) {
		t.Errorf("before the key nobody keeps anything: %v", err)
	}
}
