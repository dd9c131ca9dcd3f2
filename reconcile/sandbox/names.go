package sandbox

// spelling is a name as people write it, and as their address does.
type spelling struct{ name, address string }

// givenNames and familyNames are made up from many countries, with the letters that software gets wrong. None of the
// family names occurs in the cast, so that no address does twice.
func givenNames() []spelling {
	return []spelling{
		{"Aaliyah", "aaliyah"}, {"Adaeze", "adaeze"}, {"Aleksandr", "aleksandr"}, {"Alejandra", "alejandra"},
		{"Amélie", "amelie"}, {"Anaïs", "anais"}, {"Andrés", "andres"}, {"Anh", "anh"}, {"Anouk", "anouk"},
		{"Arjun", "arjun"}, {"Aroha", "aroha"}, {"Astrid", "astrid"}, {"Aylin", "aylin"}, {"Babajide", "babajide"},
		{"Beatriz", "beatriz"}, {"Björn", "bjorn"}, {"Bronwyn", "bronwyn"}, {"Camila", "camila"}, {"Chidi", "chidi"},
		{"Chiara", "chiara"}, {"Cian", "cian"}, {"Çağla", "cagla"}, {"Daria", "daria"}, {"Deepika", "deepika"},
		{"Eitan", "eitan"}, {"Emre", "emre"}, {"Eszter", "eszter"}, {"Fatima", "fatima"}, {"Finn", "finn"},
		{"Gabriela", "gabriela"}, {"Giorgos", "giorgos"}, {"Gwen", "gwen"}, {"Hamza", "hamza"}, {"Haruka", "haruka"},
		{"Hiroshi", "hiroshi"}, {"Ifeoma", "ifeoma"}, {"Ilse", "ilse"}, {"Imran", "imran"}, {"Ines", "ines"},
		{"Ioana", "ioana"}, {"Isla", "isla"}, {"Ivana", "ivana"}, {"Jakub", "jakub"}, {"Jamila", "jamila"},
		{"Jeong", "jeong"}, {"Joaquín", "joaquin"}, {"Jürgen", "jurgen"}, {"Kaito", "kaito"}, {"Karim", "karim"},
		{"Kateryna", "kateryna"}, {"Khadija", "khadija"}, {"Kwame", "kwame"}, {"Laszlo", "laszlo"},
		{"Leilani", "leilani"}, {"Linh", "linh"}, {"Lotte", "lotte"}, {"Łukasz", "lukasz"}, {"Maëlle", "maelle"},
		{"Malik", "malik"}, {"Marek", "marek"}, {"Margarida", "margarida"}, {"Mehmet", "mehmet"}, {"Mina", "mina"},
		{"Mirjam", "mirjam"}, {"Nadia", "nadia"}, {"Naledi", "naledi"}, {"Niamh", "niamh"}, {"Nikhil", "nikhil"},
		{"Nils", "nils"}, {"Nomvula", "nomvula"}, {"Océane", "oceane"}, {"Oksana", "oksana"}, {"Olga", "olga"},
		{"Onur", "onur"}, {"Paolo", "paolo"}, {"Petra", "petra"}, {"Quang", "quang"}, {"Rafael", "rafael"},
		{"Rania", "rania"}, {"Ravi", "ravi"}, {"Rosalind", "rosalind"}, {"Ruben", "ruben"}, {"Sakura", "sakura"},
		{"Sanjay", "sanjay"}, {"Santiago", "santiago"}, {"Saoirse", "saoirse"}, {"Selin", "selin"},
		{"Shirin", "shirin"}, {"Siobhán", "siobhan"}, {"Søren", "soren"}, {"Sunita", "sunita"},
		{"Tadeusz", "tadeusz"}, {"Tamar", "tamar"}, {"Thandiwe", "thandiwe"}, {"Theodoros", "theodoros"},
		{"Tove", "tove"}, {"Ümit", "umit"}, {"Valentina", "valentina"}, {"Vikram", "vikram"}, {"Wanjiru", "wanjiru"},
		{"Xavier", "xavier"}, {"Ximena", "ximena"}, {"Yannick", "yannick"}, {"Yusuf", "yusuf"}, {"Zanele", "zanele"},
		{"Zofia", "zofia"},
	}
}

func familyNames() []spelling {
	return []spelling{
		{"Abebe", "abebe"}, {"Achterberg", "achterberg"}, {"Aguilar", "aguilar"}, {"Åkesson", "akesson"},
		{"Alvarado", "alvarado"}, {"Andersson", "andersson"}, {"Aoki", "aoki"}, {"Asante", "asante"},
		{"Bakker", "bakker"}, {"Banerjee", "banerjee"}, {"Baptiste", "baptiste"}, {"Barros", "barros"},
		{"Becker", "becker"}, {"Bianchi", "bianchi"}, {"Björnsson", "bjornsson"}, {"Boateng", "boateng"},
		{"Bouchard", "bouchard"}, {"Brânză", "branza"}, {"Campbell", "campbell"}, {"Castillo", "castillo"},
		{"Çelik", "celik"}, {"Chaudhary", "chaudhary"}, {"Chen", "chen"}, {"Christodoulou", "christodoulou"},
		{"Conti", "conti"}, {"Da Costa", "dacosta"}, {"Dąbrowski", "dabrowski"}, {"De Vries", "devries"},
		{"Delgado", "delgado"}, {"Demir", "demir"}, {"Desai", "desai"}, {"Dlamini", "dlamini"}, {"Dubois", "dubois"},
		{"Duffy", "duffy"}, {"Eriksen", "eriksen"}, {"Fernández", "fernandez"}, {"Fischer", "fischer"},
		{"Fitzgerald", "fitzgerald"}, {"Fontaine", "fontaine"}, {"Fujimoto", "fujimoto"}, {"Ganguly", "ganguly"},
		{"Gonzalez", "gonzalez"}, {"Grünwald", "grunwald"}, {"Gupta", "gupta"}, {"Gustafsson", "gustafsson"},
		{"Hakimi", "hakimi"}, {"Hansen", "hansen"}, {"Hasegawa", "hasegawa"}, {"Herrera", "herrera"},
		{"Hoang", "hoang"}, {"Hughes", "hughes"}, {"Ibrahim", "ibrahim"}, {"Ito", "ito"}, {"Ivanov", "ivanov"},
		{"Jansen", "jansen"}, {"Jiménez", "jimenez"}, {"Johansson", "johansson"}, {"Kaplan", "kaplan"},
		{"Karlsson", "karlsson"}, {"Kaya", "kaya"}, {"Khalil", "khalil"}, {"Kiplagat", "kiplagat"},
		{"Kobayashi", "kobayashi"}, {"Kowalczyk", "kowalczyk"}, {"Krüger", "kruger"}, {"Kuznetsov", "kuznetsov"},
		{"Larsen", "larsen"}, {"Laurent", "laurent"}, {"Lefèvre", "lefevre"}, {"Lehtonen", "lehtonen"},
		{"Lombardi", "lombardi"}, {"MacLeod", "macleod"}, {"Mahlangu", "mahlangu"}, {"Malhotra", "malhotra"},
		{"Marchetti", "marchetti"}, {"Mbeki", "mbeki"}, {"Mendoza", "mendoza"}, {"Meyer", "meyer"},
		{"Moreau", "moreau"}, {"Morrison", "morrison"}, {"Murphy", "murphy"}, {"Mwangi", "mwangi"},
		{"Nakamura", "nakamura"}, {"Ndiaye", "ndiaye"}, {"Ng", "ng"}, {"Nguyen", "nguyen"}, {"Nielsen", "nielsen"},
		{"Novák", "novak"}, {"Nyström", "nystrom"}, {"O'Brien", "obrien"}, {"O'Sullivan", "osullivan"},
		{"Odhiambo", "odhiambo"}, {"Okonkwo", "okonkwo"}, {"Olsen", "olsen"}, {"Oyelaran", "oyelaran"},
		{"Pacheco", "pacheco"}, {"Park", "park"}, {"Patel", "patel"}, {"Pérez", "perez"},
		{"Pettersson", "pettersson"}, {"Pham", "pham"}, {"Pietrzak", "pietrzak"}, {"Quispe", "quispe"},
		{"Rahman", "rahman"}, {"Ramírez", "ramirez"}, {"Reyes", "reyes"}, {"Ricci", "ricci"},
		{"Rodrigues", "rodrigues"}, {"Romero", "romero"}, {"Sá", "sa"}, {"Saito", "saito"}, {"Sánchez", "sanchez"},
		{"Şahin", "sahin"}, {"Schneider", "schneider"}, {"Sharma", "sharma"}, {"Singh", "singh"},
		{"Sokolov", "sokolov"}, {"Souza", "souza"}, {"Stein", "stein"}, {"Suzuki", "suzuki"}, {"Szabó", "szabo"},
		{"Takahashi", "takahashi"}, {"Tesfaye", "tesfaye"}, {"Tkachenko", "tkachenko"}, {"Tran", "tran"},
		{"Tshabalala", "tshabalala"}, {"Uddin", "uddin"}, {"Valdez", "valdez"}, {"Van Dijk", "vandijk"},
		{"Vasquez", "vasquez"}, {"Vogel", "vogel"}, {"Wagner", "wagner"}, {"Wójcik", "wojcik"}, {"Wong", "wong"},
		{"Yamamoto", "yamamoto"}, {"Yılmaz", "yilmaz"}, {"Zhang", "zhang"}, {"Zimmermann", "zimmermann"},
		{"Žukauskas", "zukauskas"},
	}
}
