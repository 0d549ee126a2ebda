package gclog

type legacyState struct{}

func (s *legacyState) close(p *parser)   {}
func (s *legacyState) collector() string { return "" }

func (p *parser) legacyLine(line []byte) class { return other }
