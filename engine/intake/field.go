package intake

import "strings"

// Field is a column of the court batch, in the order of the exchange contract.
type Field uint8

// The fields of the court batch.
const (
	FieldSource Field = iota
	FieldDocumentNumber
	FieldDocumentDate
	FieldInForceDate
	FieldKind
	FieldIssuerBIN
	FieldIssuerName
	FieldDebtorIIN
	FieldDebtorName
	FieldDebtorBirthDate
	FieldDebtorPhone
	FieldDebtorLanguage
	FieldRegion
	FieldAmount
	FieldCurrency
	FieldClaimantBIN
	FieldClaimantName
	FieldIBAN
	FieldKBK
	FieldKNP
	FieldUnpaidConfirmedOn

	// Optional since the second edition of the contract: what the row asks for, why, and the number of the issuer's act.
	FieldAction
	FieldGround
	FieldAct

	// Optional since the third edition: where a letter reaches the debtor.
	FieldDebtorAddress

	// FieldCount is the number of fields.
	FieldCount
)

var fieldNames = [FieldCount]string{
	"source", "document_number", "document_date", "in_force_date", "kind", "issuer_bin", "issuer_name", "debtor_iin",
	"debtor_name", "debtor_birth_date", "debtor_phone", "debtor_language", "region", "amount", "currency", "claimant_bin",
	"claimant_name", "iban", "kbk", "knp", "unpaid_confirmed_on", "action", "ground", "act", "debtor_address",
}

// required lists the fields that no row which opens a case, or corrects its writ, may leave empty.
var required = [...]Field{
	FieldSource, FieldDocumentNumber, FieldInForceDate, FieldKind, FieldDebtorIIN, FieldDebtorName, FieldRegion, FieldAmount,
	FieldUnpaidConfirmedOn,
}

// withdrawing lists what a row that takes a writ back cannot do without.
var withdrawing = [...]Field{FieldSource, FieldDocumentNumber, FieldGround}

// longest is the most bytes that a value of each field may have.
var longest = [FieldCount]int{
	FieldSource: 100, FieldDocumentNumber: 200, FieldDocumentDate: 40, FieldInForceDate: 40, FieldKind: 40,
	FieldIssuerBIN: 40, FieldIssuerName: 1000, FieldDebtorIIN: 40, FieldDebtorName: 600, FieldDebtorBirthDate: 40,
	FieldDebtorPhone: 60, FieldDebtorLanguage: 20, FieldRegion: 20, FieldAmount: 40, FieldCurrency: 20, FieldClaimantBIN: 40,
	FieldClaimantName: 1000, FieldIBAN: 60, FieldKBK: 40, FieldKNP: 40, FieldUnpaidConfirmedOn: 40,
	FieldAction: 20, FieldGround: 40, FieldAct: 60, FieldDebtorAddress: 600,
}

// String is the name of the field in every encoding.
func (f Field) String() string {
	if f >= FieldCount {
		return ""
	}
	return fieldNames[f]
}

// FieldNames lists the names of all fields in the order of the contract.
func FieldNames() []string { return append([]string(nil), fieldNames[:]...) }

var fieldByName = func() map[string]Field {
	m := make(map[string]Field, FieldCount)
	for i, name := range fieldNames {
		m[name] = Field(i)
	}
	return m
}()

// fieldNamed finds a field by a column's title; case and blanks around it do not matter.
func fieldNamed(title string) (Field, bool) {
	f, ok := fieldByName[strings.ToLower(strings.TrimSpace(title))]
	return f, ok
}
