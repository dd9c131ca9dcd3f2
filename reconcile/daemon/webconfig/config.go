// Package webconfig reads the file that says how endpoints are served: with TLS, to which users, with which headers. It
// is the file of prometheus/exporter-toolkit, with all of its keys:
// https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md
//
// That library asks for a password at every path, so that probes would need one, and brings in Prometheus's client and
// much else. The package must never serve a path without a password unless it was named. Read on in serve.go.
package webconfig

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/bcrypt"
	"gopkg.in/yaml.v3"
)

// config is the file.
type config struct {
	TLS  tlsConfig `yaml:"tls_server_config"`
	HTTP struct {
		HTTP2   *bool             `yaml:"http2"` // nil is true
		Headers map[string]string `yaml:"headers"`
	} `yaml:"http_server_config"`
	RateLimit struct {
		Burst    int           `yaml:"burst"`
		Interval time.Duration `yaml:"interval"` // of one request more; 0 is no limit
	} `yaml:"rate_limit"`
	// Users are names and the bcrypt hashes of their passwords.
	Users map[string]string `yaml:"basic_auth_users"`
}

// tlsConfig is how connections are secured; all of it empty is not at all.
type tlsConfig struct {
	Cert              string   `yaml:"cert"`
	Key               string   `yaml:"key"`
	CertFile          string   `yaml:"cert_file"`
	KeyFile           string   `yaml:"key_file"`
	ClientAuth        string   `yaml:"client_auth_type"`
	ClientCA          string   `yaml:"client_ca"`
	ClientCAFile      string   `yaml:"client_ca_file"`
	ClientAllowedSANs []string `yaml:"client_allowed_sans"`
	CipherSuites      []string `yaml:"cipher_suites"`
	Curves            []string `yaml:"curve_preferences"`
	MinVersion        string   `yaml:"min_version"`
	MaxVersion        string   `yaml:"max_version"`
	PreferServer      bool     `yaml:"prefer_server_cipher_suites"` // without effect since Go 1.17
}

// Validate reads a file and returns what is wrong with it, missing certificates included.
func Validate(path string) error {
	c, err := read(path)
	if err != nil || !c.TLS.isEnabled() {
		return err
	}
	_, err = c.TLS.build()
	return err
}

// read reads the file and checks everything that needs no other file.
func read(path string) (*config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	c := new(config)
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(c); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	for user, hash := range c.Users {
		if _, err := bcrypt.Cost([]byte(hash)); err != nil {
			return nil, fmt.Errorf("basic_auth_users: the password of %q is not a bcrypt hash", user)
		}
	}
	for name, value := range c.HTTP.Headers {
		if err := checkHeader(name, value); err != nil {
			return nil, err
		}
	}
	for _, file := range []*string{&c.TLS.CertFile, &c.TLS.KeyFile, &c.TLS.ClientCAFile} {
		if *file != "" && !filepath.IsAbs(*file) {
			*file = filepath.Join(filepath.Dir(path), *file)
		}
	}
	return c, nil
}

// checkHeader allows the headers that make a browser more careful, and no other.
func checkHeader(name, value string) error {
	allowed, known := map[string][]string{
		"Strict-Transport-Security": nil, "X-Xss-Protection": nil, "Content-Security-Policy": nil,
		"X-Content-Type-Options": {"nosniff"}, "X-Frame-Options": {"deny", "sameorigin"},
	}[http.CanonicalHeaderKey(name)]
	if !known {
		return fmt.Errorf("headers: %q cannot be configured", name)
	}
	if allowed != nil && !slices.Contains(allowed, value) {
		return fmt.Errorf("headers: %s is one of %s, not %q", name, strings.Join(allowed, ", "), value)
	}
	return nil
}

func (c *tlsConfig) isEnabled() bool {
	return c.Cert+c.Key+c.CertFile+c.KeyFile+c.ClientAuth+c.ClientCA+c.ClientCAFile != ""
}

// build returns what the standard library serves with.
func (c *tlsConfig) build() (*tls.Config, error) {
	certificate, err := fileOr(c.CertFile, c.Cert)
	if err != nil || certificate == nil {
		return nil, errors.Join(errors.New("tls_server_config: cert_file or cert cannot be read"), err)
	}
	key, err := fileOr(c.KeyFile, c.Key)
	if err != nil || key == nil {
		return nil, errors.Join(errors.New("tls_server_config: key_file or key cannot be read"), err)
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return nil, fmt.Errorf("tls_server_config: %w", err)
	}
	built := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	if err := c.versions(built); err != nil {
		return nil, err
	}
	if err := c.algorithms(built); err != nil {
		return nil, err
	}
	return built, c.clients(built)
}

// fileOr returns the content of a file, or the text where no file is named.
func fileOr(path, text string) ([]byte, error) {
	if path != "" {
		return os.ReadFile(path)
	}
	if text == "" {
		return nil, nil
	}
	return []byte(text), nil
}

func (c *tlsConfig) versions(built *tls.Config) error {
	known := map[string]uint16{"TLS10": tls.VersionTLS10, "TLS11": tls.VersionTLS11, "TLS12": tls.VersionTLS12, "TLS13": tls.VersionTLS13}
	for name, set := range map[string]*uint16{c.MinVersion: &built.MinVersion, c.MaxVersion: &built.MaxVersion} {
		version, ok := known[name]
		if name != "" && !ok {
			return fmt.Errorf("tls_server_config: there is no TLS version %q: write TLS12 or TLS13", name)
		}
		if ok {
			*set = version
		}
	}
	return nil
}

func (c *tlsConfig) algorithms(built *tls.Config) error {
	suites := make(map[string]uint16)
	for _, suite := range tls.CipherSuites() {
		suites[suite.Name] = suite.ID
	}
	for _, name := range c.CipherSuites {
		id, known := suites[name]
		if !known {
			return fmt.Errorf("tls_server_config: there is no secure cipher suite %q", name)
		}
		built.CipherSuites = append(built.CipherSuites, id)
	}
	curves := map[string]tls.CurveID{
		"CurveP256": tls.CurveP256, "CurveP384": tls.CurveP384, "CurveP521": tls.CurveP521, "X25519": tls.X25519, "X25519MLKEM768": tls.X25519MLKEM768,
	}
	for _, name := range c.Curves {
		id, known := curves[name]
		if !known {
			return fmt.Errorf("tls_server_config: there is no curve %q", name)
		}
		built.CurvePreferences = append(built.CurvePreferences, id)
	}
	return nil
}

// clients says which certificates a client needs.
func (c *tlsConfig) clients(built *tls.Config) error {
	kind, known := map[string]tls.ClientAuthType{
		"": tls.NoClientCert, "NoClientCert": tls.NoClientCert, "RequestClientCert": tls.RequestClientCert,
		"RequireAnyClientCert": tls.RequireAnyClientCert, "RequireClientCert": tls.RequireAnyClientCert,
		"VerifyClientCertIfGiven": tls.VerifyClientCertIfGiven, "RequireAndVerifyClientCert": tls.RequireAndVerifyClientCert,
	}[c.ClientAuth]
	if !known {
		return fmt.Errorf("tls_server_config: there is no client_auth_type %q", c.ClientAuth)
	}
	built.ClientAuth = kind
	authorities, err := fileOr(c.ClientCAFile, c.ClientCA)
	if err != nil {
		return fmt.Errorf("tls_server_config: client_ca_file: %w", err)
	}
	if authorities != nil {
		if kind == tls.NoClientCert {
			return errors.New("tls_server_config: client_ca_file needs a client_auth_type")
		}
		built.ClientCAs = x509.NewCertPool()
		if !built.ClientCAs.AppendCertsFromPEM(authorities) {
			return errors.New("tls_server_config: client_ca_file holds no certificates")
		}
	}
	if c.ClientAllowedSANs != nil {
		built.VerifyConnection = c.verifyNames // VerifyPeerCertificate is not called for a resumed session
	}
	return nil
}

// verifyNames accepts a client whose certificate has one of the names. It runs after the certificate was verified, if
// the kind of authentication asks for that.
func (c *tlsConfig) verifyNames(state tls.ConnectionState) error {
	if len(state.PeerCertificates) == 0 {
		return errors.New("the client sent no certificate")
	}
	leaf := state.PeerCertificates[0]
	names := slices.Concat(leaf.DNSNames, leaf.EmailAddresses)
	for _, address := range leaf.IPAddresses {
		names = append(names, address.String())
	}
	for _, uri := range leaf.URIs {
		names = append(names, uri.String())
	}
	if slices.ContainsFunc(names, func(name string) bool { return slices.Contains(c.ClientAllowedSANs, name) }) {
		return nil
	}
	return errors.New("the client's certificate has none of client_allowed_sans")
}
