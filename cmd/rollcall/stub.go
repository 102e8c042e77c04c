package main

type demoCmd struct{}
type initCmd struct{}
type checkCmd struct{}
type whyCmd struct{}
type userCmd struct{}
type exportCmd struct{}
type completionCmd struct{}
type manCmd struct{}

func (demoCmd) Run() error       { return nil }
func (initCmd) Run() error       { return nil }
func (checkCmd) Run() error      { return nil }
func (whyCmd) Run() error        { return nil }
func (userCmd) Run() error       { return nil }
func (exportCmd) Run() error     { return nil }
func (completionCmd) Run() error { return nil }
func (manCmd) Run() error        { return nil }
