package gclog

type j9State struct{}

func (p *parser) j9Line(line []byte) class { return foreign }
