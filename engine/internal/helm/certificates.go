package helm

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"strings"
	"text/template"
	"time"
)

// certificate is what sprig's functions return; templates read its two fields.
type certificate struct {
	Cert string
	Key  string
}

// certificates returns sprig's functions that make keys and certificates. They make real certificates with Ed25519
// keys, whatever kind is asked for: an RSA key takes up to a second and is another one at each rendering anyway, so
// only that it differs counts (see chance).
func (s *set) certificates() template.FuncMap {
	by := func() *chance { return s.run.random }
	withKey := func(text string) (crypto.PrivateKey, error) {
		key, err := privateKey(text)
		if err != nil {
			return nil, fmt.Errorf("parsing private key: %w", err)
		}
		return key, nil
	}
	self := func(cn string, ips, names []any, days int, authority bool, key crypto.PrivateKey) (certificate, error) {
		made, err := by().template(cn, ips, names, days)
		if err != nil {
			return certificate{}, err
		}
		if authority {
			made.KeyUsage |= x509.KeyUsageCertSign
			made.IsCA = true
		}
		return by().sign(made, key, made, key)
	}
	signed := func(cn string, ips, names []any, days int, ca certificate, key crypto.PrivateKey) (certificate, error) {
		block, _ := pem.Decode([]byte(ca.Cert))
		if block == nil {
			return certificate{}, errors.New("unable to decode certificate")
		}
		issuer, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return certificate{}, fmt.Errorf("error parsing certificate: decodedCert.Bytes: %w", err)
		}
		issuerKey, err := privateKey(ca.Key)
		if err != nil {
			return certificate{}, fmt.Errorf("error parsing private key: %w", err)
		}
		made, err := by().template(cn, ips, names, days)
		if err != nil {
			return certificate{}, err
		}
		return by().sign(made, key, issuer, issuerKey)
	}
	return template.FuncMap{
		"genPrivateKey": func(kind string) string {
			switch kind {
			case "", "rsa", "dsa", "ecdsa", "ed25519":
				return encoded(by().key())
			}
			return "Unknown type " + kind
		},
		"genCA": func(cn string, days int) (certificate, error) {
			return self(cn, nil, nil, days, true, by().key())
		},
		"genCAWithKey": func(cn string, days int, text string) (certificate, error) {
			key, err := withKey(text)
			if err != nil {
				return certificate{}, err
			}
			return self(cn, nil, nil, days, true, key)
		},
		"genSelfSignedCert": func(cn string, ips, names []any, days int) (certificate, error) {
			return self(cn, ips, names, days, false, by().key())
		},
		"genSelfSignedCertWithKey": func(cn string, ips, names []any, days int, text string) (certificate, error) {
			key, err := withKey(text)
			if err != nil {
				return certificate{}, err
			}
			return self(cn, ips, names, days, false, key)
		},
		"genSignedCert": func(cn string, ips, names []any, days int, ca certificate) (certificate, error) {
			return signed(cn, ips, names, days, ca, by().key())
		},
		"genSignedCertWithKey": func(
			cn string, ips, names []any, days int, ca certificate, text string,
		) (certificate, error) {
			key, err := withKey(text)
			if err != nil {
				return certificate{}, err
			}
			return signed(cn, ips, names, days, ca, key)
		},
		"buildCustomCert": customCertificate,
	}
}

func (c *chance) key() crypto.PrivateKey {
	seed := make([]byte, ed25519.SeedSize)
	_, _ = c.Read(seed)
	return ed25519.NewKeyFromSeed(seed)
}

func (c *chance) template(cn string, ips, names []any, days int) (*x509.Certificate, error) {
	addresses := []net.IP{}
	for _, ip := range ips {
		text, ok := ip.(string)
		if !ok {
			return nil, fmt.Errorf("error parsing ip: %v is not a string", ip)
		}
		address := net.ParseIP(text)
		if address == nil {
			return nil, fmt.Errorf("error parsing ip: %s", text)
		}
		addresses = append(addresses, address)
	}
	hosts := []string{}
	for _, name := range names {
		text, ok := name.(string)
		if !ok {
			return nil, fmt.Errorf("error processing alternate dns name: %v is not a string", name)
		}
		hosts = append(hosts, text)
	}
	serial := make([]byte, 15)
	_, _ = c.Read(serial)
	return &x509.Certificate{
		SerialNumber:          new(big.Int).SetBytes(serial),
		Subject:               pkix.Name{CommonName: cn},
		IPAddresses:           addresses,
		DNSNames:              hosts,
		NotBefore:             c.now(),
		NotAfter:              c.now().Add(24 * time.Hour * time.Duration(days)),
		KeyUsage:              x509.KeyUsageKeyEncipherment | x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
	}, nil
}

// steady signs without chance, so that equal renderings are equal.
type steady struct{ crypto.Signer }

func (s steady) Sign(_ io.Reader, digest []byte, options crypto.SignerOpts) ([]byte, error) {
	return s.Signer.Sign(nil, digest, options)
}

func (c *chance) sign(
	made *x509.Certificate, key crypto.PrivateKey, issuer *x509.Certificate, issuerKey crypto.PrivateKey,
) (certificate, error) {
	holder, ok := key.(crypto.Signer)
	signer, ok2 := issuerKey.(crypto.Signer)
	if !ok || !ok2 {
		return certificate{}, errors.New("error creating certificate: unsupported kind of key")
	}
	data, err := x509.CreateCertificate(c, made, issuer, holder.Public(), steady{signer})
	if err != nil {
		return certificate{}, fmt.Errorf("error creating certificate: %w", err)
	}
	var text bytes.Buffer
	if err := pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: data}); err != nil {
		return certificate{}, err
	}
	return certificate{text.String(), encoded(key)}, nil
}

func encoded(key crypto.PrivateKey) string {
	block := &pem.Block{Type: "PRIVATE KEY"}
	var err error
	switch key := key.(type) {
	case *rsa.PrivateKey:
		block = &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}
	case *ecdsa.PrivateKey:
		block.Type = "EC PRIVATE KEY"
		block.Bytes, err = x509.MarshalECPrivateKey(key)
	default:
		block.Bytes, err = x509.MarshalPKCS8PrivateKey(key)
	}
	if err != nil {
		return ""
	}
	return string(pem.EncodeToMemory(block))
}

func privateKey(text string) (crypto.PrivateKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("no PEM data in input")
	}
	switch {
	case block.Type == "PRIVATE KEY":
		key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("decoding PEM as PKCS#8: %w", err)
		}
		return key, nil
	case !strings.HasSuffix(block.Type, " PRIVATE KEY"):
		return nil, fmt.Errorf("no private key data in PEM block of type %s", block.Type)
	case block.Type == "RSA PRIVATE KEY":
		key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("parsing RSA private key from PEM: %w", err)
		}
		return key, nil
	case block.Type == "EC PRIVATE KEY":
		key, err := x509.ParseECPrivateKey(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("parsing EC private key from PEM: %w", err)
		}
		return key, nil
	}
	return nil, fmt.Errorf("invalid private key type %s", strings.TrimSuffix(block.Type, " PRIVATE KEY"))
}

func customCertificate(cert64, key64 string) (certificate, error) {
	cert, err := base64.StdEncoding.DecodeString(cert64)
	if err != nil {
		return certificate{}, errors.New("unable to decode base64 certificate")
	}
	key, err := base64.StdEncoding.DecodeString(key64)
	if err != nil {
		return certificate{}, errors.New("unable to decode base64 private key")
	}
	block, _ := pem.Decode(cert)
	if block == nil {
		return certificate{}, errors.New("unable to decode certificate")
	}
	if _, err := x509.ParseCertificate(block.Bytes); err != nil {
		return certificate{}, fmt.Errorf("error parsing certificate: decodedCert.Bytes: %w", err)
	}
	if _, err := privateKey(string(key)); err != nil {
		return certificate{}, fmt.Errorf("error parsing private key: %w", err)
	}
	return certificate{string(cert), string(key)}, nil
}

// encrypt is AES in CBC mode with a random first block, as sprig does it.
func (c *chance) encrypt(password, text string) (string, error) {
	if text == "" {
		return "", nil
	}
	key := make([]byte, 32)
	copy(key, password)
	block, err := aes.NewCipher(key)
	if err != nil {
		return "", err
	}
	padding := aes.BlockSize - len(text)%aes.BlockSize
	content := append([]byte(text), bytes.Repeat([]byte{byte(padding)}, padding)...)
	sealed := make([]byte, aes.BlockSize+len(content))
	_, _ = c.Read(sealed[:aes.BlockSize])
	cipher.NewCBCEncrypter(block, sealed[:aes.BlockSize]).CryptBlocks(sealed[aes.BlockSize:], content)
	return base64.StdEncoding.EncodeToString(sealed), nil
}
