package main

import (
	"cmp"
	"os"

	"robotbailiff/internal/jobs"
	"robotbailiff/payments/source/pain"
)

// house says who pays refunds back, as the environment tells; a sandbox has an invented one. Without name, BIN and KNP no file is made.
func house(sandbox bool) jobs.House {
	h := jobs.House{
		Name: os.Getenv("BAILIFF_PAYER_NAME"), BIN: os.Getenv("BAILIFF_PAYER_BIN"), BIC: os.Getenv("BAILIFF_PAYER_BIC"), KNP: os.Getenv("BAILIFF_REFUND_KNP"),
		Version: pain.Version(cmp.Or(os.Getenv("BAILIFF_PAIN_VERSION"), string(pain.V03))),
	}
	if sandbox && h.Name == "" {
		h.Name, h.BIN, h.BIC, h.KNP = "Департамент юстиции (песочница)", "971240001315", "KKMFKZ2A", "000"
	}
	return h
}
