package main

import (
	"net/http"
	"time"

	"robotbailiff/internal/sandbox"
)

// frontDoor is how the simulated world reaches this program at an address.
func frontDoor(p *parts, base string) *sandbox.FrontDoor {
	return &sandbox.FrontDoor{
		Pool: p.db.pool, Engine: p.robot.Engine, Notices: p.robot.Notices, OnReceipt: p.robot.Receipts,
		Client: &http.Client{Timeout: 30 * time.Second}, Base: base,
	}
}
