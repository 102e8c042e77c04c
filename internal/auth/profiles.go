package auth

// Groups of classes that profiles speak of. Classes of modules that a model does
// not have are named all the same.
var (
	groupGeneral       = []string{"Organization", "Location", "Contact"}
	groupDocumentation = []string{"Document"}
	groupConfiguration = []string{
		"FunctionalCI", "Software", "Licence", "Patch", "Subnet", "VLAN", "NetworkInterface", "IPInterface",
		"FiberChannelInterface", "LogicalVolume", "Group", "Typology", "OSLicence",
	}
	groupHelpdesk = []string{"UserRequest", "Incident", "WorkOrder"}
	groupProblem  = []string{"Problem", "KnownError", "FAQ", "FAQCategory"}
	groupChange   = []string{"Change"}
	groupService  = []string{
		"Service", "ServiceSubcategory", "ServiceFamily", "Contract", "SLA", "SLT", "DeliveryModel", "CoverageWindow",
	}
)

// backOffice are the profiles that can look at the whole business model.
var backOffice = []string{
	ProfilePortal, "Configuration Manager", "Service Desk Agent", "Support Agent", "Problem Manager",
	"Change Implementor", "Change Supervisor", "Change Approver", "Service Manager", "Document author",
}

// builtinGrants are the rights of the profiles that ship. Administrator is not
// among them: it asks for none. Nor are Portal power user and REST Services
// User, which give no right on any class, nor is any class of accounts or of
// synchronization, which no profile that ships may even read (iTop 3.2.0).
func builtinGrants() []Grant {
	write := []Action{Write, BulkWrite}
	manage := []Action{Write, BulkWrite, Delete, BulkDelete}
	every := []string{AllStimuli}
	grants := make([]Grant, 0, len(backOffice)+12)
	for _, profile := range backOffice {
		grants = append(grants, Grant{Profile: profile, Classes: []string{AllBusiness}, Actions: []Action{Read, BulkRead}})
	}
	return append(grants,
		Grant{Profile: "Configuration Manager", Classes: groupGeneral, Actions: manage},
		Grant{Profile: "Configuration Manager", Classes: groupDocumentation, Actions: manage},
		Grant{Profile: "Configuration Manager", Classes: groupConfiguration, Actions: manage},
		Grant{Profile: "Service Desk Agent", Classes: groupHelpdesk, Actions: write, Stimuli: every},
		Grant{Profile: "Support Agent", Classes: groupHelpdesk, Actions: write, Stimuli: every},
		Grant{Profile: "Problem Manager", Classes: groupProblem, Actions: manage, Stimuli: every},
		Grant{Profile: "Change Implementor", Classes: groupChange, Actions: write, Stimuli: every},
		Grant{Profile: "Change Supervisor", Classes: groupChange, Actions: write, Stimuli: every},
		Grant{Profile: "Change Approver", Classes: groupChange, Actions: write, Stimuli: every},
		Grant{Profile: "Service Manager", Classes: groupService, Actions: manage},
		Grant{Profile: "Document author", Classes: groupDocumentation, Actions: manage},
	)
}
