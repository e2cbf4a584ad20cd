package desk_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"robotbailiff/internal/app/desk"
)

// said is what a provider says of somebody; what begins with a plus sign stands in the signed token.
type said map[string][]string

func (s said) Texts(claim string) []string { return append(slices.Clone(s["+"+claim]), s[claim]...) }

func (s said) Text(claim string) string {
	if all := s.Texts(claim); len(all) > 0 {
		return all[0]
	}
	return ""
}

func (s said) Signed(claim string) []string { return s["+"+claim] }

func TestProviderRules_grantOnlyWhatTheySay(t *testing.T) {
	t.Parallel()
	rules := desk.ProviderRules{
		Roles: "groups", Of: map[string]desk.Role{"ops": desk.Operator, "heads": desk.Supervisor, "too": desk.Operator}, Regions: "regions", AMR: []string{"mfa"}, ACR: []string{"gold"},
	}
	named := rules
	named.Name = "badge"
	free := rules
	free.AMR, free.ACR, free.Regions = nil, nil, ""
	for name, c := range map[string]struct {
		rules desk.ProviderRules
		says  said
		want  string // name, roles and regions
		err   error
	}{
		"all":                             {rules, said{"+amr": {"pwd", "mfa"}, "groups": {"ops", "heads", "others", "too"}, "regions": {"all"}}, "oidc:7 operator,supervisor *", nil},
		"some regions":                    {rules, said{"+acr": {"gold"}, "groups": {"ops"}, "regions": {"75", "7", "xx", "71", "075"}}, "oidc:7 operator 75,71", nil},
		"no region":                       {rules, said{"+acr": {"gold"}, "groups": {"ops"}}, "oidc:7 operator ", nil},
		"all beside some":                 {rules, said{"+acr": {"gold"}, "groups": {"ops"}, "regions": {"75", "all", "71"}}, "oidc:7 operator *", nil},
		"one factor":                      {rules, said{"+amr": {"pwd"}, "+acr": {"1"}, "groups": {"ops"}}, "", desk.ErrOneFactor},
		"two factors that are not signed": {rules, said{"amr": {"mfa"}, "acr": {"gold"}, "groups": {"ops"}}, "", desk.ErrOneFactor},
		"no group":                        {rules, said{"+amr": {"mfa"}}, "", desk.ErrNoRole},
		"a group like a role of ours":     {rules, said{"+amr": {"mfa"}, "groups": {"administrator"}}, "", desk.ErrNoRole},
		"a name":                          {named, said{"+amr": {"mfa"}, "groups": {"ops"}, "badge": {" A-12 "}, "regions": {"all"}}, "oidc:a-12 operator *", nil},
		"no name":                         {named, said{"+amr": {"mfa"}, "groups": {"ops"}}, "", desk.ErrNoName},
		"a name in two lines":             {named, said{"+amr": {"mfa"}, "groups": {"ops"}, "badge": {"a\nb"}}, "", desk.ErrNoName},
		"a name without end":              {named, said{"+amr": {"mfa"}, "groups": {"ops"}, "badge": {strings.Repeat("a", 101)}}, "", desk.ErrNoName},
		"nothing is asked for":            {free, said{"groups": {"ops"}}, "oidc:7 operator *", nil},
	} {
		a, err := c.rules.Actor("7", c.says)
		if !errors.Is(err, c.err) {
			t.Errorf("%s: %v, want %v", name, err, c.err)
			continue
		}
		if err != nil {
			if a.Name != "" {
				t.Errorf("%s: refused, and yet %+v", name, a)
			}
			continue
		}
		var roles []string
		for _, r := range a.Roles {
			roles = append(roles, string(r))
		}
		regions := strings.Join(a.Regions, ",")
		if a.Whole() {
			regions = "*"
		}
		if got := a.Name + " " + strings.Join(roles, ",") + " " + regions; got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
