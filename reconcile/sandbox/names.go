package sandbox

import (
	"strings"

	"golang.org/x/text/unicode/norm"
)

// givenNames and familyNames are made up from many countries, with the letters that software gets wrong. None of the
// family names occurs in the cast, so that no address does twice.
const (
	givenNames = `
Aaliyah, Adaeze, Aleksandr, Alejandra, Amélie, Anaïs, Andrés, Anh, Anouk, Arjun, Aroha, Astrid, Aylin, Babajide,
Beatriz, Björn, Bronwyn, Camila, Chidi, Chiara, Cian, Çağla, Daria, Deepika, Eitan, Emre, Eszter, Fatima, Finn,
Gabriela, Giorgos, Gwen, Hamza, Haruka, Hiroshi, Ifeoma, Ilse, Imran, Ines, Ioana, Isla, Ivana, Jakub, Jamila, Jeong,
Joaquín, Jürgen, Kaito, Karim, Kateryna, Khadija, Kwame, Laszlo, Leilani, Linh, Lotte, Łukasz, Maëlle, Malik, Marek,
Margarida, Mehmet, Mina, Mirjam, Nadia, Naledi, Niamh, Nikhil, Nils, Nomvula, Océane, Oksana, Olga, Onur, Paolo,
Petra, Quang, Rafael, Rania, Ravi, Rosalind, Ruben, Sakura, Sanjay, Santiago, Saoirse, Selin, Shirin, Siobhán, Søren,
Sunita, Tadeusz, Tamar, Thandiwe, Theodoros, Tove, Ümit, Valentina, Vikram, Wanjiru, Xavier, Ximena, Yannick, Yusuf,
Zanele, Zofia`
	familyNames = `
Abebe, Achterberg, Aguilar, Åkesson, Alvarado, Andersson, Aoki, Asante, Bakker, Banerjee, Baptiste, Barros, Becker,
Bianchi, Björnsson, Boateng, Bouchard, Brânză, Campbell, Castillo, Çelik, Chaudhary, Chen, Christodoulou, Conti,
Da Costa, Dąbrowski, De Vries, Delgado, Demir, Desai, Dlamini, Dubois, Duffy, Eriksen, Fernández, Fischer, Fitzgerald,
Fontaine, Fujimoto, Ganguly, Gonzalez, Grünwald, Gupta, Gustafsson, Hakimi, Hansen, Hasegawa, Herrera, Hoang, Hughes,
Ibrahim, Ito, Ivanov, Jansen, Jiménez, Johansson, Kaplan, Karlsson, Kaya, Khalil, Kiplagat, Kobayashi, Kowalczyk,
Krüger, Kuznetsov, Larsen, Laurent, Lefèvre, Lehtonen, Lombardi, MacLeod, Mahlangu, Malhotra, Marchetti, Mbeki,
Mendoza, Meyer, Moreau, Morrison, Murphy, Mwangi, Nakamura, Ndiaye, Ng, Nguyen, Nielsen, Novák, Nyström, O'Brien,
O'Sullivan, Odhiambo, Okonkwo, Olsen, Oyelaran, Pacheco, Park, Patel, Pérez, Pettersson, Pham, Pietrzak, Quispe,
Rahman, Ramírez, Reyes, Ricci, Rodrigues, Romero, Sá, Saito, Sánchez, Şahin, Schneider, Sharma, Singh, Sokolov, Souza,
Stein, Suzuki, Szabó, Takahashi, Tesfaye, Tkachenko, Tran, Tshabalala, Uddin, Valdez, Van Dijk, Vasquez, Vogel,
Wagner, Wójcik, Wong, Yamamoto, Yılmaz, Zhang, Zimmermann, Žukauskas`
)

// spelling is a name as people write it, and as their address does.
type spelling struct{ name, address string }

// spellings returns the spellings of a list of names.
func spellings(names string) (list []spelling) {
	for name := range strings.SplitSeq(names, ",") {
		name = strings.TrimSpace(name)
		list = append(list, spelling{name, addressOf(name)})
	}
	return list
}

// addressOf writes a name in small letters without accents, and without anything between them.
func addressOf(name string) string {
	letters := strings.NewReplacer("ł", "l", "ø", "o", "ı", "i").Replace(norm.NFD.String(strings.ToLower(name)))
	return strings.Map(func(r rune) rune {
		if r < 'a' || r > 'z' {
			return -1
		}
		return r
	}, letters)
}
