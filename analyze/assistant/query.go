package assistant

import "casefile/analyze/answer"

// onlyCapture says which capture is asked about.
type onlyCapture struct {
	Capture string `json:"capture,omitempty" jsonschema:"id or name of the capture, as captures lists it; default: the newest"`
}

func (o onlyCapture) capture() (string, bool) { return o.Capture, true }

// Arguments of the tools.
type (
	listQuery struct {
		Offset int `json:"offset,omitempty" jsonschema:"how many to skip"`
	}
	findingsQuery struct {
		onlyCapture
		answer.FindingsQuery
	}
	findingQuery struct {
		onlyCapture
		Finding string `json:"finding" jsonschema:"number of the finding, or its id"`
	}
	threadsQuery struct {
		onlyCapture
		answer.ThreadsQuery
	}
	gcQuery struct {
		onlyCapture
		answer.GCQuery
	}
	profileQuery struct {
		onlyCapture
		answer.ProfileQuery
	}
	seriesQuery struct {
		onlyCapture
		answer.SeriesQuery
	}
	excerptQuery struct {
		onlyCapture
		Entry string `json:"entry" jsonschema:"the entry, as facts name it"`
		Lines string `json:"lines,omitempty" jsonschema:"such as 12 or 120-164; default: the first"`
	}
	checklistQuery struct {
		onlyCapture
		answer.ChecklistQuery
	}
	compareQuery struct {
		Before string `json:"before" jsonschema:"id or name of the earlier capture"`
		After  string `json:"after" jsonschema:"id or name of the later capture"`
	}
)

func (listQuery) capture() (string, bool)    { return "", false }
func (compareQuery) capture() (string, bool) { return "", false }
