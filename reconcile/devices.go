package reconcile

import "fmt"

// Devices is the evidence that devices give about the activity of users.
type Devices struct {
	// Read is true when registrations or devices were read completely for the
	// users asked about.
	Read bool
	// LastUserOnly is true when physical devices were read in place of registrations: a
	// device names only the person last seen on it, and says nothing of others who share
	// it, while a registration is of one person.
	LastUserOnly bool
	// Err says why neither listing could be read, for instance a permission that
	// the token lacks.
	Err error
	// RegistrationsErr says why registrations could not be read where physical
	// devices were read instead.
	RegistrationsErr error
	// LastSeen maps a user's ID to the newest moment at which they were seen on a
	// device. A user who was seen on none is not in the map.
	LastSeen map[string]Moment
	// Unreadable has the IDs of users with a registration or device whose moment
	// the API did not return or that cannot be read, beside those that can.
	Unreadable map[string]bool
	// Listed has, by the ID of a user, how many registrations in force, or devices
	// last used by them, the listing has. It is less than User.ActiveDevices where
	// there are devices that the listing does not show to be theirs.
	Listed map[string]int
	// Registered has, by the ID of a user who was asked about, on how many devices
	// they are registered; nil where registrations were not read.
	Registered map[string]int
	// Unowned is the newest moment of a registration that the API returned without
	// its user. It may be anybody's.
	Unowned Moment
}

// seen returns the newest moment at which the user was seen on a device, and
// whether there is a registration or device of which that cannot be determined.
func (d *Devices) seen(userID string) (newest Moment, unreadable bool) {
	newest = d.LastSeen[userID]
	if !newest.IsNone() && !newest.IsKnown() {
		return Moment{}, true
	}
	return newest, d.Unreadable[userID]
}

// askedAbout reports whether the listing was searched for devices of the user.
func (d *Devices) askedAbout(user *User) bool {
	_, asked := d.Listed[user.ID]
	return asked
}

// isMissing reports whether devices of the user may exist that the listing, which has
// so many, does not show.
func (d *Devices) isMissing(user *User, listed int) bool {
	return d.LastUserOnly && !user.DevicesCounted || listed < int(user.ActiveDevices)
}

// missing says why.
func (d *Devices) missing(user *User, listed int) string {
	if d.LastUserOnly && !user.DevicesCounted {
		return "the API did not return how many devices they have, so a shared one may be in use"
	}
	text := "the API counts " + Count(int(user.ActiveDevices), "registered device") + " and lists "
	if listed == 0 {
		text += "none of theirs"
	} else {
		text += fmt.Sprintf("%d of theirs", listed)
	}
	if d.LastUserOnly {
		text += ": a shared one names only its last user"
	}
	return text
}

// signedOut returns how many registered devices a release of the user signs out;
// nil when neither the user's record nor the registrations say. Where both do the
// larger one counts.
func (d *Devices) signedOut(user *User) *int {
	registered, known := d.Registered[user.ID]
	if user.DevicesCounted {
		registered, known = max(registered, int(user.ActiveDevices)), true
	}
	if !known {
		return nil
	}
	return &registered
}

// Enrolment says how many devices the releases that will be carried out sign out:
// "12 devices must enrol again"; "" for none that is known.
func (p *Plan) Enrolment() string {
	devices := 0
	for i := range p.Changes {
		if change := &p.Changes[i]; change.Devices != nil && change.WillBeDone() {
			devices += *change.Devices
		}
	}
	return enrolment(devices)
}

// Enrolment says what the release of a seat means for the devices of its holder:
// "3 devices must enrol again". It is empty for other changes, for a release that
// signs no device out, and where the number is not known.
func (c *Change) Enrolment() string {
	if c.Devices == nil {
		return ""
	}
	return enrolment(*c.Devices)
}

func enrolment(devices int) string {
	if devices == 0 {
		return ""
	}
	return Count(devices, "device") + " must enrol again"
}
