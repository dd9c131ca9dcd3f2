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
	// Of has, by the ID of each user who was asked about, what devices show of them.
	Of map[string]*DeviceSigns
	// Unowned is the newest moment of a registration that the API returned without
	// its user. It may be anybody's.
	Unowned Moment
}

// DeviceSigns are what devices show of one user. The zero value is of someone who was seen on none.
type DeviceSigns struct {
	// LastSeen is the newest moment at which the user was seen on a device.
	LastSeen Moment
	// IsUnreadable is true where there is a registration or device whose moment the API
	// did not return or that cannot be read, beside those that can.
	IsUnreadable bool
	// Listed is how many registrations in force, or devices last used by the user, the
	// listing has. It is less than User.ActiveDevices where there are devices that the
	// listing does not show to be theirs.
	Listed int
	// Registered is on how many devices the user is registered. It says nothing where
	// registrations were not read.
	Registered int
}

// signs returns what devices show of a user: nothing of who was not asked about.
func (d *Devices) signs(userID string) (signs DeviceSigns) {
	if asked := d.Of[userID]; asked != nil {
		signs = *asked
	}
	return signs
}

// askedAbout reports whether the listing was searched for devices of the user.
func (d *Devices) askedAbout(user *User) bool { return d.Of[user.ID] != nil }

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
	registered, known := d.signs(user.ID).Registered, d.askedAbout(user) && !d.LastUserOnly
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
