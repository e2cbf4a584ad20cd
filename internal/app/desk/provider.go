package desk

import (
	"context"
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"robotbailiff/internal/person"
)

// Errors of a sign-in by a provider of identities.
var (
	ErrNoRole    = errors.New("desk: the provider names no role of this person that the desk knows")
	ErrOneFactor = errors.New("desk: the provider does not say that this person has shown two factors")
	ErrNoName    = errors.New("desk: the provider gives this person no name that can be kept")
)

// Claims are what a provider says of somebody; package oidc has them.
type Claims interface {
	Text(claim string) string
	Texts(claim string) []string
	Signed(claim string) []string
}

// ProviderRules say how the desk reads what a provider says. What they do not grant is not granted.
type ProviderRules struct {
	// Name is the claim by which a person is named in what he does; empty: the provider's own subject. Two people must never have the same, and
	// nobody may change his own: it is by this name, in small letters, that one person is told from two.
	Name string
	// Roles is the claim with the groups of a person, and Of what they are here.
	Roles string
	Of    map[string]Role
	// Regions is the claim with the two-digit codes of regions, or AllRegions; empty: all people see all. A person without a value sees none.
	Regions string
	// AMR and ACR are the values of those claims that show two factors: one of either has to be there. Both empty: that is not asked for.
	AMR, ACR []string
}

// AllRegions is the value by which a provider lets somebody see all regions.
const AllRegions = "all"

// maxName bounds a name that a provider gives.
const maxName = 100

// Actor reads who somebody is here. It fails with ErrOneFactor, ErrNoRole or ErrNoName.
func (r ProviderRules) Actor(subject string, c Claims) (a Actor, err error) {
	if len(r.AMR)+len(r.ACR) > 0 && !shares(c.Signed("amr"), r.AMR) && !shares(c.Signed("acr"), r.ACR) {
		return a, ErrOneFactor
	}
	name := subject
	if r.Name != "" {
		name = strings.TrimSpace(c.Text(r.Name))
	}
	if n := utf8.RuneCountInString(name); n == 0 || n > maxName || !utf8.ValidString(name) || strings.ContainsFunc(name, func(x rune) bool { return !unicode.IsPrint(x) }) {
		return a, ErrNoName
	}
	for _, group := range c.Texts(r.Roles) {
		if role, ok := r.Of[group]; ok && !slices.Contains(a.Roles, role) {
			a.Roles = append(a.Roles, role)
		}
	}
	if len(a.Roles) == 0 {
		return a, ErrNoRole
	}
	if r.Regions != "" {
		a.Regions = []string{}
		for _, code := range c.Texts(r.Regions) {
			switch {
			case code == AllRegions:
				a.Regions = nil
			case twoDigits(code) && a.Regions != nil:
				a.Regions = append(a.Regions, code)
			}
			if a.Regions == nil {
				break
			}
		}
	}
	if kept, ok := person.Name(providerPrefix + name); ok {
		a.Name = kept
		return a, nil
	}
	return Actor{}, ErrNoName
}

// providerPrefix is before the name of somebody whom a provider knows: an account of ours is never the same person.
const providerPrefix = "oidc:"

func shares(has, wants []string) bool {
	return slices.ContainsFunc(has, func(s string) bool { return slices.Contains(wants, s) })
}

func twoDigits(s string) bool {
	return len(s) == 2 && s[0] >= '0' && s[0] <= '9' && s[1] >= '0' && s[1] <= '9'
}

// SignInProvider begins a visit of somebody whom the provider has let in.
func (s *Service) SignInProvider(ctx context.Context, subject string, c Claims, v Visit) (session string, err error) {
	if s.cfg.Provider == nil {
		return "", ErrNoSignIn
	}
	a, err := s.cfg.Provider.Actor(subject, c)
	if err != nil {
		return "", err
	}
	return s.begin(ctx, a, wayProvider, v)
}
