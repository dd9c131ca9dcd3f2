package sandbox

// cast returns the first people of the main account: the same for every seed, and dated relative to the clock. The
// demo, the example desired-state.yaml and many tests tell their story with them, so change none of them lightly.
//
// The stories assume the policy of the example: inactive after 90 days, never logged in after 30, notice 7 days before.
// Days are days ago; login is the last login to Access, seen when each of their devices was last seen.
func cast() []person {
	people := []person{{
		// Inactive for 112 days. Her identifiers are those in Cloudflare's documentation, whose examples
		// therefore run unchanged; the small account has her too.
		email: "jdoe@example.com", name: "Jane Doe", access: yes, gateway: no,
		id: janeDoe, seatUID: janeDoe, created: 512.4, login: daysAgo(112.3),
	}}
	people = append(people, castOfEngineering()...)
	people = append(people, castOfSales()...)
	people = append(people, castBeyondTheTeams()...)
	fixed := random(castSeed)
	for i := range people {
		people[i].complete(&fixed)
	}
	return people
}

// castOfEngineering is the team engineering.
func castOfEngineering() []person {
	return []person{
		{
			// Active every day; leads the team.
			email: "ada@example.com", name: "Ada Lovelace", access: yes, gateway: yes,
			created: 903.1, login: daysAgo(0.9), seen: []float64{0.3, 4.6},
		},
		{
			// Active, but needs no Gateway any more: the file narrows his seat.
			email: "linus.berg@example.com", name: "Linus Berg", access: yes, gateway: yes,
			created: 640.7, login: daysAgo(3.2), seen: []float64{4.1},
		},
		{
			// Took a new name when she married: the file says Mei Tanaka, the live record still Mei Sato.
			email: "mei.tanaka@example.com", name: "Mei Sato", access: yes, gateway: no,
			created: 388.2, login: daysAgo(2.2),
		},
		{
			// On parental leave, exempt in the file: inactive for 139 days otherwise.
			email: "priya.raman@example.com", name: "Priya Raman", access: yes, gateway: yes,
			created: 721.9, login: daysAgo(141.4), seen: []float64{139.6},
		},
		{
			// Leaves the company: active, and the file says both flags false.
			email: "tomasz.nowak@example.com", name: "Tomasz Nowak", access: yes, gateway: yes,
			created: 455.3, login: daysAgo(6.1), seen: []float64{6.3},
		},
		{
			// A contractor whose contract has ended (until: in the file), active to the last.
			email: "seun.adeyemi@partner.example.net", name: "Seun Adeyemi", access: yes, gateway: no,
			created: 201.5, login: daysAgo(9.4),
		},
		{
			// A field technician who only uses WARP: no login ever, but a device seen two days ago.
			email: "noor.haddad@example.com", name: "Noor Haddad", access: no, gateway: yes,
			created: 310.8, login: never(loginNull), seen: []float64{1.6},
		},
		{
			// Falls due in five days.
			email: "diego.alvarez@example.com", name: "Diego Álvarez", access: yes, gateway: no,
			created: 298.6, login: daysAgo(84.9),
		},
		{
			// A new starter, ten days on the books, not logged in yet: too early to say.
			email: "freja.lindqvist@example.com", name: "Freja Lindqvist", access: yes, gateway: no,
			created: 10.2, login: never(loginNull),
		},
		{
			// 45 days on the books and never logged in.
			email: "kenji.watanabe@example.com", name: "Kenji Watanabe", access: yes, gateway: no,
			created: 45.3, login: never(loginMissing),
		},
		{
			// Active.
			email: "amara.diallo@example.com", name: "Amara Diallo", access: yes, gateway: yes,
			created: 530.0, login: daysAgo(1.4), seen: []float64{0.5},
		},
		{
			// The last login is 97 days old and the laptop was last seen 190 days ago, but they used a shared machine,
			// whose record names somebody else, three days ago: not inactive.
			email: "viktor.horvath@example.com", name: "Viktor Horváth", access: yes, gateway: yes,
			created: 615.4, login: daysAgo(97.2), seen: []float64{2.8, 190.3}, shared: true,
		},
	}
}

// castOfSales is the team sales.
func castOfSales() []person {
	return []person{
		{
			// Active; leads the team.
			email: "sofia.rossi@example.com", name: "Sofia Rossi", access: yes, gateway: no,
			created: 870.2, login: daysAgo(2.0),
		},
		{
			// Active.
			email: "james.okafor@example.com", name: "James Okafor", access: yes, gateway: yes,
			created: 412.6, login: daysAgo(12.3), seen: []float64{11.2},
		},
		{
			// On parental leave, exempt in the file: inactive for 118 days otherwise.
			email: "hannah.schmidt@example.com", name: "Hannah Schmidt", access: yes, gateway: no,
			created: 699.5, login: daysAgo(118.7),
		},
		{
			// Has no name in the live record; the file names him.
			email: "lucas.silva@example.com", name: "", access: yes, gateway: no,
			created: 150.1, login: daysAgo(5.5),
		},
		{
			// The date of the last login makes no sense: activity unknown, which is not inactive.
			email: "yuki.mori@example.com", name: "Yuki Mori", access: yes, gateway: no,
			created: 330.4, login: never(loginUnparsable),
		},
		{
			// Logged in 20 days ago, in the odd format that occurs.
			email: "leila.hosseini@example.com", name: "Leila Hosseini", access: yes, gateway: no,
			created: 502.8, login: oddFormat(20.4),
		},
		{
			// Inactive for 101 days, but gateway_seat is missing: unknown, which is not false.
			email: "mateo.garcia@example.com", name: "Mateo García", access: yes, gateway: flagMissing,
			created: 477.7, login: daysAgo(101.6),
		},
		{
			// New, has never held a seat (seat_uid is ""), and the file wants Access for him.
			email: "dmitri.volkov@example.com", name: "Dmitri Volkov", access: no, gateway: no,
			seat: seatEmpty, created: 4.2, login: never(loginMissing),
		},
		{
			// Shares an address with the next but for the case of letters: ambiguous without an id.
			email: "sam.taylor@example.com", name: "Sam Taylor", access: yes, gateway: no,
			created: 365.9, login: daysAgo(8.8),
		},
		{
			email: "Sam.Taylor@example.com", name: "Samira Taylor", access: yes, gateway: no,
			created: 120.3, login: daysAgo(99.1),
		},
		{
			// Inactive for 104 days with a flag set, but no seat is on record: seat_uid is null.
			email: "chloe.martin@example.com", name: "Chloé Martin", access: yes, gateway: no,
			seat: seatNull, created: 444.4, login: daysAgo(104.5),
		},
		{
			// Only used WARP, and no device is on record any more: counts as never logged in, for 230 days.
			email: "ingrid.solberg@example.com", name: "Ingrid Solberg", access: no, gateway: yes,
			created: 230.6, login: never(loginMissing),
		},
	}
}

// castBeyondTheTeams is the rest of the cast: people of neither team.
func castBeyondTheTeams() []person {
	return []person{
		{
			// Inactive for 120 days, and protected by address.
			email: "ceo@example.com", name: "Margaret Osei", access: yes, gateway: yes,
			created: 1400.2, login: daysAgo(131.3), seen: []float64{120.4},
		},
		{
			// Inactive for 240 days, and protected by a pattern.
			email: "anna.keller@board.example.com", name: "Anna Keller", access: yes, gateway: no,
			created: 1100.7, login: daysAgo(240.8),
		},
		{
			// Active, and protected by a pattern.
			email: "rajiv.mehta@board.example.com", name: "Rajiv Mehta", access: yes, gateway: no,
			created: 980.3, login: daysAgo(33.1),
		},
		{
			// A partner whom no file lists, inactive for 203 days.
			email: "elena.popescu@partner.example.net", name: "Elena Popescu", access: yes, gateway: no,
			created: 560.5, login: daysAgo(203.2),
		},
		{
			// Lost the seat long ago; the seat is still on record.
			email: "omar.farouk@partner.example.net", name: "Omar Farouk", access: no, gateway: no,
			created: 790.1, login: daysAgo(310.6),
		},
		{
			// Quiet for 71 days: neither due nor due soon.
			email: "grace.kim@example.com", name: "Grace Kim", access: yes, gateway: no,
			created: 610.9, login: daysAgo(71.3),
		},
		{
			// Falls due in two days, by login and by device.
			email: "zoe.oneill@example.com", name: "Zoë O'Neill", access: yes, gateway: yes,
			created: 350.2, login: daysAgo(87.6), seen: []float64{88.2},
		},
	}
}

// janeDoe is both the user and the seat of the examples in Cloudflare's documentation.
const janeDoe = "f174e90a-fafe-4643-bbbc-4a0ed4fc8415"

// castSeed makes the identifiers of the cast, whatever Options.Seed is.
const castSeed = 20200701
