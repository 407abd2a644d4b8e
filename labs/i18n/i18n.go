// Package i18n holds the texts for people, in Spanish and English.
//
// Texts live in files es.yaml and en.yaml beside the code that shows them.
// Nested keys are joined with dots ("retry.knob.base"). A text has places
// {0}, {1} … for its arguments, so that a translation may order them freely.
package i18n

import (
	"errors"
	"fmt"
	"io/fs"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

// Lang is a language of the catalogue.
type Lang string

// The languages of the catalogue.
const (
	Spanish Lang = "es"
	English Lang = "en"
)

// Langs lists every language.
func Langs() []Lang { return []Lang{Spanish, English} }

// ParseLang reads "es" or "en".
func ParseLang(s string) (Lang, error) {
	for _, l := range Langs() {
		if s == string(l) {
			return l, nil
		}
	}
	return "", fmt.Errorf("language %q is not one of es|en", s)
}

// Detect chooses the language from a locale such as "es_CL.UTF-8": Spanish
// for any Spanish locale, English for every other.
func Detect(locale string) Lang {
	if strings.HasPrefix(strings.ToLower(locale), "es") {
		return Spanish
	}
	return English
}

// DetectEnv chooses the language the way other programs do: LC_ALL, then
// LC_MESSAGES, then LANG.
func DetectEnv(getenv func(string) string) Lang {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := getenv(name); v != "" {
			return Detect(v)
		}
	}
	return English
}

// Catalogue is all texts of one language. It is immutable.
type Catalogue struct {
	lang  Lang
	texts map[string]string
}

// Load reads <lang>.yaml from every source. A key given twice is an error.
func Load(lang Lang, sources ...fs.FS) (*Catalogue, error) {
	c := &Catalogue{lang: lang, texts: map[string]string{}}
	for _, source := range sources {
		name := string(lang) + ".yaml"
		data, err := fs.ReadFile(source, name)
		if err != nil {
			return nil, fmt.Errorf("reading the catalogue %s: %w", name, err)
		}
		var tree map[string]any
		if err := yaml.Unmarshal(data, &tree); err != nil {
			return nil, fmt.Errorf("reading the catalogue %s: %w", name, err)
		}
		if err := c.add("", tree); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *Catalogue) add(prefix string, tree map[string]any) error {
	var errs []error
	for k, v := range tree {
		key := prefix + k
		switch v := v.(type) {
		case map[string]any:
			errs = append(errs, c.add(key+".", v))
		case string:
			if _, dup := c.texts[key]; dup {
				errs = append(errs, fmt.Errorf("catalogue %s: key %s is given twice", c.lang, key))
			}
			c.texts[key] = strings.TrimRight(v, "\n")
		default:
			errs = append(errs, fmt.Errorf("catalogue %s: key %s holds a %T, not a text (quote it)", c.lang, key, v))
		}
	}
	return errors.Join(errs...)
}

// Lang returns the catalogue's language.
func (c *Catalogue) Lang() Lang { return c.lang }

// Has reports whether the key has a text.
func (c *Catalogue) Has(key string) bool {
	_, ok := c.texts[key]
	return ok
}

// Keys returns all keys, sorted.
func (c *Catalogue) Keys() []string {
	keys := make([]string, 0, len(c.texts))
	for k := range c.texts {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// T returns the text of key with its places filled. A missing key shows
// itself, so that it is found; a test keeps the catalogue complete.
func (c *Catalogue) T(key string, args ...any) string {
	text, ok := c.texts[key]
	if !ok {
		return key
	}
	if len(args) == 0 || !strings.Contains(text, "{") {
		return text
	}
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		number, after, closed := strings.Cut(rest, "}")
		i, err := strconv.Atoi(number)
		if !closed || err != nil || i < 0 || i >= len(args) {
			b.WriteByte('{')
			text = rest
			continue
		}
		writeArg(&b, args[i])
		text = after
	}
}

func writeArg(b *strings.Builder, arg any) {
	switch v := arg.(type) {
	case string:
		b.WriteString(v)
	case int:
		b.WriteString(strconv.Itoa(v))
	case float64:
		b.WriteString(strconv.FormatFloat(v, 'f', -1, 64))
	case time.Duration:
		b.WriteString(WriteDuration(v))
	default:
		fmt.Fprint(b, v)
	}
}
