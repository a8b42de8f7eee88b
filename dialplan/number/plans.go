package number

import "sync"

// Plans are the plans by country, made when they are first asked for, as that takes a
// while. It holds the countries that the configuration has named. It is safe for
// concurrent use, and the zero Plans is ready.
type Plans struct {
	mu sync.Mutex
	of map[string]Plan
}

// Of gives the plan of a country, as New does.
func (p *Plans) Of(country string) (Plan, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if plan, ok := p.of[country]; ok {
		return plan, nil
	}
	plan, err := New(country)
	if err != nil {
		return Plan{}, err
	}
	if p.of == nil {
		p.of = map[string]Plan{}
	}
	p.of[country] = plan
	return plan, nil
}
