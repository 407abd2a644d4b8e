package export_test

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"
	"time"

	"resilab/labs/retry/preset"
)

// recordWaits prints the waits that a package really makes when every call fails,
// with Math.random fixed and setTimeout that does not wait.
const recordWaits = `
const [name, options, r] = JSON.parse(process.argv[2])
Math.random = () => r
const waits = []
globalThis.setTimeout = (f, ms) => { waits.push(ms); setImmediate(f) }
const retry = require(name)
const run = name === 'async-retry'
  ? retry(async () => { throw new Error('down') }, options)
  : retry(async again => again(new Error('down')), options)
run.catch(() => console.log(JSON.stringify(waits)))
`

// The presets of the JavaScript libraries against the packages themselves.
func TestThePresetsWaitAsTheRealPackages(t *testing.T) {
	dir := nodeModules(t)
	write(t, dir+"/record.js", recordWaits)
	common := `"retries":6,"minTimeout":100,"factor":2,"maxTimeout":1000`
	retries, base, longest, factor := 6, 100*time.Millisecond, time.Second, 2.0
	overrides := preset.Overrides{Retries: &retries, Base: &base, Cap: &longest, Factor: &factor}
	cases := []struct {
		preset, options string
		overrides       preset.Overrides
	}{
		{"async-retry", "{}", preset.Overrides{}},
		{"async-retry/no-randomize", `{"randomize":false}`, preset.Overrides{}},
		{"async-retry", "{" + common + "}", overrides},
		{"promise-retry", "{}", preset.Overrides{}},
		{"promise-retry/randomize", `{"randomize":true}`, preset.Overrides{}},
		{"promise-retry", "{" + common + "}", overrides},
	}
	for _, c := range cases {
		for _, r := range []float64{0, 0.37, 0.5, 0.999} {
			p, err := preset.ByName(c.preset)
			if err != nil {
				t.Fatal(err)
			}
			if p, err = p.With(c.overrides); err != nil {
				t.Fatal(err)
			}
			arguments := fmt.Sprintf(`["%s",%s,%v]`, p.Title, c.options, r)
			out, err := command(t, dir, nil, "node", "record.js", arguments)
			var real []float64
			if err != nil || json.Unmarshal([]byte(out), &real) != nil {
				t.Fatalf("%s: %v\n%s", arguments, err, out)
			}
			ours := p.Schedule(100, r)
			if *ours.Attempts != len(real)+1 || len(ours.DelaysMS) != len(real) {
				t.Fatalf("%s: %d waits, the package %d", arguments, len(ours.DelaysMS), len(real))
			}
			for i := range real {
				if math.Abs(ours.DelaysMS[i]-real[i]) > 1e-6 {
					t.Errorf("%s: wait %d is %v, the package's %v", arguments, i, ours.DelaysMS[i], real[i])
				}
			}
		}
	}
}
