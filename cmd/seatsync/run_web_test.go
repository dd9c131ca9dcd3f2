package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seatsync/seatsync/reconcile/sandbox"
)

// userOfTheWeb is somebody with "a password", as bcrypt writes it.
const userOfTheWeb = "basic_auth_users:\n  oncall: $2a$04$h1f8LoJO2vzd/Q9CTL9ePOhaMdFViAMkT6Czvjf7NtdZ.o526uIaK\n"

// certificate writes a certificate for this machine and its key.
func certificate(t *testing.T, directory string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true,
		BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	writeFile(t, filepath.Join(directory, "cert.pem"), string(certificate))
	writeFile(t, filepath.Join(directory, "key.pem"), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(certificate)
	return pool
}

func TestTheEndpointsWithTLSAndUsers(t *testing.T) {
	t.Parallel()
	_, env := accountForRuns(t, sandbox.Options{Users: 20})
	directory := t.TempDir()
	pool := certificate(t, directory)
	writeFile(t, filepath.Join(directory, "web.yaml"), "tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n"+userOfTheWeb)
	writeFile(t, filepath.Join(directory, "desired-state.yaml"), fmt.Sprintf(fileForRuns, "@daily", "dry-run", "Ada Lovelace"))
	p := startDaemon(t, directory, env, "run", "--listen", "127.0.0.1:0", "--web-config", "web.yaml")
	address := p.until(`msg=serving address=(\S+)`)[1]
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, DisableKeepAlives: true}
	for password, want := range map[string]int{"a password": 200, "another": 401, "": 401} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+address+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		if password != "" {
			request.SetBasicAuth("oncall", password)
		}
		response, err := transport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("with password %q: %s", password, response.Status)
		}
	}
	if code := p.end(os.Interrupt); code != 0 {
		t.Errorf("exit code %d", code)
	}

	writeFile(t, filepath.Join(directory, "web.yaml"), "tls: yes\n")
	p = startDaemon(t, directory, env, "run", "--listen", "127.0.0.1:0", "--web-config", "web.yaml")
	p.until(`error: --web-config web.yaml: `)
}

func TestPagesAreServedForOurHostsAlone(t *testing.T) {
	t.Parallel()
	_, env := accountForRuns(t, sandbox.Options{Users: 20})
	directory := t.TempDir()
	writeFile(t, filepath.Join(directory, "desired-state.yaml"), fmt.Sprintf(fileForRuns, "@daily", "dry-run", "Ada Lovelace"))
	p := startDaemon(t, directory, env, "run", "--listen", "127.0.0.1:0", "--external-url", "https://seats.example.com/cloudflare")
	address := p.until(`msg=serving address=(\S+)`)[1]
	for host, want := range map[string]int{
		address: 200, "localhost": 200, "seats.example.com": 200, "rebound.example": http.StatusMisdirectedRequest,
	} {
		for path, want := range map[string]int{"/": want, "/api/v1/runs": want, "/healthz": 200, "/metrics": 200} {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Host = host
			response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(request)
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
			if response.StatusCode != want {
				t.Errorf("%s for host %s: %s", path, host, response.Status)
			}
		}
	}
	if _, page := fetch(t, "http://"+address+"/"); !strings.Contains(page, `href="/cloudflare/metrics"`) {
		t.Error("links do not have the path of --external-url")
	}
	if code := p.end(os.Interrupt); code != 0 {
		t.Errorf("exit code %d", code)
	}
	for _, wrong := range []string{"seats.example.com", "ftp://seats.example.com", "https://", "https://ada:secret@seats.example.com", "https://seats.example.com/?q"} {
		p = startDaemon(t, directory, env, "run", "--listen", "off", "--external-url", wrong)
		p.until(`error: --external-url .*: write the address of the pages`)
	}
}
