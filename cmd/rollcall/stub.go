package main

import "context"

type checkCmd struct{}
type whyCmd struct{ Object, Attribute string }
type userCmd struct{}
type exportCmd struct{}
type completionCmd struct{}
type manCmd struct{}

func (checkCmd) Run() error      { return nil }
func (whyCmd) Run() error        { return nil }
func (userCmd) Run() error       { return nil }
func (exportCmd) Run() error     { return nil }
func (completionCmd) Run() error { return nil }
func (manCmd) Run() error        { return nil }

func (*whyCmd) tell(context.Context, *app) error { return nil }
