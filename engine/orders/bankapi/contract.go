package bankapi

import _ "embed" // the contract

// Contract is what both sides keep to, in OpenAPI 3.1; deploy/schema/bank.xsd has the same messages in XML.
//
//go:embed openapi.json
var Contract []byte
