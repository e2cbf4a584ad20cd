package main

import (
	"os"
	"strings"
	"testing"

	appdesk "robotbailiff/internal/app/desk"
	"robotbailiff/internal/testkit"
)

func TestOperator_grantsAreSaidAndKept(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	for _, args := range [][]string{
		{"operator", "add"},
		{"operator", "add", "aigul", "--why", "x"},
		{"operator", "add", "aigul", "--role", "operator"},
		{"operator", "add", "aigul", "--role", "king", "--why", "x"},
		{"operator", "add", "Aigul!", "--role", "operator", "--why", "x"},
		{"operator", "add", "aigul", "--role", "operator", "--region", "7", "--why", "x"},
		{"operator", "off", "aigul"},
		{"operator", "roles", "aigul", "--why", "x"},
		{"operator", "list", "aigul"},
		{"operator", "give"},
		{"operator", "add", "a", "b"},
		{"operator", "off", "aigul", "--why", "x", "--as", " "},
	} {
		if status, _, errs := s.run(args...); status != exitUsage || errs == "" {
			t.Errorf("%v: %d %s", args, status, errs)
		}
	}
	if status, out, _ := s.run("operator"); status != exitDone || !strings.Contains(out, "There is no account") {
		t.Errorf("%d %s", status, out)
	}
	var r operatorReport
	s.want(exitDone, &r, "operator", "add", "aigul", "--role", "operator", "--role", "supervisor", "--region", "75", "--why", "order 12", "--as", "root")
	if len(r.Operators) != 1 || r.Operators[0].State != "new" || len(r.Operators[0].Roles) != 2 || r.Operators[0].Regions[0] != "75" || !strings.HasPrefix(r.Link, "/desk/first/") || r.Until == nil {
		t.Fatalf("%+v", r)
	}
	if status, _, errs := s.run("operator", "add", "aigul", "--role", "operator", "--why", "x"); status != exitFailed || !strings.Contains(errs, "already") {
		t.Errorf("twice: %d %s", status, errs)
	}
	if status, _, errs := s.run("operator", "off", "bolat", "--why", "x"); status != exitFailed || !strings.Contains(errs, "operator list") {
		t.Errorf("nobody: %d %s", status, errs)
	}
	r = operatorReport{}
	s.want(exitDone, &r, "operator", "regions", "aigul", "--why", "order 13")
	if r.Operators[0].Regions != nil || r.Link != "" {
		t.Errorf("%+v", r)
	}
	s.want(exitDone, &r, "operator", "roles", "aigul", "--role", "auditor", "--why", "order 14")
	first := r.Link
	if status, out, _ := s.run("operator", "reset", "aigul", "--why", "lost the telephone"); status != exitDone || !strings.Contains(out, "Give this link to aigul") || first != "" && strings.Contains(out, first) {
		t.Errorf("%d %s", status, out)
	}
	s.want(exitDone, &r, "operator", "off", "aigul", "--why", "has left")
	if r.Operators[0].State != "off" {
		t.Errorf("%+v", r)
	}
	status, out, _ := s.run("operator", "history", "aigul")
	if lines := strings.Split(strings.TrimSpace(out), "\n"); status != exitDone || len(lines) != 5 || !strings.Contains(lines[0], "add  operator,supervisor  regions 75  by root: order 12") || !strings.Contains(lines[2], "roles  auditor  all regions") {
		t.Errorf("%d %s", status, out)
	}
}

// Where two administrators can give rights at the desk, the command does not.
func TestOperator_leavesGrantsToTwo(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	for _, login := range []string{"first", "second"} {
		s.want(exitDone, &operatorReport{}, "operator", "add", login, "--role", "administrator", "--why", "order 1", "--as", "root")
	}
	s.exec(`UPDATE operators SET password = 'x'`)
	for _, args := range [][]string{
		{"operator", "add", "third", "--role", "viewer", "--why", "x"}, {"operator", "roles", "first", "--role", "administrator", "--role", "finance", "--why", "x"},
	} {
		if status, _, errs := s.run(args...); status != exitFailed || !strings.Contains(errs, "/desk/people/accounts") {
			t.Errorf("%v: %d %s", args, status, errs)
		}
	}
	s.want(exitDone, &operatorReport{}, "operator", "off", "second", "--why", "has left")
	s.want(exitDone, &operatorReport{}, "operator", "add", "third", "--role", "viewer", "--why", "x")
}

// The settings of a provider that contradict each other, or say nothing that can be meant, are refused.
func TestDeskSignIn_settings(t *testing.T) {
	for name, env := range map[string][]string{
		"no address":             {"BAILIFF_DESK_OIDC_CLIENT_ID=x"},
		"no client":              {"BAILIFF_DESK_URL=https://desk.example.kz"},
		"an address without TLS": {"BAILIFF_DESK_OIDC_CLIENT_ID=x", "BAILIFF_DESK_URL=http://desk.example.kz"},
		"a role that is none":    {"BAILIFF_DESK_OIDC_CLIENT_ID=x", "BAILIFF_DESK_URL=https://desk.example.kz", "BAILIFF_DESK_OIDC_ROLES=ops=king"},
		"one factor and two":     {"BAILIFF_DESK_OIDC_CLIENT_ID=x", "BAILIFF_DESK_URL=https://desk.example.kz", "BAILIFF_DESK_OIDC_AMR=any", "BAILIFF_DESK_OIDC_ACR=gold"},
	} {
		t.Run(name, func(t *testing.T) {
			setenv(t, append(env, "BAILIFF_DESK_OIDC_ISSUER=https://id.example.kz"))
			if _, err := deskSignIn(&parts{}, &appdesk.Config{}); err == nil {
				t.Error("the settings are taken")
			}
		})
	}
	t.Run("good", func(t *testing.T) {
		setenv(t, []string{"BAILIFF_DESK_OIDC_ISSUER=https://id.example.kz", "BAILIFF_DESK_OIDC_CLIENT_ID=x", "BAILIFF_DESK_URL=https://desk.example.kz/", "BAILIFF_DESK_OIDC_ROLES=a=operator, b=finance", "BAILIFF_DESK_OIDC_REGIONS_CLAIM=r"})
		into := appdesk.Config{}
		party, err := deskSignIn(&parts{keys: testkit.Keys(t)}, &into)
		if err != nil || party == nil || into.Accounts != nil || into.Provider.Of["b"] != appdesk.Finance || len(into.Provider.Of) != 2 || into.Provider.AMR[0] != "mfa" {
			t.Errorf("%v, %+v", err, into.Provider)
		}
	})
}

// setenv sets some settings, and no others of the sign-in.
func setenv(t *testing.T, pairs []string) {
	t.Helper()
	for _, p := range os.Environ() {
		if name, _, _ := strings.Cut(p, "="); strings.HasPrefix(name, "BAILIFF_DESK_") {
			t.Setenv(name, "")
		}
	}
	for _, p := range pairs {
		name, value, _ := strings.Cut(p, "=")
		t.Setenv(name, value)
	}
}
