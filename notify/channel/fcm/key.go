package fcm

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"regexp"

	"golang.org/x/oauth2/jwt"

	"robotbailiff/internal/outcall"
)

// ErrKey says that a key file cannot be used. Its text never holds anything of the file.
var ErrKey = errors.New("a key file of a service account is wanted, the JSON that the console of Google Cloud gives, with project_id, client_email, private_key and token_uri")

// scope is all that a service account needs here.
const scope = "https://www.googleapis.com/auth/firebase.messaging"

const minKeyBits = 2048

var projectForm = regexp.MustCompile(`^[a-z][a-z0-9.:-]{3,60}$`)

// account is what a key file says.
type account struct {
	Type       string `json:"type"`
	Project    string `json:"project_id"`
	KeyID      string `json:"private_key_id"`
	PrivateKey string `json:"private_key"`
	Email      string `json:"client_email"`
	TokenURI   string `json:"token_uri"`
}

func parseKey(file []byte) (a account, err error) {
	if json.Unmarshal(file, &a) != nil { // its error may hold some of the file
		return account{}, fmt.Errorf("it is no JSON: %w", ErrKey)
	}
	problem := ""
	switch {
	case a.Type != "service_account":
		problem = "it is for something else than a service account"
	case a.Email == "" || a.PrivateKey == "":
		problem = "client_email or private_key is missing"
	case !usable(a.PrivateKey):
		problem = "private_key is no RSA key of 2048 bits or more in PEM"
	case !projectForm.MatchString(a.Project):
		problem = "project_id is missing or no name of a project"
	}
	if problem != "" {
		return account{}, fmt.Errorf("%s: %w", problem, ErrKey)
	}
	if _, err := outcall.Base(a.TokenURI); err != nil {
		return account{}, fmt.Errorf("token_uri: %w: %w", err, ErrKey)
	}
	return a, nil
}

// usable says that the key can be read as the library reads it.
func usable(text string) bool {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return false
	}
	var key any
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		if key, err = x509.ParsePKCS1PrivateKey(block.Bytes); err != nil {
			return false
		}
	}
	k, ok := key.(*rsa.PrivateKey)
	return ok && k.N.BitLen() >= minKeyBits
}

func (a account) config() jwt.Config {
	return jwt.Config{Email: a.Email, PrivateKey: []byte(a.PrivateKey), PrivateKeyID: a.KeyID, Scopes: []string{scope}, TokenURL: a.TokenURI}
}
