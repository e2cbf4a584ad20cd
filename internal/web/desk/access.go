package desk

import (
	"fmt"
	"slices"

	app "robotbailiff/internal/app/desk"
)

// Right is something that people may do at the desk. Every route needs exactly one.
type Right string

// The rights, by the rooms of the desk. The words are keys of the catalogs, below desk.right.
const (
	Open          Right = "open"     // the way in: anybody, signed in or not
	Self          Right = "self"     // one's own visit: anybody who is signed in
	Look          Right = "look"     // how everything stands: figures, orders, notices, batches, wording, the switch
	Cases         Right = "cases"    // look at cases
	Unmask        Right = "unmask"   // see whom a case is of, for a reason that is kept
	Export        Right = "export"   // take lists of cases out of the house
	ApproveExport Right = "let_out"  // be the second person for a long list
	HandleCases   Right = "handle"   // act on cases by hand
	ApproveCases  Right = "second"   // be the second person for an act on cases
	Objections    Right = "objected" // read what debtors say
	Work          Right = "work"     // see what waits for a person
	HandleWork    Right = "work_on"  // take it, give it back, close it
	GiveWork      Right = "give"     // give it to somebody else
	BatchReports  Right = "reports"  // take files with what courts write about people
	HandleBatches Right = "batches"  // bring batches, and say the first word for one that waits
	HandleTrials  Right = "trials"   // decide about the first arrests of what is new
	WriteTexts    Right = "write"    // change wording and propose it
	ApproveTexts  Right = "approve"  // put wording into force
	ProposeRules  Right = "rules"    // propose a version of the rules
	ApproveRules  Right = "rule"     // be the second person for one
	Stop          Right = "stop"     // throw the switch
	LetGoOn       Right = "go_on"    // let go on what was stopped
	Money         Right = "money"    // look at money
	HandleMoney   Right = "pay"      // propose acts on money, collect files, take them
	ApproveMoney  Right = "release"  // be the second person for money
	HandleJobs    Right = "jobs"     // try jobs again, end them, pause queues
	People        Right = "people"   // see who is signed in
	HandlePeople  Right = "end"      // end the visits of others, and their accounts
	ProposePeople Right = "accounts" // propose accounts and rights of them, and take rights away
	ApprovePeople Right = "grant"    // be the second person for them
	Audit         Right = "audit"    // read what was recorded, and have it verified
)

// Grant is who has a right.
type Grant struct {
	Right Right
	Who   []app.Role
	// Second is who may say the second of two words, where that is fewer than may say the first. The use cases hold it.
	Second []app.Role
	// Fresh says that whoever acts has shown a short while ago who he is, see [app.ProvedFor]: the second of two words is not said by a desk that
	// somebody has left open.
	Fresh bool
}

// all is everybody who has a role.
var all = app.Roles

// Grants is the published table of roles, in the order in which it is shown. What is not in it, nobody may.
var Grants = []Grant{
	{Right: Open},
	{Right: Self, Who: all},
	{Right: Look, Who: all},
	{Right: Cases, Who: []app.Role{app.Viewer, app.Operator, app.Supervisor, app.Finance, app.Auditor}},
	{Right: Unmask, Who: []app.Role{app.Operator, app.Supervisor, app.Auditor}},
	{Right: Export, Who: []app.Role{app.Operator, app.Supervisor, app.Auditor}},
	{Right: ApproveExport, Who: []app.Role{app.Supervisor}, Fresh: true},
	{Right: HandleCases, Who: []app.Role{app.Operator, app.Supervisor}},
	{Right: ApproveCases, Who: []app.Role{app.Supervisor}, Fresh: true},
	{Right: Objections, Who: []app.Role{app.Operator, app.Supervisor, app.Auditor}},
	{Right: Work, Who: []app.Role{app.Operator, app.Supervisor, app.Finance, app.Auditor}},
	{Right: HandleWork, Who: []app.Role{app.Operator, app.Supervisor, app.Finance}},
	{Right: GiveWork, Who: []app.Role{app.Supervisor}},
	{Right: BatchReports, Who: []app.Role{app.Operator, app.Supervisor, app.Auditor}},
	{Right: HandleBatches, Who: []app.Role{app.Operator, app.Supervisor}, Second: []app.Role{app.Supervisor}},
	{Right: HandleTrials, Who: []app.Role{app.Operator, app.Supervisor}, Second: []app.Role{app.Supervisor}},
	{Right: WriteTexts, Who: []app.Role{app.Operator, app.Supervisor}},
	{Right: ApproveTexts, Who: []app.Role{app.Supervisor}, Fresh: true},
	{Right: ProposeRules, Who: []app.Role{app.Supervisor, app.Administrator}},
	{Right: ApproveRules, Who: []app.Role{app.Supervisor}, Fresh: true},
	{Right: Stop, Who: []app.Role{app.Operator, app.Supervisor, app.Finance, app.Administrator}},
	{Right: LetGoOn, Who: []app.Role{app.Supervisor, app.Administrator}, Fresh: true},
	{Right: Money, Who: []app.Role{app.Supervisor, app.Finance, app.Auditor}},
	{Right: HandleMoney, Who: []app.Role{app.Finance}},
	{Right: ApproveMoney, Who: []app.Role{app.Supervisor, app.Finance}, Fresh: true},
	{Right: HandleJobs, Who: []app.Role{app.Supervisor, app.Administrator}},
	{Right: People, Who: []app.Role{app.Auditor, app.Administrator}},
	{Right: HandlePeople, Who: []app.Role{app.Administrator}, Fresh: true},
	{Right: ProposePeople, Who: []app.Role{app.Administrator}},
	{Right: ApprovePeople, Who: []app.Role{app.Administrator}, Fresh: true},
	{Right: Audit, Who: []app.Role{app.Auditor}},
}

// Route is one route with the right that it needs.
type Route struct {
	Pattern string
	Right   Right
}

// Routes is the published table of routes: each that is registered has exactly one row, or [Handler] fails.
var Routes = []Route{
	{"GET /desk/{$}", Look},
	{"GET /desk/deadlines", Cases},
	{"GET /desk/live", Look},
	{"GET " + script.path, Open},
	{"GET /desk/robot", Look},
	{"GET /desk/banks", Look},
	{"POST /desk/robot/jobs/{id}/retry", HandleJobs},
	{"POST /desk/robot/jobs/{id}/cancel", HandleJobs},
	{"GET /desk/robot/jobs/{id}/{was}", Look},
	{"POST /desk/robot/queues/{name}/pause", HandleJobs},
	{"POST /desk/robot/queues/{name}/resume", HandleJobs},
	{"GET /desk/robot/queues/{name}/{was}", Look},
	{"GET /desk/cases", Cases},
	{"POST /desk/cases/search", Cases},
	{"GET /desk/cases/search", Cases},
	{"POST /desk/cases/views", Cases},
	{"GET /desk/cases/views", Cases},
	{"POST /desk/cases/views/drop", Cases},
	{"GET /desk/cases/views/drop", Cases},
	{"POST /desk/cases/export", Export},
	{"GET /desk/cases/export", Cases},
	{"GET /desk/exports", Export},
	{"GET /desk/exports/{id}", Export},
	{"POST /desk/exports/{id}/agree", ApproveExport},
	{"POST /desk/exports/{id}/refuse", ApproveExport},
	{"POST /desk/exports/{id}/take", Export},
	{"GET /desk/exports/{id}/{was}", Export},
	{"GET /desk/cases/{number}", Cases},
	{"POST /desk/cases/{number}/unmask", Unmask},
	{"GET /desk/cases/{number}/unmask", Cases},
	{"GET /desk/cases/{number}/documents/{name}", Cases},
	{"GET /desk/acts", Cases},
	{"POST /desk/acts", HandleCases},
	{"GET /desk/acts/new", Cases},
	{"GET /desk/acts/{id}", Cases},
	{"POST /desk/acts/{id}/confirm", HandleCases},
	{"POST /desk/acts/{id}/withdraw", HandleCases},
	{"POST /desk/acts/{id}/agree", ApproveCases},
	{"POST /desk/acts/{id}/refuse", ApproveCases},
	{"GET /desk/acts/{id}/{was}", Cases},
	{"GET /desk/approvals", Look},
	{"POST /desk/cases/{number}/link", HandleCases},
	{"GET /desk/cases/{number}/link", Cases},
	{"POST /desk/cases/{number}/notes", HandleCases},
	{"GET /desk/cases/{number}/notes", Cases},
	{"GET /desk/notices", Look},
	{"GET /desk/orders", Look},
	{"POST /desk/orders/findings/{id}/lift", HandleCases},
	{"GET /desk/orders/findings/{id}/lift", Look},
	{"GET /desk/objections", Objections},
	{"GET /desk/objections/{number}/{seq}", Objections},
	{"POST /desk/objections/{number}/{seq}/answer", HandleCases},
	{"POST /desk/objections/{number}/{seq}/told", HandleCases},
	{"POST /desk/objections/{number}/{seq}/files", Objections},
	{"GET /desk/objections/{number}/{seq}/{was}", Objections},
	{"GET /desk/identities/{batch}/{row}", Cases},
	{"POST /desk/identities/{batch}/{row}/unmask", Unmask},
	{"POST /desk/identities/{batch}/{row}/propose", HandleCases},
	{"POST /desk/identities/{batch}/{row}/agree", ApproveCases},
	{"POST /desk/identities/{batch}/{row}/refuse", ApproveCases},
	{"POST /desk/identities/{batch}/{row}/withdraw", HandleCases},
	{"GET /desk/identities/{batch}/{row}/{was}", Cases},
	{"GET /desk/work", Work},
	{"GET /desk/work/thing", Work},
	{"POST /desk/work/thing", HandleWork},
	{"POST /desk/work/give", GiveWork},
	{"GET /desk/work/give", Work},
	{"POST /desk/work/review", HandleCases},
	{"GET /desk/work/review", Work},
	{"GET /desk/imports", Look},
	{"POST /desk/imports", HandleBatches},
	{"GET /desk/imports/{id}", Look},
	{"GET /desk/imports/{id}/rows", Look},
	{"GET /desk/imports/{id}/report", BatchReports},
	{"POST /desk/imports/{id}/release", HandleBatches},
	{"POST /desk/imports/{id}/reject", HandleBatches},
	{"GET /desk/texts", Look},
	{"GET /desk/texts/{version}", Look},
	{"POST /desk/texts/{version}/approve", ApproveTexts},
	{"POST /desk/texts/{version}/reject", WriteTexts},
	{"POST /desk/texts/{version}/take", WriteTexts},
	{"GET /desk/texts/{version}/{was}", Look},
	{"GET /desk/texts/draft", Look},
	{"POST /desk/texts/draft", WriteTexts},
	{"GET /desk/texts/edit", Look},
	{"POST /desk/texts/edit", WriteTexts},
	{"POST /desk/texts/discard", WriteTexts},
	{"GET /desk/trials", Cases},
	{"POST /desk/trials/arrests/{number}/{ordinal}", HandleTrials},
	{"GET /desk/trials/arrests/{number}/{ordinal}", Cases},
	{"POST /desk/trials/{id}/agree", HandleTrials},
	{"GET /desk/trials/{id}/agree", Cases},
	{"GET /desk/rules", Look},
	{"POST /desk/rules", ProposeRules},
	{"POST /desk/rules/again", ProposeRules},
	{"GET /desk/rules/again", Look},
	{"GET /desk/rules/{id}", Look},
	{"POST /desk/rules/{id}/agree", ApproveRules},
	{"POST /desk/rules/{id}/refuse", ProposeRules},
	{"GET /desk/rules/{id}/{was}", Look},
	{"GET /desk/switch", Look},
	{"GET /desk/switch/stop", Stop},
	{"POST /desk/switch/stop", Stop},
	{"POST /desk/switch/{id}/release", LetGoOn},
	{"GET /desk/switch/{id}/release", Look},
	{"GET /desk/money", Money},
	{"GET /desk/money/suspense", Money},
	{"GET /desk/money/payments/{id}", Money},
	{"POST /desk/money/payments/{id}/open", HandleMoney},
	{"POST /desk/money/payments/{id}/requisites", HandleMoney},
	{"GET /desk/money/payments/{id}/{was}", Money},
	{"POST /desk/money/acts", HandleMoney},
	{"GET /desk/money/acts", Money},
	{"GET /desk/money/acts/{id}", Money},
	{"POST /desk/money/acts/{id}/approve", ApproveMoney},
	{"POST /desk/money/acts/{id}/reject", ApproveMoney},
	{"GET /desk/money/acts/{id}/{was}", Money},
	{"GET /desk/money/refunds", Money},
	{"POST /desk/money/refunds/collect", HandleMoney},
	{"GET /desk/money/refunds/{was}", Money},
	{"GET /desk/money/claimants", Money},
	{"POST /desk/money/claimants/collect", HandleMoney},
	{"GET /desk/money/claimants/collect", Money},
	{"GET /desk/money/claimants/{scope}", Money},
	{"POST /desk/money/claimants/{scope}/propose", HandleMoney},
	{"POST /desk/money/claimants/{scope}/approve", ApproveMoney},
	{"POST /desk/money/claimants/{scope}/reject", ApproveMoney},
	{"GET /desk/money/claimants/{scope}/{was}", Money},
	{"GET /desk/money/files/{id}", Money},
	{"POST /desk/money/files/{id}/release", ApproveMoney},
	{"POST /desk/money/files/{id}/drop", ApproveMoney},
	{"POST /desk/money/files/{id}/take", HandleMoney},
	{"GET /desk/money/files/{id}/{was}", Money},
	{"POST /desk/money/report", HandleMoney},
	{"GET /desk/money/report", Money},
	{"GET /desk/audit", Audit},
	{"GET /desk/audit/events/{number}/{seq}", Audit},
	{"GET /desk/audit/acts", Audit},
	{"GET /desk/audit/access", Audit},
	{"GET /desk/audit/chain", Audit},
	{"POST /desk/audit/chain", Audit},
	{"POST /desk/audit/csv", Audit},
	{"GET /desk/audit/csv", Audit},
	{"GET /desk/access", Self},
	{"GET /desk/me", Self},
	{"POST /desk/me/end", Self},
	{"POST /desk/me/keys", Self},
	{"GET /desk/keys", Self},
	{"GET " + keysScript.path, Open},
	{"POST /desk/me/everywhere", Self},
	{"GET /desk/me/{was}", Self},
	{"GET /desk/people", People},
	{"POST /desk/people/end", HandlePeople},
	{"GET /desk/people/end", People},
	{"GET /desk/people/accounts", People},
	{"POST /desk/people/accounts", ProposePeople},
	{"GET /desk/people/accounts/{login}", People},
	{"POST /desk/people/accounts/{login}/rights", ProposePeople},
	{"POST /desk/people/accounts/{login}/reset", ProposePeople},
	{"POST /desk/people/accounts/{login}/close", HandlePeople},
	{"GET /desk/people/accounts/{login}/{was}", People},
	{"GET /desk/people/proposals/{id}", People},
	{"POST /desk/people/proposals/{id}/agree", ApprovePeople},
	{"POST /desk/people/proposals/{id}/refuse", ApprovePeople},
	{"GET /desk/people/proposals/{id}/{was}", People},
	{"GET /desk/sign-in", Open},
	{"POST /desk/sign-in", Open},
	{"POST /desk/sign-in/account", Open},
	{"GET /desk/sign-in/account", Open},
	{"GET /desk/sign-in/provider", Open},
	{"GET /desk/sign-in/return", Open},
	{"GET /desk/first/{link}", Open},
	{"POST /desk/first/{link}", Open},
	{"GET /desk/signed-out", Open},
	{"GET /desk/sign-out", Open},
	{"POST /desk/sign-out", Open},
	{"/desk/", Open}, // what no page has
}

// May says whether an actor has a right.
func May(a app.Actor, right Right) bool {
	i := slices.IndexFunc(Grants, func(g Grant) bool { return g.Right == right })
	return i >= 0 && a.Name != "" && a.Is(Grants[i].Who...)
}

// Fresh says whether acts by a right want it shown a short while ago who acts.
func Fresh(right Right) bool {
	i := slices.IndexFunc(Grants, func(g Grant) bool { return g.Right == right })
	return i >= 0 && Grants[i].Fresh
}

// rights maps patterns to what they need, and says what is wrong with the tables for some patterns.
func rights(patterns []string) (map[string]Right, error) {
	need := map[string]Right{}
	for _, r := range Routes {
		if _, twice := need[r.Pattern]; twice {
			return nil, fmt.Errorf("web/desk: the table of access has %s twice", r.Pattern)
		}
		if !slices.ContainsFunc(Grants, func(g Grant) bool { return g.Right == r.Right }) {
			return nil, fmt.Errorf("web/desk: nobody is granted %q, which %s needs", r.Right, r.Pattern)
		}
		if !slices.Contains(patterns, r.Pattern) {
			return nil, fmt.Errorf("web/desk: the table of access has %s, which is no route", r.Pattern)
		}
		need[r.Pattern] = r.Right
	}
	for _, p := range patterns {
		if _, ok := need[p]; !ok {
			return nil, fmt.Errorf("web/desk: the table of access has no row for %s", p)
		}
	}
	return need, nil
}
