package profile

// Summary is one line of the "profiles" array of `casefile analyze --output json`.
type Summary struct {
	// Source is the bundle entry or file.
	Source string `json:"source"`
	Type   Kind   `json:"type"`
	// Samples is how many events were counted; Total is their sum in Unit.
	Samples   int64   `json:"samples"`
	Unit      string  `json:"unit"`
	Total     int64   `json:"total"`
	DurationS float64 `json:"duration_s,omitempty"`
	Top       []Row   `json:"top"`
}

// Summary sums up the main value of the profile with its n largest functions.
func (p *Profile) Summary(source string, n int) Summary { return p.Main().Summary(source, n) }

// Summary sums up the view with its n largest functions.
func (v View) Summary(source string, n int) Summary {
	top := v.Top(n)
	if top == nil {
		top = []Row{}
	}
	return Summary{Source: source, Type: v.Kind, Samples: v.Samples(), Unit: v.Unit, Total: v.Total(),
		DurationS: v.profile.Duration.Seconds(), Top: top}
}
