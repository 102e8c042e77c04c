package api

import "context"

type whyIn struct {
	Object    string `query:"object" required:"true" max:"1000" doc:"Class::id, a name, a login, an address, or an entry's DN or key."`
	Attribute string `query:"attribute" max:"100" doc:"Only this attribute."`
}

func (c *call) why(ctx context.Context, in *whyIn) (*Explanation, error) {
	return c.Desk.Explain(ctx, in.Object, in.Attribute)
}
