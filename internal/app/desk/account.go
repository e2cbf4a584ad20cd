package desk

import (
	"context"

	"robotbailiff/internal/app/accounts"
)

// HasAccounts says whether people sign in by accounts of this installation.
func (s *Service) HasAccounts() bool { return s.cfg.Accounts != nil }

// HasProvider says whether a provider of identities knows the people.
func (s *Service) HasProvider() bool { return s.cfg.Provider != nil }

// SignInAccount begins a visit of somebody with an account. It fails with [accounts.ErrWrong], whatever it is that was wrong.
func (s *Service) SignInAccount(ctx context.Context, login, password, code string, v Visit) (session string, err error) {
	if s.cfg.Accounts == nil {
		return "", ErrNoSignIn
	}
	account, err := s.cfg.Accounts.SignIn(ctx, login, password, code)
	if err != nil {
		return "", err
	}
	a := Actor{Name: accounts.Prefix + account.Login, Regions: account.Regions}
	for _, r := range account.Roles {
		a.Roles = append(a.Roles, Role(r))
	}
	return s.begin(ctx, a, wayAccount, v)
}

// Invited gives what the link of a first sign-in opens.
func (s *Service) Invited(ctx context.Context, link string) (accounts.Setup, error) {
	if s.cfg.Accounts == nil {
		return accounts.Setup{}, accounts.ErrNoLink
	}
	return s.cfg.Accounts.Invited(ctx, link)
}

// SetUp chooses the password of the account of a link, and gives its recovery codes.
func (s *Service) SetUp(ctx context.Context, link, password, code string) ([]string, error) {
	if s.cfg.Accounts == nil {
		return nil, accounts.ErrNoLink
	}
	return s.cfg.Accounts.SetUp(ctx, link, password, code)
}
