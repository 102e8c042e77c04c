package config

// Load reads a configuration file, with the secrets that it names.
func Load(path string) (*Config, error) { return nil, nil }

// Parse reads a configuration from its text. Path is where the text comes from:
// relative paths start at its folder. Lookup gives the environment.
func Parse(path string, src []byte, lookup func(string) (string, bool)) (*Config, error) {
	return nil, nil
}

// Source returns the source with a name, nil when there is none.
func (c *Config) Source(name string) *Source { return nil }

// Explain puts an error at a line of the configuration, with that line shown.
// AttributeRule.Line is such a line.
func (c *Config) Explain(line int, err error) error { return err }

// StoreName is Store without a password.
func (c *Config) StoreName() string { return c.Store }
