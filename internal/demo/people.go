package demo

import "strings"

// city is one place of the company, with the names that are common there.
type city struct {
	name, code, language string
	first, last          []string
}

// The numbers of first and last names of each city have no common divisor, so
// that stepping through both pairs every two names once before any comes back.
const (
	firstNames = 20
	lastNames  = 21
)

var cities = []city{
	{
		name: "Berlin", code: "+49 30 901820", language: "de",
		first: words("Anna Björn Carla Dörte Emil Frieda Günther Hannah Ingo Jürgen Katharina Lukas Marlene Niklas Özlem Paul Rosa Sören Theresa Uwe"),
		last:  words("Müller Schäfer Weiß Köhler Böhm Vogel Krüger Jäger Großmann Lüders Hahn Öztürk Brandt Pfeiffer Roth Scholz Thiele Ullrich Zimmermann Kaiser Frank"),
	},
	{
		name: "Paris", code: "+33 1 709182", language: "fr",
		first: words("Amélie Benoît Chloé Damien Éloïse François Gaëlle Hervé Inès Jérôme Karine Léo Maëlys Noémie Océane Pascal Renée Sébastien Thérèse Yves"),
		last:  words("Lefèvre Bérard Crépin Dubois Étienne Fournier Gérard Hébert Imbert Joly Lemaître Mériaux Noël Pélissier Quéré Rousseau Sénéchal Tissot Vallée Weber Marchand"),
	},
	{
		name: "Kraków", code: "+48 12 34567", language: "pl",
		first: words("Agnieszka Bartłomiej Celina Dawid Elżbieta Filip Grażyna Hubert Iga Jarosław Kinga Łukasz Małgorzata Norbert Oliwia Paweł Róża Stanisław Tadeusz Zofia"),
		last:  words("Wójcik Kowalczyk Zieliński Szymański Woźniak Dąbrowski Jabłoński Król Wróbel Pająk Sikora Gołąb Żak Nowicki Łukasik Górski Ćwik Malec Borek Duda Rybak"),
	},
	{
		name: "Dublin", code: "+353 1 55501", language: "en",
		first: words("Aoife Brendan Caoimhe Declan Éabha Fionn Gráinne Hugh Isolde Jack Kieran Liam Máire Niamh Oisín Pádraig Róisín Seán Tara Una"),
		last:  words("O'Brien Murphy Byrne Doyle Gallagher Kelly O'Sullivan Ryan Walsh McCarthy Nolan Quinn Brennan Daly Fitzgerald Hayes Keane Lynch Power Tobin Whelan"),
	},
	{
		name: "København", code: "+45 338901", language: "da",
		first: words("Astrid Bjørn Camilla Dagmar Emil Freja Gunnar Håkon Ida Jørgen Karen Lærke Mads Nanna Ole Pernille Rasmus Søren Trine Ulrik"),
		last:  words("Nielsen Jørgensen Sørensen Rasmussen Møller Christensen Østergaard Kjær Dahl Bæk Holm Lund Skov Winther Thygesen Friis Aagaard Brøndum Hald Krogh Vestergård"),
	},
}

// department is one part of the company. Every department's first person leads
// it; every eighth after that leads a team.
type department struct {
	name, code string
	share      int // people in each city
	head, lead string
	titles     []string
}

var departments = []department{
	{name: "Engineering", code: "ENG", share: 12, head: "Chief Technology Officer", lead: "Engineering Manager",
		titles: []string{"Software Engineer", "Senior Software Engineer", "Test Engineer", "Site Reliability Engineer"}},
	{name: "Customer Support", code: "SUP", share: 8, head: "Head of Customer Support", lead: "Support Team Lead",
		titles: []string{"Support Agent", "Senior Support Agent", "Support Engineer"}},
	{name: "IT Operations", code: "OPS", share: 5, head: "Head of IT Operations", lead: "Operations Lead",
		titles: []string{"System Administrator", "Network Administrator", "Database Administrator"}},
	{name: "Sales", code: "SAL", share: 6, head: "Head of Sales", lead: "Regional Sales Manager",
		titles: []string{"Account Manager", "Sales Engineer"}},
	{name: "Product", code: "PRD", share: 4, head: "Chief Product Officer", lead: "Product Lead",
		titles: []string{"Product Manager", "Designer"}},
	{name: "Finance", code: "FIN", share: 3, head: "Chief Financial Officer", lead: "Controller",
		titles: []string{"Accountant", "Treasurer"}},
	{name: "People", code: "PPL", share: 2, head: "Head of People", lead: "People Partner",
		titles: []string{"Recruiter", "Trainer"}},
}

func words(text string) []string { return strings.Fields(text) }

// plain spells a name in ASCII, as logins and addresses do.
func plain(name string) string { return asciiLetters.Replace(strings.ToLower(name)) }

var asciiLetters = strings.NewReplacer(
	"ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss", "å", "aa", "æ", "ae", "ø", "oe",
	"à", "a", "á", "a", "â", "a", "ą", "a", "ç", "c", "ć", "c", "è", "e", "é", "e", "ê", "e", "ë", "e", "ę", "e",
	"í", "i", "î", "i", "ï", "i", "ł", "l", "ń", "n", "ñ", "n", "ó", "o", "ô", "o", "ś", "s", "ú", "u", "û", "u",
	"ź", "z", "ż", "z", "'", "", " ", "", "-", "",
)
