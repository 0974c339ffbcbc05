package helm

import (
	"encoding/base64"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"text/template"
	"time"

	"github.com/Masterminds/sprig/v3"
)

// chance stands for everything that differs from one rendering to the next: random numbers, the clock, the order of a
// Go map. Two renderings with one seed are equal, also in two processes; two with different seeds differ wherever
// Argo CD's renderings would.
type chance struct {
	seed   uint64
	random *rand.Rand
	// used tells that a template called for it, noted hears of each time.
	used  bool
	noted func()
}

func (c *chance) use() {
	c.used = true
	if c.noted != nil {
		c.noted()
	}
}

func newChance(seed uint64) *chance {
	return &chance{seed: seed, random: rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))}
}

// firstNow is what the clock shows in the first rendering. The second one is a day, an hour, a minute and a second
// later, in the same month, so that a year or a month does not count as a difference.
var firstNow = time.Date(2026, time.June, 15, 10, 20, 30, 400, time.UTC)

func (c *chance) now() time.Time {
	c.use()
	return firstNow.Add(time.Duration(c.seed) * (25*time.Hour + time.Minute + time.Second + 7))
}

// Read fills a buffer with random bytes.
func (c *chance) Read(data []byte) (int, error) {
	c.use()
	for i := range data {
		data[i] = byte(c.random.Uint32())
	}
	return len(data), nil
}

func (c *chance) letters(count int, alphabet string) string {
	c.use()
	made := make([]byte, max(count, 0))
	for i := range made {
		made[i] = alphabet[c.random.IntN(len(alphabet))]
	}
	return string(made)
}

const (
	lower  = "abcdefghijklmnopqrstuvwxyz"
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits = "0123456789"
	// base64Letters are those of bcrypt's alphabet.
	base64Letters = "./" + upper + lower + digits
)

// ascii are the printable letters, those of randAscii.
var ascii = func() string {
	var letters strings.Builder
	for letter := byte(32); letter < 127; letter++ {
		letters.WriteByte(letter)
	}
	return letters.String()
}()

// chance returns sprig's functions that give something else each time.
func (s *set) chance() template.FuncMap {
	now := func() *chance { return s.run.random }
	letters := func(alphabet string) func(int) string {
		return func(count int) string {
			s.run.charge(count)
			return now().letters(count, alphabet)
		}
	}
	original := sprig.TxtFuncMap()
	dateInZone := original["dateInZone"].(func(string, any, string) string)
	inZone := func(format string, date any, zone string) string {
		switch date.(type) {
		case time.Time, *time.Time, int64, int, int32:
		default:
			date = now().now() // sprig takes the clock for anything else
		}
		return dateInZone(format, date, zone)
	}
	made := template.FuncMap{
		"randAlphaNum": letters(lower + upper + digits),
		"randAlpha":    letters(lower + upper),
		"randNumeric":  letters(digits),
		"randAscii":    letters(ascii),
		"randBytes": func(count int) (string, error) {
			s.run.charge(2 * count)
			data := make([]byte, max(count, 0))
			_, err := now().Read(data)
			return base64.StdEncoding.EncodeToString(data), err
		},
		"randInt": func(from, to int) int {
			now().use()
			if to <= from {
				panic("invalid argument to Intn")
			}
			return from + now().random.IntN(to-from)
		},
		"shuffle": func(text string) string {
			now().use()
			runes := []rune(text)
			now().random.Shuffle(len(runes), func(i, j int) { runes[i], runes[j] = runes[j], runes[i] })
			return string(runes)
		},
		"uuidv4": func() string {
			var id [16]byte
			_, _ = now().Read(id[:])
			id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
			return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
		},
		"now":            func() time.Time { return now().now() },
		"date":           func(format string, date any) string { return inZone(format, date, "Local") },
		"dateInZone":     inZone,
		"date_in_zone":   inZone,
		"htmlDate":       func(date any) string { return inZone("2006-01-02", date, "Local") },
		"htmlDateInZone": func(date any, zone string) string { return inZone("2006-01-02", date, zone) },
		"ago":            func(date any) string { return now().ago(date) },
		"durationRound": func(duration any) string {
			if since, ok := duration.(time.Time); ok {
				duration = int64(now().now().Sub(since))
			}
			return original["durationRound"].(func(any) string)(duration)
		},
		"bcrypt": func(text string) string { return now().bcrypt(text) },
		"htpasswd": func(user, password string) string {
			if strings.Contains(user, ":") {
				return "invalid username: " + user
			}
			return user + ":" + now().bcrypt(password)
		},
		"encryptAES": func(password, text string) (string, error) { return now().encrypt(password, text) },
		// sprig takes the keys of a map in the order that Go gives them, which is another one each time.
		"keys": func(maps ...map[string]any) []string {
			names := []string{}
			for _, one := range maps {
				names = append(names, now().order(one)...)
			}
			return names
		},
		"values": func(one map[string]any) []any {
			items := []any{}
			for _, name := range now().order(one) {
				items = append(items, one[name])
			}
			return items
		},
	}
	maps.Copy(made, s.certificates())
	return made
}

// order returns the names of a map forwards, and backwards where the seed is another one.
func (c *chance) order(of map[string]any) []string {
	names := slices.Sorted(maps.Keys(of))
	if len(names) > 1 {
		c.use()
		if c.seed%2 == 1 {
			slices.Reverse(names)
		}
	}
	return names
}

func (c *chance) ago(date any) string {
	since := c.now()
	switch date := date.(type) {
	case time.Time:
		since = date
	case int64:
		since = time.Unix(date, 0)
	case int:
		since = time.Unix(int64(date), 0)
	}
	return c.now().Sub(since).Round(time.Second).String()
}

// bcrypt returns a text of the form of a bcrypt hash: the real one takes 60 ms, has another salt each time, and
// nobody can tell what was hashed.
func (c *chance) bcrypt(text string) string {
	if len(text) > 72 {
		return "failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes"
	}
	return "$2a$10$" + c.letters(53, base64Letters)
}
