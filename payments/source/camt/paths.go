package camt

import "robotbailiff/payments/source/iso"

const (
	_ iso.Field = iota

	statement
	statementID
	numberElectronic
	numberLegal
	created
	from
	to
	accountIBAN
	accountOther
	accountCurrency

	balance
	balanceType
	balanceSubtype
	balanceAmount
	balanceSign
	balanceDate

	totalCount
	totalSum
	creditCount
	creditSum
	debitCount
	debitSum

	entry
	entryAmount
	entrySign
	entryReversal
	entryStatus
	entryStatusCode
	entryBooked
	entryValue
	entryRef
	entryInfo

	detail
	detailRef
	detailEndToEnd
	detailAmount
	detailAmountInside
	detailSign
	detailPurposeCode
	detailTaxCategory
	detailWords
	detailReference
	detailWordsMore
	detailInfo

	debtorName
	debtorID
	debtorIBAN
	debtorAccount
	debtorBIC
	creditorName
	creditorID
	creditorIBAN
	creditorAccount
	creditorBIC
)

// table holds the elements of all versions: what one calls BIC another calls BICFI, names moved below Pty, the status below Cd.
var table = iso.NewTree(paths()...)

func paths() []iso.Path {
	const (
		stmt = "BkToCstmrStmt|BkToCstmrDbtCdtNtfctn/Stmt|Ntfctn*"
		ntry = stmt + "/Ntry*"
		tx   = ntry + "/NtryDtls*/TxDtls*"
	)
	all := []iso.Path{
		{Path: stmt, Field: statement},
		{Path: stmt + "/Id", Field: statementID},
		{Path: stmt + "/ElctrncSeqNb", Field: numberElectronic},
		{Path: stmt + "/LglSeqNb", Field: numberLegal},
		{Path: stmt + "/CreDtTm", Field: created},
		{Path: stmt + "/FrToDt/FrDtTm", Field: from},
		{Path: stmt + "/FrToDt/ToDtTm", Field: to},
		{Path: stmt + "/Acct/Id/IBAN", Field: accountIBAN},
		{Path: stmt + "/Acct/Id/Othr/Id", Field: accountOther},
		{Path: stmt + "/Acct/Ccy", Field: accountCurrency},

		{Path: stmt + "/Bal*", Field: balance},
		{Path: stmt + "/Bal*/Tp/CdOrPrtry/Cd|Prtry", Field: balanceType},
		{Path: stmt + "/Bal*/Tp/SubTp/Cd|Prtry", Field: balanceSubtype},
		{Path: stmt + "/Bal*/Amt", Field: balanceAmount},
		{Path: stmt + "/Bal*/CdtDbtInd", Field: balanceSign},
		{Path: stmt + "/Bal*/Dt/Dt|DtTm", Field: balanceDate},

		{Path: stmt + "/TxsSummry/TtlNtries/NbOfNtries", Field: totalCount},
		{Path: stmt + "/TxsSummry/TtlNtries/Sum", Field: totalSum},
		{Path: stmt + "/TxsSummry/TtlCdtNtries/NbOfNtries", Field: creditCount},
		{Path: stmt + "/TxsSummry/TtlCdtNtries/Sum", Field: creditSum},
		{Path: stmt + "/TxsSummry/TtlDbtNtries/NbOfNtries", Field: debitCount},
		{Path: stmt + "/TxsSummry/TtlDbtNtries/Sum", Field: debitSum},

		{Path: ntry, Field: entry},
		{Path: ntry + "/Amt", Field: entryAmount},
		{Path: ntry + "/CdtDbtInd", Field: entrySign},
		{Path: ntry + "/RvslInd", Field: entryReversal},
		{Path: ntry + "/Sts+", Field: entryStatus},
		{Path: ntry + "/Sts+/Cd", Field: entryStatusCode},
		{Path: ntry + "/BookgDt/Dt|DtTm", Field: entryBooked},
		{Path: ntry + "/ValDt/Dt|DtTm", Field: entryValue},
		{Path: ntry + "/AcctSvcrRef", Field: entryRef},
		{Path: ntry + "/AddtlNtryInf", Field: entryInfo},

		{Path: tx, Field: detail},
		{Path: tx + "/Refs/AcctSvcrRef", Field: detailRef},
		{Path: tx + "/Refs/EndToEndId", Field: detailEndToEnd},
		{Path: tx + "/Amt", Field: detailAmount},
		{Path: tx + "/AmtDtls/TxAmt/Amt", Field: detailAmountInside},
		{Path: tx + "/CdtDbtInd", Field: detailSign},
		{Path: tx + "/Purp/Cd|Prtry", Field: detailPurposeCode},
		{Path: tx + "/Tax/Rcrd*/Ctgy", Field: detailTaxCategory},
		{Path: tx + "/RmtInf/Ustrd*", Field: detailWords},
		{Path: tx + "/RmtInf/Strd*/CdtrRefInf/Ref", Field: detailReference},
		{Path: tx + "/RmtInf/Strd*/AddtlRmtInf*", Field: detailWordsMore},
		{Path: tx + "/AddtlTxInf", Field: detailInfo},
	}
	for _, side := range []struct {
		party                       string
		name, id, iban, number, bic iso.Field
	}{
		{"Dbtr", debtorName, debtorID, debtorIBAN, debtorAccount, debtorBIC},
		{"Cdtr", creditorName, creditorID, creditorIBAN, creditorAccount, creditorBIC},
	} {
		parties, agent := tx+"/RltdPties/"+side.party, tx+"/RltdAgts/"+side.party+"Agt/FinInstnId/BIC|BICFI"
		for _, party := range []string{parties, parties + "/Pty"} {
			all = append(all,
				iso.Path{Path: party + "/Nm", Field: side.name},
				iso.Path{Path: party + "/Id/OrgId|PrvtId/Othr*/Id", Field: side.id})
		}
		all = append(all,
			iso.Path{Path: parties + "Acct/Id/IBAN", Field: side.iban},
			iso.Path{Path: parties + "Acct/Id/Othr/Id", Field: side.number},
			iso.Path{Path: agent, Field: side.bic})
	}
	return all
}
