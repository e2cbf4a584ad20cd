package payments

const KnownSQL = knownPaymentsSQL
