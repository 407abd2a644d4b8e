package i18n

import (
	"io/fs"
	"testing"
	"testing/fstest"
	"time"
)

func source(es, en string) fstest.MapFS {
	return fstest.MapFS{"es.yaml": {Data: []byte(es)}, "en.yaml": {Data: []byte(en)}}
}

func TestTFillsPlaces(t *testing.T) {
	c, err := Load(Spanish, source("a:\n  b: \"{1} antes de {0}\"\n  brace: \"{x} {9} {\"\n", ""))
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		key  string
		args []any
		want string
	}{
		{"a.b", []any{"uno", 2}, "2 antes de uno"},
		{"a.b", []any{1500 * time.Millisecond, 0.25}, "0.25 antes de 1.5 s"},
		{"a.b", nil, "{1} antes de {0}"},
		{"a.brace", []any{1}, "{x} {9} {"},
		{"a.missing", []any{1}, "a.missing"},
	} {
		if got := c.T(tc.key, tc.args...); got != tc.want {
			t.Errorf("T(%q, %v) = %q, want %q", tc.key, tc.args, got, tc.want)
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	for name, sources := range map[string][]fstest.MapFS{
		"a key twice":        {source("k: \"1\"", ""), source("k: \"2\"", "")},
		"a number":           {source("k: 1", "")},
		"no file":            {{}},
		"what is not a tree": {source("- a", "")},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Load(Spanish, asFS(sources)...)
			if err == nil {
				t.Fatal("no error")
			}
		})
	}
}

func TestDetect(t *testing.T) {
	for locale, want := range map[string]Lang{
		"es_CL.UTF-8": Spanish, "es": Spanish, "ES_mx": Spanish, "en_GB.UTF-8": English, "C": English, "": English, "de_DE": English,
	} {
		if got := Detect(locale); got != want {
			t.Errorf("Detect(%q) = %s, want %s", locale, got, want)
		}
	}
	env := map[string]string{"LANG": "en_US", "LC_ALL": "es_ES"}
	if got := DetectEnv(func(k string) string { return env[k] }); got != Spanish {
		t.Errorf("LC_ALL must win over LANG, got %s", got)
	}
}

func asFS(sources []fstest.MapFS) (out []fs.FS) {
	for _, s := range sources {
		out = append(out, s)
	}
	return out
}
